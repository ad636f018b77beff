"""Axes: one property of a campaign each, from easy to hard to see, to be swept alone or in pairs.

In: a base scenario, and per axis the label of one of its points. Out: a checked `Scenario`. The list is `axes.toml`.
Scale the base first (`at(base.scaled(s), ...)`): the points set absolute numbers.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from stillwatch.errors import SettingsError
from stillwatch.simulate.scenario import Scenario, checked


@dataclass(frozen=True, slots=True)
class Point:
    """One place on an axis. `changes`: fields of every operator and their values."""

    label: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """One property of a campaign; `points` go from easy to hard."""

    name: str
    sentence: str
    points: tuple[Point, ...]

    def fitting(self, base: Scenario) -> tuple[Point, ...]:
        """Give the points that this base can be put at: no operator gets more accounts than exchanges."""
        fewest = min((operator.exchanges for operator in base.operators), default=0)
        return tuple(point for point in self.points if point.changes.get("accounts", 0) <= fewest)

    def point(self, label: str) -> Point:
        """Find a point.

        Raises:  SettingsError: the axis has no such point; the message lists them.
        """
        for point in self.points:
            if point.label == label:
                return point
        raise SettingsError(f"axis {self.name}: no point {label!r}; known: {', '.join(p.label for p in self.points)}")


@cache
def axes() -> tuple[Axis, ...]:
    """Every axis, in the order of the file."""
    rows = tomllib.loads((files("stillwatch.simulate") / "axes.toml").read_text("utf-8"))["axis"]
    return tuple(Axis(row["name"], row["sentence"], _points(row)) for row in rows)


def _points(row: dict[str, Any]) -> tuple[Point, ...]:
    if "field" in row:
        return tuple(Point(label, {row["field"]: value}) for label, value in row["points"].items())
    return tuple(Point(place["label"], {k: v for k, v in place.items() if k != "label"}) for place in row["point"])


def axis_of(name: str) -> Axis:
    """Find an axis.

    Raises:  SettingsError: there is none of that name; the message lists them.
    """
    for axis in axes():
        if axis.name == name:
            return axis
    raise SettingsError(f"no axis is called {name!r}; known: {', '.join(axis.name for axis in axes())}")


def at(base: Scenario, places: Mapping[str, str]) -> Scenario:
    """Put every operator of a scenario at the given point of each given axis; what no axis sets stays as in the base.

    Raises:  SettingsError: no such axis or point, or the base cannot be put there (more accounts than exchanges).
    """
    changes: dict[str, Any] = {}
    for name, label in places.items():
        changes |= axis_of(name).point(label).changes
    where = ", ".join(f"{name} {label}" for name, label in places.items())
    operators = tuple(replace(operator, **changes) for operator in base.operators)
    return checked(f"{base.name} at {where}", replace(base, operators=operators))
