"""The random numbers by which nodes are visited and merged, as igraph draws them.

In: a seed. Out: orders of nodes, and numbers below a bound. The source is Matsumoto & Nishimura's MT19937; a number
below a bound is drawn by multiplication. Source: Lemire 2019, Fast random integer generation in an interval.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.squares import compiled

Nodes = npt.NDArray[np.int64]
Drawn = npt.NDArray[np.uint32]

_SPARE = 1_000  # numbers that are drawn again, one in four billion for each node that there is, fit here many times


class Draws:
    """One stream of random numbers; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.RandomState(seed)  # the one whose numbers stay the same from release to release
        self._drawn = np.zeros(0, np.uint32)

    def ahead(self, count: int) -> Drawn:
        """Give the next numbers, so many and some to spare, of which `use` says how many were used."""
        wanted = max(count + _SPARE - len(self._drawn), 0)
        self._drawn = np.concatenate([self._drawn, self._source.randint(0, 2**32, wanted, np.uint32)])
        return self._drawn

    def use(self, count: int) -> None:
        """Let go what was used."""
        self._drawn = self._drawn[count:]

    def order(self, nodes: int) -> Nodes:
        """Give the numbers below `nodes` in random order."""
        order = np.arange(nodes)
        self.use(_shuffle(order, self.ahead(nodes)))
        return order


@compiled
def below(drawn: Drawn, used: int, bound: int) -> tuple[np.int64, int]:
    """Draw a number below a bound; give it and how many draws are used by then. One that must be 0 takes none."""
    if bound == 1:
        return np.int64(0), used
    wide = np.uint64(bound)
    least = (np.uint64(2**32) - wide) % wide
    product = np.uint64(drawn[used]) * wide
    while (product & np.uint64(0xFFFFFFFF)) < least:
        used += 1
        product = np.uint64(drawn[used]) * wide
    return np.int64(product >> np.uint64(32)), used + 1


@compiled
def _shuffle(order: Nodes, drawn: Drawn) -> int:
    """Put numbers in random order, from the last to the first; give how many draws it took."""
    used = 0
    for last in range(len(order) - 1, 0, -1):
        place, used = below(drawn, used, last + 1)
        order[last], order[place] = order[place], order[last]
    return used
