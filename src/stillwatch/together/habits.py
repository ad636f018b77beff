"""Groups by habit: accounts that are alike in some ways, to be tested in all others.

In: `Accounts`. Out: accounts of each group, nested: neighbours among neighbours. An operator whose accounts share no
address, card, mail, client or word still has one scheduler and one list of tasks. Accounts are points (square roots of
shares, side by side) that are cut in two, again and again, where they lie farthest apart; every part is a hypothesis.
What a part was cut by says nothing for it any more: those tests leave it out (`likeness`), and what else its accounts
have in common for that reason is in the nulls of its kind.
Source: Steinbach, Karypis & Kumar 2000, A Comparison of Document Clustering Techniques (bisecting k-means).
"""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stillwatch.together.likeness.base import Accounts, unit_rows
from stillwatch.together.likeness.histograms import HABITS
from stillwatch.types import Trait

_LEAST_SEEN = 5  # exchanges of which a facet is known: fewer are no habit
_LEAST_ACCOUNTS = 10  # of a group: whatever fewer have in common is chance
_WHOLE_FRACTION = 0.25  # of all: larger parts are everybody, and operators that large have parts of their own
_DEEPEST = 64  # cuts: halves halve seldom so often, unless single accounts are cut off one by one
_TURNS = 4  # of the search for the direction in which a part is longest
_ROUNDS = 6  # of moving accounts to the nearer half

Points: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]


def habits(accounts: Accounts) -> Iterator[tuple[Trait, Rows]]:
    """Give every group of accounts alike in a kind of habit: how it was cut out, and its account rows, ascending."""
    for kind, facets in HABITS.items():
        rows, points = _points(accounts, facets)
        for path, part in _parts(points):
            yield Trait(kind, path), rows[part]


def _points(accounts: Accounts, facets: tuple[str, ...]) -> tuple[Rows, Points]:
    """Accounts of which all these facets are known, and where each of them lies."""
    read = [accounts.facets[name].sum(axis=1) for name in facets]
    rows = np.flatnonzero(np.min(read, axis=0) >= _LEAST_SEEN)
    sides = [unit_rows(accounts.facets[name][rows])[0].astype(np.float32) for name in facets]
    return rows, np.hstack(sides)


def _parts(points: Points) -> Iterator[tuple[str, Rows]]:
    """Cut the points in two, and each half; give every part of some of them, and how it was come by, in 0 and 1."""
    waiting = [("", np.arange(len(points)))]
    while waiting:
        path, rows = waiting.pop()
        if path and _WHOLE_FRACTION * len(points) >= len(rows):
            yield path, rows
        if len(rows) >= 2 * _LEAST_ACCOUNTS and len(path) < _DEEPEST:
            first = _half(points[rows])
            halves = (path + "1", rows[first]), (path + "0", rows[~first])
            waiting += [half for half in halves if _LEAST_ACCOUNTS <= len(half[1]) < len(rows)]


def _half(points: Points) -> npt.NDArray[np.bool_]:
    """Cut at the middle of the longest direction, then let each point go to the half whose centre is nearer."""
    away = points - _centre(points)
    longest = away[np.argmax(np.einsum("nd,nd->n", away, away))]
    for _ in range(_TURNS):
        longest = away.T @ (away @ longest)
        longest /= max(math.sqrt(longest @ longest), np.finfo(np.float32).tiny)
    first = np.asarray(away @ longest > 0)
    for _ in range(_ROUNDS):
        if np.count_nonzero(first) in {0, len(first)}:
            break
        one, other = _centre(away[first]), _centre(away[~first])
        moved = np.asarray(away @ (one - other) > (one @ one - other @ other) / 2)
        if (moved == first).all():
            break
        first = moved
    return first


def _centre(points: Points) -> Points:
    """The mean, without what NumPy's own does around it: of small parts, of which there are the most, that took half
    of the time.
    """
    return np.asarray(np.add.reduce(points, axis=0) / np.float32(len(points)))
