"""The calibration plot puts honest bits at or below the line."""

import re

import pytest

from stillwatch.report.page.calibration import calibration_plot
from stillwatch.types import Calibration, Exceedance


def _points(svg: str) -> list[tuple[float, float, str]]:
    found = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4.5" class="([\w ]+)"', svg)
    return [(float(x), float(y), kind) for x, y, kind in found]


def _line(svg: str) -> tuple[float, float, float, float]:
    found = re.search(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" class="allowed"', svg)
    assert found
    return tuple(float(v) for v in found.groups())  # type: ignore[return-value]


def _exceedance(bits: int, exceeding: int, *, holds: bool) -> Exceedance:
    return Exceedance(bits, 1024, exceeding, exceeding / 2048, exceeding / 512, 2.0**-bits, holds)


def test_what_is_exactly_allowed_lies_on_the_line() -> None:
    """1024 * 2**-b groups at b bits, for every b."""
    svg = calibration_plot(
        Calibration(1024, tuple(_exceedance(b, 1024 >> b, holds=True) for b in (1, 3, 5)), ok=True, source="")
    )
    x1, y1, x2, y2 = _line(svg)
    for x, y, _ in _points(svg):
        assert y == pytest.approx(y1 + (x - x1) * (y2 - y1) / (x2 - x1), abs=0.1)


def test_what_is_broken_lies_above_the_line_and_is_marked() -> None:
    """More exceedance is higher on the page, that is, a smaller y."""
    svg = calibration_plot(
        Calibration(1024, (_exceedance(3, 512, holds=False), _exceedance(5, 2, holds=True)), ok=False, source="")
    )
    x1, y1, x2, y2 = _line(svg)
    (x, y, kind), (_, _, good) = _points(svg)
    assert (kind, good) == ("broken", "holds")
    assert y < y1 + (x - x1) * (y2 - y1) / (x2 - x1)
    assert "1 of 2 checks are broken" in svg


def test_none_exceeding_is_drawn_as_none() -> None:
    """A share of zero has no logarithm: a hollow point at the foot, its interval above it."""
    svg = calibration_plot(Calibration(1024, (_exceedance(4, 0, holds=True),), ok=True, source=""))
    assert _points(svg)[0][2] == "none holds"
