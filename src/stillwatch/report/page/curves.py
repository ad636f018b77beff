"""Curves of the benchmark: one metric along one axis, a line a detector.

In: an axis and standings. Out: drawings with the same numbers in words. Ours is drawn last, on top.
"""

from collections.abc import Mapping, Sequence

from stillwatch.report.clean import visible
from stillwatch.report.page.markup import Markup, element
from stillwatch.report.page.parts import drawing, label
from stillwatch.types import BenchAxis, Estimate, Standing

_WIDTH, _LEFT, _RIGHT, _TOP, _BASE = 760, 44, 560, 26, 196
_HEIGHT = _BASE + 34
_LABEL_CELLS, _NAME_CELLS = 16, 26
_LINES = 9  # detectors drawn; the table below has all


def curve(axis: BenchAxis, metric: str, title: str, standings: Sequence[Standing], ours: str) -> Markup:
    """Draw a fraction from 0 to 1 at each point of an axis, with our interval as a band of whiskers."""
    at = {
        (s.detector, s.points[0]): s.metrics[metric]
        for s in standings
        if s.axes == (axis.name,) and metric in s.metrics
    }
    names = sorted({name for name, _ in at} - {ours}, key=lambda n: (-_mean(at, n, axis), n))[: _LINES - 1]
    shapes = [*_frame(axis), label(_LEFT, 14, title, "strong")]
    for number, name in enumerate(names):
        shapes += _line(axis, at, name, f"other o{number}")
    if any(name == ours for name, _ in at):
        shapes += [*_whiskers(axis, at, ours), *_line(axis, at, ours, "ours")]
    legend = [(ours, "ours"), *((name, f"other o{number}") for number, name in enumerate(names))]
    for row, (name, kind) in enumerate(legend):
        y = _TOP + 8 + 18 * row
        shapes.append(element("line", x1=_RIGHT + 18, x2=_RIGHT + 38, y1=y, y2=y, class_=f"curve {kind}"))
        shapes.append(label(_RIGHT + 44, y + 4, visible(name, _NAME_CELLS)))
    return drawing(_WIDTH, _HEIGHT, _sentence(axis, title, at, ours), *shapes)


def _mean(at: Mapping[tuple[str, str], Estimate], name: str, axis: BenchAxis) -> float:
    known = [at[name, point].mean for point in axis.points if (name, point) in at]
    return sum(known) / len(known) if known else 0.0


def _x(axis: BenchAxis, number: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (number + 0.5) / len(axis.points)


def _y(fraction: float) -> float:
    return _BASE - (_BASE - _TOP) * min(max(fraction, 0.0), 1.0)


def _frame(axis: BenchAxis) -> list[Markup]:
    shapes: list[Markup] = []
    for fraction in (0.0, 0.5, 1.0):
        y = _y(fraction)
        kind = "axis" if fraction == 0 else "threshold" if fraction == 0.5 else "grid"
        shapes.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_=kind))
        shapes.append(label(_LEFT - 6, y + 4, f"{fraction:g}", "end faint"))
    shapes += [
        label(_x(axis, n), _BASE + 18, visible(point, _LABEL_CELLS), "middle faint")
        for n, point in enumerate(axis.points)
    ]
    return shapes


def _line(axis: BenchAxis, at: Mapping[tuple[str, str], Estimate], name: str, kind: str) -> list[Markup]:
    places = [(_x(axis, n), _y(at[name, p].mean)) for n, p in enumerate(axis.points) if (name, p) in at]
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = [element("circle", cx=x, cy=y, r=3.5 if kind == "ours" else 2, class_=f"dotted {kind}") for x, y in places]
    return [element("path", d=path, class_=f"curve {kind}"), *dots]


def _whiskers(axis: BenchAxis, at: Mapping[tuple[str, str], Estimate], name: str) -> list[Markup]:
    known = [(_x(axis, n), at[name, p]) for n, p in enumerate(axis.points) if (name, p) in at]
    return [element("line", x1=x, x2=x, y1=_y(e.low), y2=_y(e.high), class_="interval") for x, e in known]


def _sentence(axis: BenchAxis, title: str, at: Mapping[tuple[str, str], Estimate], ours: str) -> str:
    known = [f"{point} {at[ours, point].mean:.2f}" for point in axis.points if (ours, point) in at]
    return f"{title} along {axis.name}: {ours} {', '.join(known) or 'was not run'}"
