"""Nodes move to the community that they are best tied to: what takes the time, compiled.

In: a graph and a partition, which changes. Out: by how much moving improved it. The gain of a move is twice what
the node's ties to the new community exceed those that chance has, less the same of the old one.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.leiden.draws import Drawn, Draws, below
from stillwatch.together.leiden.graph import Graph, Partition
from stillwatch.together.squares import compiled

Nodes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Neighbours = tuple[Nodes, Nodes, Floats]
Weights = tuple[Floats, Floats, Floats, float, float]
"""Sizes, loops and strengths of nodes, twice the weight of all edges, and the resolution."""

Held = tuple[Nodes, Floats, Floats, Nodes]
"""Membership, and what a partition holds of each community: strengths, sizes, members."""

_LEAST_GAIN = 10 * float(np.finfo(np.float64).eps)  # of a move, that it is no matter of rounding


def move(graph: Graph, partition: Partition, resolution: float, order: Nodes) -> float:
    """Move nodes as long as one gains by it, neighbours of those that moved again; give the sum of gains."""
    gained, partition.communities = _move(
        (graph.starts, graph.beside, graph.ties),
        (graph.sizes, graph.loops, graph.strengths, graph.total * 2.0, resolution),
        (partition.membership, partition.held, partition.sizes, partition.members),
        partition.communities,
        order,
    )
    return float(gained)


def merge(graph: Graph, partition: Partition, within: Nodes, resolution: float, draws: Draws) -> None:
    """Merge nodes that are still alone with a random neighbour's community, within a community of `within` only."""
    order = draws.order(graph.nodes)
    used = _merge(
        (graph.starts, graph.beside, graph.ties),
        (graph.sizes, graph.loops, graph.strengths, graph.total * 2.0, resolution),
        (partition.membership, partition.held, partition.sizes, partition.members),
        within,
        order,
        draws.ahead(2 * graph.nodes),
    )
    draws.use(used)


@compiled
def _gain(weights: Weights, held: Floats, v: int, old: tuple[int, float], new: tuple[int, float]) -> float:
    """The gain of moving node v, by the numbers of the old and the new community and its ties to either."""
    _, loops, strengths, total, resolution = weights
    strength = strengths[v]
    stays = old[1] - resolution * strength * held[old[0]] / total
    goes = new[1] + loops[v] - resolution * strength * (held[new[0]] + strength) / total
    gain: float = (goes + goes) - (stays + stays)
    return gain


@compiled
def _ties(neighbours: Neighbours, membership: Nodes, v: int, tied: Floats, met: Nodes) -> int:
    """Add up a node's ties to communities, and list these in the order in which they are met."""
    count = 0
    for q in range(neighbours[0][v], neighbours[0][v + 1]):
        u = neighbours[1][q]
        community = membership[u]
        if tied[community] == 0.0:
            met[count] = community
            count += 1
        tied[community] += neighbours[2][q] / 2.0 if u == v else neighbours[2][q]
    return count


@compiled
def _best(weights: Weights, held: Held, v: int, tied: Floats, met: Nodes) -> tuple[int, float]:
    """The community by which a node gains most, of several the first, and the gain; its own where it gains by none."""
    old = held[0][v]
    best, most = old, _LEAST_GAIN
    for new in met:
        if new != old:
            gain = _gain(weights, held[1], v, (old, tied[old]), (new, tied[new]))
            if gain > most:
                best, most = new, gain
    return best, most


@compiled
def _put(neighbours: Neighbours, weights: Weights, held: Held, v: int, new: int) -> None:
    """Move a node."""
    membership, strengths, sizes, members = held
    old = membership[v]
    members[old] -= 1
    sizes[old] -= weights[0][v]
    members[new] += 1
    sizes[new] += weights[0][v]
    for q in range(neighbours[0][v], neighbours[0][v + 1]):
        strengths[old] -= neighbours[2][q]
        strengths[new] += neighbours[2][q]
    membership[v] = new


@compiled
def _without(empty: Nodes, count: int, community: int) -> int:
    """Take a community out of the list of empty ones; give how many are left."""
    place = count - 1
    while empty[place] != community:
        place -= 1
    empty[place : count - 1] = empty[place + 1 : count].copy()
    return count - 1


@compiled
def _move(neighbours: Neighbours, weights: Weights, held: Held, communities: int, order: Nodes) -> tuple[float, int]:
    """Do what `move` says; give the sum of gains and how many communities are numbered, empty ones included."""
    membership, members, nodes = held[0], held[3], len(order)
    waiting, first, many, waits = order.copy(), 0, nodes, np.ones(nodes, np.bool_)
    tied, met = np.zeros(nodes), np.empty(nodes + 1, np.int64)
    empty, free, gained = np.empty(nodes + 1, np.int64), 0, 0.0
    while many:
        v = waiting[first]
        first, many = (first + 1) % nodes, many - 1
        old = membership[v]
        count = _ties(neighbours, membership, v, tied, met)
        if members[old] > 1:
            if free == 0:
                empty[0], free, communities = communities, 1, communities + 1
            met[count] = empty[free - 1]
            count += 1
        best, most = _best(weights, held, v, tied, met[:count])
        tied[met[:count]] = 0.0
        waits[v] = False
        if best != old:
            gained += most
            _put(neighbours, weights, held, v, best)
            if members[old] == 0:
                empty[free], free = old, free + 1
            if members[best] == 1:
                free = _without(empty, free, best)
            for q in range(neighbours[0][v], neighbours[0][v + 1]):
                u = neighbours[1][q]
                if not waits[u] and membership[u] != best:
                    waiting[(first + many) % nodes], many, waits[u] = u, many + 1, True
    return gained, communities


@compiled
def _merge(  # noqa: PLR0913, PLR0917 - arrays that a compiled loop reads and fills
    neighbours: Neighbours, weights: Weights, held: Held, within: Nodes, order: Nodes, drawn: Drawn
) -> int:
    """Do what `merge` says, unless something is lost by it; now and then a node stays. Give how many draws it took."""
    membership, members, nodes = held[0], held[3], len(order)
    tied, met, used = np.zeros(nodes), np.empty(nodes, np.int64), 0
    for v in order:
        old = membership[v]
        if members[old] != 1:
            continue
        first, last = neighbours[0][v], neighbours[0][v + 1]
        fitting = 0
        for q in range(first, last):
            fitting += within[neighbours[1][q]] == within[v]
        if fitting == 0:
            continue
        place, used = below(drawn, used, fitting + 1)
        if place == 0:
            continue
        place, used = below(drawn, used, fitting)
        q = first - 1
        while place >= 0:
            q += 1
            place -= within[neighbours[1][q]] == within[v]
        new = membership[neighbours[1][q]]
        if new != old:
            count = _ties(neighbours, membership, v, tied, met)
            if _gain(weights, held[1], v, (old, tied[old]), (new, tied[new])) >= 0.0:
                _put(neighbours, weights, held, v, new)
            tied[met[:count]] = 0.0
    return used
