"""Where the benchmark lies: the middle, a log without campaigns, each axis swept alone, pairs of hardest points.

In: names of axes. Out: points, and the scenario at each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from stillwatch import simulate as simulator
from stillwatch.errors import UsageError
from stillwatch.types import BenchAxis

BASE, BENIGN = "bench", "benign"


@dataclass(frozen=True, slots=True)
class Point:
    """One place of the benchmark; both empty: the middle. The log without campaigns has no axis and one point."""

    axes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = ", ".join(f"{axis} {point}" for axis, point in zip(self.axes, self.points, strict=False))
        return named or " ".join(self.points) or "middle"


def chosen_axes(names: Sequence[str], base: simulator.Scenario) -> tuple[BenchAxis, ...]:
    """Give the axes of these names, or all, with the points that the base can be put at.

    Raises:  UsageError: there is no such axis.
    """
    known = {axis.name: axis for axis in simulator.axes()}
    for name in names:
        if name not in known:
            raise UsageError(f"--axis {name!r}: there is no such axis; known: {', '.join(known)}")
    wanted = [known[name] for name in dict.fromkeys(names)] if names else known.values()
    return tuple(BenchAxis(a.name, a.sentence, tuple(p.label for p in a.fitting(base))) for a in wanted)


def single_points(axes: Sequence[BenchAxis]) -> tuple[Point, ...]:
    """Give the middle, the log without campaigns, and every point of every axis."""
    return (Point(), Point((), (BENIGN,)), *(Point((a.name,), (p,)) for a in axes for p in a.points))


def paired_points(axes: Sequence[BenchAxis]) -> tuple[Point, ...]:
    """Give every pair of axes, each at its hardest point."""
    return tuple(Point((a.name, b.name), (a.points[-1], b.points[-1])) for a, b in combinations(axes, 2))


def scenario_at(base: simulator.Scenario, point: Point) -> simulator.Scenario:
    """Give the scenario of one point."""
    if point.points == (BENIGN,) and not point.axes:
        return replace(base, name=f"{base.name} without campaigns", operators=())
    return simulator.at(base, dict(zip(point.axes, point.points, strict=True)))
