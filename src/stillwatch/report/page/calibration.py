"""The calibration plot: how many benign groups reached so many bits, against how many may.

In: the run's check of its own bits. Out: one log-log drawing; the same numbers stand in the table beside it.
"""

import math

from stillwatch.report.page.markup import Markup, element
from stillwatch.report.page.parts import drawing, label
from stillwatch.types import Calibration, Exceedance

_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT, _DEPTH = 760, 354, 90, 34, 620, 260


def calibration_plot(calibration: Calibration) -> Markup:
    """Draw observed exceedance with its interval beside the allowed 2**-b; below the line is honest."""
    most = max(2, *(e.bits for e in calibration.exceedance))
    floor = max(most, 0.0, *(_depth(e.exceeding / e.groups) for e in calibration.exceedance if e.exceeding)) + 2
    across, down = _PLOT / most, _DEPTH / floor
    shapes = _axes(most, floor, across, down)
    allowed = min(most, floor)
    shapes.append(
        element("line", x1=_LEFT, y1=_TOP, x2=_LEFT + allowed * across, y2=_TOP + allowed * down, class_="allowed")
    )
    shapes.append(label(_LEFT + 0.62 * _PLOT, _TOP + 0.45 * most * down, "allowed: 2 to the power -b", "strong"))
    for e in calibration.exceedance:
        shapes += _point(e, _LEFT + e.bits * across, down, floor)
    broken = sum(not e.holds for e in calibration.exceedance)
    sentence = (
        f"Share of {calibration.groups_checked} benign groups that reached b bits, against the allowed share, both "
        f"logarithmic: {broken} of {len(calibration.exceedance)} checks are broken. The table below has the numbers."
    )
    return drawing(_WIDTH, _HEIGHT, sentence, *shapes)


def _axes(most: int, floor: float, across: float, down: float) -> list[Markup]:
    bottom = _TOP + _DEPTH
    shapes = [
        element("line", x1=_LEFT, x2=_LEFT, y1=_TOP, y2=bottom, class_="axis"),
        element("line", x1=_LEFT, x2=_LEFT + _PLOT, y1=bottom, y2=bottom, class_="axis"),
        label(_LEFT + _PLOT, bottom + 40, "bits b", "end strong"),
        label(0, 12, "share of benign groups", "strong"),
    ]
    ticks = range(0, most + 1, max(1, most // 10))
    shapes.extend(label(_LEFT + bits * across, bottom + 20, str(bits), "middle faint") for bits in ticks)
    for tens in range(int(floor * math.log10(2)) + 1):
        y = _TOP + tens / math.log10(2) * down
        shapes.append(element("line", x1=_LEFT, x2=_LEFT + _PLOT, y1=y, y2=y, class_="grid"))
        shapes.append(label(_LEFT - 10, y + 4, f"1 in {10**tens:,}" if tens else "all", "end faint"))
    return shapes


def _point(e: Exceedance, x: float, down: float, floor: float) -> list[Markup]:
    bottom = _TOP + _DEPTH
    kind = "holds" if e.holds else "broken"
    top_y = _TOP + min(_depth(e.high_fraction), floor) * down
    low_y = _TOP + min(_depth(e.low_fraction), floor) * down
    whisker = element("line", x1=x, x2=x, y1=top_y, y2=low_y, class_=f"whisker {kind}")
    if not e.exceeding or not e.groups:
        return [whisker, element("circle", cx=x, cy=bottom, r=4.5, class_=f"none {kind}")]
    return [whisker, element("circle", cx=x, cy=_TOP + _depth(e.exceeding / e.groups) * down, r=4.5, class_=kind)]


def _depth(fraction: float) -> float:
    return -math.log2(fraction) if 0 < fraction < 1 else 0.0 if fraction >= 1 else math.inf
