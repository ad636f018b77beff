"""Times are binned so that the period fits, and nothing is lost or invented."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.report.page.timeline import timeline
from stillwatch.types import HourCount

START = datetime(2026, 6, 1, 5, tzinfo=UTC)


def _counts(hours: int, every: int = 1) -> tuple[HourCount, ...]:
    return tuple(HourCount(START + timedelta(hours=h), 10 + h % 7) for h in range(0, hours, every))


@pytest.mark.parametrize(
    ("hours", "unit"), [(1, "hour"), (48, "hour"), (24 * 45, "day"), (24 * 300, "7 days"), (24 * 9000, "35 days")]
)
def test_the_unit_follows_the_period(hours: int, unit: str) -> None:
    """Hours within days, days within months, longer beyond; never more bars than can be seen."""
    drawn = timeline(_counts(hours, max(1, hours // 500)))
    assert f"Exchanges by {unit};" in drawn
    first_drawing = drawn.split("</svg>")[0]
    assert first_drawing.count("<rect") <= 270


def test_the_table_holds_every_exchange() -> None:
    """The numbers in the table add up to the numbers given."""
    counts = _counts(24 * 45)
    cells = re.findall(r'<td class="number">([\d,]+)</td>', timeline(counts))
    assert sum(int(c.replace(",", "")) for c in cells) == sum(c.exchanges for c in counts)


def test_a_gap_stays_a_gap() -> None:
    """Two bursts ten days apart are two bars in eleven days."""
    counts = (HourCount(START, 5), HourCount(START + timedelta(days=10), 7))
    drawn = timeline(counts)
    assert drawn.split("</svg>")[0].count("<rect") == 2
    assert len(re.findall(r'<td class="number">', drawn)) == 11


def test_the_order_of_hours_does_not_matter() -> None:
    """A shuffled timeline is the same drawing."""
    assert timeline(_counts(100)) == timeline(_counts(100)[::-1])


def test_no_times_are_said_to_be_missing() -> None:
    """Never an empty frame."""
    assert "No times were kept" in timeline(())
