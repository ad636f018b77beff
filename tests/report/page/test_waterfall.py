"""The waterfall adds up, and says so where it would not."""

import re
from itertools import pairwise

import pytest

from stillwatch.report.page.waterfall import waterfall
from stillwatch.types import Evidence


def _evidence(*bits: float) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"test_{i}", "together", b, "claim") for i, b in enumerate(bits))


def _rects(svg: str) -> list[tuple[str, float, float]]:
    found = re.findall(r'<rect x="([\d.-]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" rx="2" class="(\w+)"', svg)
    return [(kind, float(x), float(x) + float(width)) for x, width, kind in found]


def test_bars_follow_each_other_to_the_total() -> None:
    """Each bar starts where the one before ended; the total starts at zero and ends where the last did."""
    bars = _rects(waterfall(_evidence(20.0, 10.0, 5.0), 35.0, None, "Together"))
    assert [kind for kind, _, _ in bars] == ["positive", "positive", "positive", "total"]
    for (_, _, end), (_, start, _) in pairwise(bars[:3]):
        assert start == pytest.approx(end, abs=0.02)
    assert bars[3][1] == pytest.approx(bars[0][1], abs=0.02)
    assert bars[3][2] == pytest.approx(bars[2][2], abs=0.02)


def test_bits_against_go_back() -> None:
    """Negative bits are drawn from the running total towards zero, in another colour."""
    bars = _rects(waterfall(_evidence(20.0, -5.0), 15.0, None, "Together"))
    assert bars[1][0] == "negative"
    assert bars[1][2] == pytest.approx(bars[0][2], abs=0.02)
    assert bars[2][2] == pytest.approx(bars[1][1], abs=0.02)


def test_a_total_that_is_not_the_sum_gets_a_bar_of_its_own() -> None:
    """Averaged evidence is shown as averaged, never hidden in rounding."""
    svg = waterfall(_evidence(20.0, 10.0), 21.0, None, "Together")
    assert "averaged, not added" in svg
    assert "averaged, not added" not in waterfall(_evidence(20.0, 10.0), 30.0, None, "Together")


def test_many_tests_are_summed_and_counted() -> None:
    """Forty tests draw fourteen bars, one for the rest, and the total."""
    svg = waterfall(_evidence(*(float(i) for i in range(40))), float(sum(range(40))), 12.5, "Together")
    assert len(_rects(svg)) == 16
    assert "26 more tests" in svg
    assert "threshold 12.5 bits" in svg
