"""The plot of `growth`: processor seconds and peak memory against size, both axes logarithmic.

In: curves of (size, seconds, MiB). Out: SVG.
"""

import math
from collections.abc import Mapping, Sequence

SIDE, MARGIN = 300, 50  # of each panel, in pixels
COLOURS = ("#1f6f8b", "#b5541c")
FONT = 'font-family="sans-serif" font-size="11"'
NAMES = ("cpu seconds", "peak MiB")


def drawn(curves: Mapping[str, Sequence[tuple[float, float, float]]]) -> str:
    """Draw one panel a curve, side by side; the dashed line is proportional growth from the first point on."""
    width, height = len(curves) * (SIDE + MARGIN) + MARGIN, SIDE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (title, points) in enumerate(curves.items()):
        parts += _panel(title, points, MARGIN + number * (SIDE + MARGIN))
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, points: Sequence[tuple[float, float, float]], left: int) -> list[str]:
    sizes = [p[0] for p in points]
    values = [v for p in points for v in p[1:]]
    across, up = _decades(sizes), _decades(values)

    def place(x: float, y: float) -> tuple[float, float]:
        fraction = (math.log10(x) - across[0]) / (across[1] - across[0]), (math.log10(y) - up[0]) / (up[1] - up[0])
        return left + fraction[0] * SIDE, MARGIN + (1 - fraction[1]) * SIDE

    parts = [
        f'<text x="{left}" y="{MARGIN - 12}">{title}</text>',
        f'<rect x="{left}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#444"/>',
    ]
    for power in range(across[0], across[1] + 1):
        x, _ = place(10.0**power, 10.0 ** up[0])
        parts.append(f'<text x="{x:.0f}" y="{MARGIN + SIDE + 15}" text-anchor="middle">10^{power}</text>')
    for power in range(up[0], up[1] + 1):
        _, y = place(10.0 ** across[0], 10.0**power)
        parts.append(f'<text x="{left - 5}" y="{y:.0f}" text-anchor="end">10^{power}</text>')
    for column, (colour, name) in enumerate(zip(COLOURS, NAMES, strict=True), 1):
        parts += _line([place(p[0], p[column]) for p in points], colour, name)
    first, last = points[0], points[-1][0]
    most = min(last, first[0] * 10.0 ** up[1] / first[1])
    ends = [place(first[0], first[1]), place(most, first[1] * most / first[0])]
    return [*parts, _path(ends, "#999", ' stroke-dasharray="4"')]


def _line(places: Sequence[tuple[float, float]], colour: str, name: str) -> list[str]:
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    x, y = places[0]
    return [_path(places, colour), *dots, f'<text x="{x + 5:.0f}" y="{y - 8:.0f}" fill="{colour}">{name}</text>']


def _path(places: Sequence[tuple[float, float]], colour: str, more: str = "") -> str:
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path d="M{steps}" fill="none" stroke="{colour}"{more}/>'


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
