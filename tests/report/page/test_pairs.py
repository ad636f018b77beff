"""Pairs of axes on the scoreboard's page: what breaks us only together stands out."""

from dataclasses import replace

import pytest

from stillwatch.report import scoreboard_page
from stillwatch.report.page.pairs import broken_together
from stillwatch.types import OURS, BenchAxis, Estimate, Scoreboard, Standing


def standing(recall: float, *places: tuple[str, str]) -> Standing:
    """Ours at a point, at one seed."""
    axes, points = (tuple(place[i] for place in places) for i in range(2))
    return Standing(OURS, axes, points, 1, (), {"account_recall_fraction": Estimate(recall, recall, recall, 1)}, {})


def board(*standings: Standing) -> Scoreboard:
    axes = (BenchAxis("dilution", "", ("0 %", "95 %")), BenchAxis("timing", "", ("scheduler", "human")))
    broken = tuple(s for s in standings if s.breaks)
    return Scoreboard("0", "bench", 1.0, 1, axes, standings, broken, (), {})


ALONE = (standing(0.9, ("dilution", "95 %")), standing(0.8, ("timing", "human")))
BOTH = standing(0.125, ("dilution", "95 %"), ("timing", "human"))


def test_a_pair_that_breaks_where_neither_axis_does_is_named_and_marked() -> None:
    """Its cell has a star, the diagonal shows the axes alone."""
    made = board(*ALONE, BOTH)
    assert broken_together(made) == (BOTH,)
    page = scoreboard_page(made)
    assert "0.12*" in page
    assert ">0.90<" in page
    assert ">0.80<" in page


@pytest.mark.parametrize("alone", [ALONE[:1], (ALONE[0], standing(0.4, ("timing", "human")))])
def test_a_pair_is_no_surprise_when_an_axis_alone_breaks_or_was_not_judged(alone: tuple[Standing, ...]) -> None:
    made = board(*alone, BOTH)
    assert broken_together(made) == ()
    assert "0.12*" not in scoreboard_page(made)


def test_without_pairs_there_is_no_map() -> None:
    assert "<h2>Pairs</h2>" not in scoreboard_page(board(*ALONE))
    assert broken_together(board(replace(BOTH, points=("0 %", "human")))) == ()
