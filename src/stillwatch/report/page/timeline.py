"""When a campaign was active: exchanges along time, and by hour of the day.

In: exchanges by hour. Out: two drawings and a table with the same numbers. Gaps are drawn as gaps.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stillwatch.report import words
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import drawing, label, left_out, note, table
from stillwatch.types import HourCount

_WIDTH, _HEIGHT, _BASE = 760, 150, 122
_HOURLY_SPAN, _DAILY_SPAN = timedelta(days=4), timedelta(days=180)
_TABLE_ROWS = 62
_MOST_BARS = 260  # a longer period gets longer bars


def timeline(counts: Sequence[HourCount]) -> Markup:
    """Draw exchanges by hour, day or longer, whichever shows the period best."""
    if not counts:
        return note("No times were kept for this campaign.")
    step = _step(max(c.hour for c in counts) - min(c.hour for c in counts))
    bins = _binned(counts, step)
    rows = ((words.minute(start), words.count(number)) for start, number in bins[:_TABLE_ROWS])
    heading = f"Exchanges by {_step_name(step)}"
    numbers = element(
        "details",
        element("summary", "The same numbers as a table"),
        table(heading, ("From (UTC)", "Exchanges"), rows, numbers=(1,)),
        left_out(_TABLE_ROWS, len(bins), "row", "exchanges.parquet"),
    )
    return together((_along(bins, heading), _around_the_clock(counts), numbers))


def _step(span: timedelta) -> timedelta:
    if span <= _HOURLY_SPAN:
        return timedelta(hours=1)
    if span <= _DAILY_SPAN:
        return timedelta(days=1)
    return timedelta(days=max(7, -(-span.days // _MOST_BARS)))


def _step_name(step: timedelta) -> str:
    return "hour" if step == timedelta(hours=1) else "day" if step == timedelta(days=1) else f"{step.days} days"


def _binned(counts: Sequence[HourCount], step: timedelta) -> list[tuple[datetime, int]]:
    first = min(c.hour for c in counts).astimezone(UTC)
    start = first if step < timedelta(days=1) else first.replace(hour=0)
    found: Counter[int] = Counter()
    for c in counts:
        found[(c.hour - start) // step] += c.exchanges
    return [(start + step * i, found[i]) for i in range(max(found) + 1)]


def _along(bins: Sequence[tuple[datetime, int]], heading: str) -> Markup:
    peak_at, peak = max(bins, key=lambda b: b[1])
    sentence = (
        f"{heading}, {words.minute(bins[0][0])} to {words.minute(bins[-1][0])}; peak {words.count(peak)} "
        f"from {words.minute(peak_at)}"
    )
    shapes = [_bar(i, len(bins), number, peak) for i, (_, number) in enumerate(bins) if number]
    shapes.append(element("line", x1=0, x2=_WIDTH, y1=_BASE, y2=_BASE, class_="axis"))
    shapes += [
        label(0, _BASE + 18, words.day(bins[0][0]), "faint"),
        label(_WIDTH, _BASE + 18, words.day(bins[-1][0]), "end faint"),
        label(0, 12, f"{heading}; peak {words.count(peak)} from {words.minute(peak_at)} UTC", "strong"),
    ]
    return drawing(_WIDTH, _HEIGHT, sentence, *shapes)


def _bar(place: int, bars: int, number: int, peak: int) -> Markup:
    pitch = _WIDTH / bars
    height = max(number / max(peak, 1) * (_BASE - 24), 1)
    gap = 1 if pitch > 4 else 0
    return element("rect", x=place * pitch, y=_BASE - height, width=max(pitch - gap, 0.8), height=height, class_="bar")


def _around_the_clock(counts: Sequence[HourCount]) -> Markup:
    """Shade the 24 hours of the day by their share: people sleep, schedulers do not."""
    by_hour: Counter[int] = Counter()
    for c in counts:
        by_hour[c.hour.astimezone(UTC).hour] += c.exchanges
    peak = max(by_hour.values()) or 1
    cell = _WIDTH / 24
    shapes = [label(0, 12, "By hour of the day (UTC); darker is busier", "strong")]
    for hour in range(24):
        shade = 0.06 + 0.94 * by_hour[hour] / peak
        shapes.append(
            element("rect", x=hour * cell, y=20, width=cell - 2, height=22, rx=2, class_="bar", fill_opacity=shade)
        )
        if hour % 6 == 0:
            shapes.append(label(hour * cell, 58, f"{hour:02}:00", "faint"))
    quiet = sum(by_hour[hour] < 0.1 * peak for hour in range(24))
    sentence = f"Exchanges by hour of the day: {quiet} of 24 hours are below a tenth of the busiest hour."
    return drawing(_WIDTH, 64, sentence, *shapes)
