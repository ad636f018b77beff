"""The waterfall of bits: how single tests add up to the odds, with the threshold they had to pass.

In: the evidence of one question, the stated total and the threshold. Out: one drawing.
Where the stated total is not the sum, a bar says so: dependent evidence is averaged, not added.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.report import words
from stillwatch.report.clean import visible
from stillwatch.report.page.markup import Markup, element
from stillwatch.report.page.parts import drawing, label
from stillwatch.types import Evidence

_BARS = 14  # tests with a bar of their own
_ROW, _TOP, _LEFT, _PLOT, _WIDTH = 28, 30, 210, 400, 760
_NAME_CELLS = 30
_SAME_BITS = 0.05  # differences below this are rounding


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    start: float
    end: float
    kind: str


def waterfall(evidence: Sequence[Evidence], total_bits: float, threshold_bits: float | None, label_text: str) -> Markup:
    """Draw one bar a test from the running total before it to the one after it, strongest first."""
    bars = _bars(evidence, total_bits)
    ends = [0.0, total_bits, *(b.end for b in bars), *([threshold_bits] if threshold_bits is not None else [])]
    low, high = min(ends), max(ends)
    scale = _PLOT / ((high - low) or 1)
    height = _TOP + _ROW * len(bars) + 14
    shapes = [_vertical(_LEFT - low * scale, height, "axis")]
    for row, bar in enumerate(bars):
        shapes += _row(bar, _TOP + row * _ROW, low, scale)
    if threshold_bits is not None:
        x = _LEFT + (threshold_bits - low) * scale
        shapes.append(_vertical(x, height, "threshold"))
        middle = min(max(x, _LEFT + 60), _LEFT + _PLOT - 60)
        shapes.append(label(middle, 14, f"threshold {threshold_bits:.1f} bits", "middle strong"))
    sentence = f"{label_text}: {len(evidence)} tests, together {total_bits:.1f} bits. The table below has every number."
    return drawing(_WIDTH, height, sentence, *shapes)


def _bars(evidence: Sequence[Evidence], total_bits: float) -> list[_Bar]:
    ordered = sorted(evidence, key=lambda e: (-e.bits, e.test))
    strongest = sorted(ordered, key=lambda e: -abs(e.bits))[:_BARS]
    shown = [e for e in ordered if e in strongest]
    bars: list[_Bar] = []
    running = 0.0
    for test in shown:
        bars.append(_Bar(words.spoken(test.test), running, running + test.bits, _kind(test.bits)))
        running += test.bits
    rest = sum(e.bits for e in evidence) - running
    if len(shown) < len(evidence):
        bars.append(_Bar(f"{len(evidence) - len(shown)} more tests", running, running + rest, _kind(rest)))
        running += rest
    if abs(total_bits - running) > _SAME_BITS:
        bars.append(_Bar("averaged, not added", running, total_bits, "merged"))
    return [*bars, _Bar("total", 0.0, total_bits, "total")]


def _row(bar: _Bar, y: float, low: float, scale: float) -> list[Markup]:
    left = _LEFT + (min(bar.start, bar.end) - low) * scale
    width = max(abs(bar.end - bar.start) * scale, 1.5)
    weight = "strong" if bar.kind == "total" else ""
    figure = words.in_bits(bar.end - bar.start)
    running = "" if bar.kind == "total" else f"→ {bar.end:.1f}"
    return [
        label(_LEFT - 12, y + 16, visible(bar.name, _NAME_CELLS), f"end {weight}".strip()),
        element("rect", x=left, y=y + 3, width=width, height=_ROW - 9, rx=2, class_=bar.kind),
        label(_LEFT + _PLOT + 70, y + 16, figure, f"end number {weight}".strip()),
        label(_LEFT + _PLOT + 82, y + 16, running, "faint number"),
    ]


def _vertical(x: float, height: float, class_: str) -> Markup:
    return element("line", x1=x, x2=x, y1=_TOP - 8, y2=height - 8, class_=class_)


def _kind(bits: float) -> str:
    return "positive" if bits >= 0 else "negative"
