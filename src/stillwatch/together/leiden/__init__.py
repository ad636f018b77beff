"""Communities of a weighted graph by the method of Leiden, compiled: the very partition that leidenalg gives.

In: edges, weights, a resolution, a seed. Out: the community of each node. That library holds the interpreter's lock
and is shipped unoptimised: five times as long, while nothing else runs. Each sum is added up in its order and each
random number is drawn as it does, so that results are equal to the last bit (`tests/together/test_leiden.py`).
Order inside: `graph` (what is read fast) -> `moving` (what takes the time) -> here.
Source: Traag, Waltman & van Eck 2019, From Louvain to Leiden; Reichardt & Bornholdt 2006 for the null model.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.together.leiden.draws import Draws
from stillwatch.together.leiden.graph import Graph, Partition, collapsed, graph_of
from stillwatch.together.leiden.moving import merge, move

__all__ = ["leiden"]

Nodes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def leiden(nodes: int, edges: Nodes, weights: Floats, resolution: float, seed: int) -> Nodes:
    """Give the community of each node, numbered by falling size, once no iteration improves the partition.

    Args:    edges: [m, 2], no loops; weights: of each, positive.
    """
    base = graph_of(nodes, edges.max(axis=1), edges.min(axis=1), weights, np.ones(nodes))
    partition, draws = Partition.alone(base), Draws(seed)
    while _improved(base, partition, resolution, draws) > 0:
        pass
    return partition.membership


@dataclass(slots=True)
class _Level:
    """A graph that stands for the whole one, its partition, and which of its nodes each node of the whole is in."""

    graph: Graph
    partition: Partition


def _improved(base: Graph, partition: Partition, resolution: float, draws: Draws) -> float:
    """Do one iteration, which ends where nothing more can be put together; give by how much it improved."""
    level, inside, gained = _Level(base, partition), np.arange(base.nodes), 0.0
    while True:
        graph, found = level.graph, level.partition
        gained += move(graph, found, resolution, draws.order(graph.nodes))
        found.renumber()
        if graph is not base:
            partition.membership = found.membership[inside]
        refined = Partition.alone(graph)
        merge(graph, refined, found.membership, resolution, draws)
        refined.renumber()
        inside = refined.membership[inside]
        smaller = collapsed(graph, refined)
        membership = np.zeros(smaller.nodes, np.int64)
        membership[refined.membership] = found.membership
        further = smaller.nodes < graph.nodes and graph.nodes > found.communities
        level = _Level(smaller, Partition.of(smaller, membership))
        if not further:
            break
    if graph is not base:
        partition.count(base)
    partition.renumber()
    return gained
