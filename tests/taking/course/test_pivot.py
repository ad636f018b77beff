"""A move to a new model that outruns customers is found; a benchmark on release day and slow uptake are not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stillwatch.settings import Release
from stillwatch.taking.course.pivot import judge_pivot, looks

RELEASE = Release("atlas-2", datetime(2026, 1, 13, 8, tzinfo=UTC))
END = int(RELEASE.at.timestamp()) + 2 * 3_600
SEED = 11


def _traffic(campaign: tuple[int, int, int], others: int = 999, *, seed: int = SEED) -> pa.Table:
    """One campaign (before, after, new) among customers of whom one in fifty has tried the new model."""
    pick = np.random.default_rng(seed)
    before, after = pick.integers(20, 200, others), pick.integers(0, 6, others)
    new = np.where(pick.random(others) < 0.02, np.minimum(after, 1), 0)
    rows = [
        ("campaign", True, *campaign),
        *((f"a:{n}", False, *row) for n, row in enumerate(zip(before, after, new, strict=True))),
    ]
    names = ("customer", "accused", "before", "after_2", "new_2")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    table = {name: pa.array([v if isinstance(v, str | bool) else int(v) for v in col]) for name, col in columns.items()}
    return pa.table({**table, "new_before": [0] * len(rows), "release": [0] * len(rows)})


def _bits(campaign: tuple[int, int, int], **changed: int) -> float:
    found = judge_pivot(_traffic(campaign, **changed), (RELEASE,), END, "campaign")
    assert found is not None
    return found[0]


def test_a_campaign_that_moves_in_two_hours_outruns_every_customer() -> None:
    found = judge_pivot(_traffic((9_000, 400, 60)), (RELEASE,), END, "campaign")
    assert found is not None
    bits, words = found
    assert bits > 4.3
    assert "60 of 400 (15 %) exchanges had moved" in words
    assert "; 0 of 999 of them moved as much" in words


def test_a_campaign_that_moves_as_customers_do_does_not_stand_out() -> None:
    assert _bits((9_000, 400, 4)) < 0


def test_who_only_came_for_the_release_has_nothing_to_move() -> None:
    """The benchmark on release day: all of its traffic is on the new model, none of it moved there."""
    assert judge_pivot(_traffic((0, 400, 400)), (RELEASE,), END, "campaign") is None


def test_a_log_that_ends_too_early_or_knows_no_release_is_not_evaluated() -> None:
    assert judge_pivot(_traffic((9_000, 400, 60)), (RELEASE,), END - 1, "campaign") is None
    assert judge_pivot(_traffic((9_000, 400, 60)), (), END, "campaign") is None


def test_looks_come_after_two_six_and_twenty_four_hours() -> None:
    after = [int((RELEASE.at + timedelta(hours=hours)).timestamp()) for hours in (1, 2, 7, 30)]
    assert [looks(RELEASE, second) for second in after] == [(), (2,), (2, 6), (2, 6, 24)]


def test_an_ordinary_customer_in_the_campaigns_place_gets_an_honest_e_value() -> None:
    """Over 400 draws the mean of 2^bits is at most 1, and b bits come at most 2^-b of the time."""
    pick = np.random.default_rng(SEED)
    found = []
    for seed in range(400):
        after = int(pick.integers(0, 6))
        new = min(after, 1) if pick.random() < 0.02 else 0
        found.append(_bits((int(pick.integers(20, 200)), after, new), others=200, seed=seed))
    assert np.mean(np.exp2(found)) <= 1.0, f"seed {SEED}"
    assert np.mean(np.array(found) >= 4) <= 2**-4, f"seed {SEED}"
