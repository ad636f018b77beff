"""A graph as compiled loops read it, a partition of it, and the smaller graph of a partition's communities.

In: edges, or a graph and its partition. Out: `Graph`, `Partition`. Edges of one pair of communities may be two,
and a community is tied to itself by what lies inside it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.together.squares import compiled

Nodes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Graph:
    """An undirected graph; a loop stands twice among its node's neighbours.

    upper, lower, weights: the ends of each edge, and its weight; sizes: nodes of the whole graph that each stands for;
    starts, beside, ties: neighbours of node v are beside[starts[v]:starts[v + 1]], tied by `ties`; loops: weight of
    each node's loop; strengths: of all its edges, loops twice; total: of all edges.
    """

    upper: Nodes
    lower: Nodes
    weights: Floats
    sizes: Floats
    starts: Nodes
    beside: Nodes
    ties: Floats
    loops: Floats
    strengths: Floats
    total: float

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self.sizes)


def graph_of(nodes: int, upper: Nodes, lower: Nodes, weights: Floats, sizes: Floats) -> Graph:
    """Make a graph of edges, each from its larger node to its smaller."""
    starts, beside, ties = _neighbours(nodes, upper, lower, weights)
    strengths, loops = np.zeros(nodes), np.zeros(nodes)
    total = _add_up(upper, lower, weights, np.arange(nodes), strengths)
    own = upper == lower
    loops[upper[own]] = weights[own]
    return Graph(upper, lower, weights, sizes, starts, beside, ties, loops, strengths, total)


@dataclass(slots=True)
class Partition:
    """membership: community of each node; held: strengths of each community's nodes, added up as they came and went;
    sizes, members: of each, as nodes of the whole graph and of this one; communities: how many are numbered.
    """

    membership: Nodes
    held: Floats
    sizes: Floats
    members: Nodes
    communities: int

    @classmethod
    def alone(cls, graph: Graph) -> "Partition":
        """Each node by itself."""
        return cls.of(graph, np.arange(graph.nodes))

    @classmethod
    def of(cls, graph: Graph, membership: Nodes) -> "Partition":
        """A partition of which the communities are given."""
        made = cls(membership, np.zeros(0), np.zeros(0), np.zeros(0, np.int64), 0)
        made.count(graph)
        return made

    def count(self, graph: Graph) -> None:
        """Count again what each community holds."""
        self.held = np.zeros(graph.nodes)
        _add_up(graph.upper, graph.lower, graph.weights, self.membership, self.held)
        self.sizes = np.bincount(self.membership, graph.sizes, minlength=graph.nodes).astype(np.float64)
        self.members = np.bincount(self.membership, minlength=graph.nodes)
        self.communities = int(self.membership.max(initial=-1)) + 1

    def renumber(self) -> None:
        """Number communities by falling size, then by falling members; empty ones go."""
        some = slice(self.communities)
        order = np.lexsort((np.arange(self.communities), -self.members[some], -self.sizes[some]))
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        self.membership = number[self.membership]
        self.communities = int(np.count_nonzero(self.members[some]))
        self.held[some], self.sizes[some] = self.held[order], self.sizes[order]
        self.members[some] = self.members[order]


def collapsed(graph: Graph, partition: Partition) -> Graph:
    """Give the graph whose nodes are the communities."""
    order = np.argsort(partition.membership, kind="stable")
    room = len(graph.weights)
    ends, weights = np.empty((2, room), np.int64), np.empty(room)
    neighbours = graph.starts, graph.beside, graph.ties
    count = _collapse(neighbours, order, partition.membership, partition.communities, ends, weights)
    first, second = ends[:, :count]
    sizes = partition.sizes[: partition.communities].copy()
    upper, lower = np.maximum(first, second), np.minimum(first, second)
    return graph_of(partition.communities, upper, lower, weights[:count].copy(), sizes)


@compiled
def _add_up(upper: Nodes, lower: Nodes, weights: Floats, of: Nodes, held: Floats) -> float:
    """Add each edge's weight to what its ends belong to; give the weight of all."""
    total: float = 0.0
    for e in range(len(weights)):
        held[of[upper[e]]] += weights[e]
        held[of[lower[e]]] += weights[e]
        total += weights[e]
    return total


@compiled
def _neighbours(nodes: int, upper: Nodes, lower: Nodes, weights: Floats) -> tuple[Nodes, Nodes, Floats]:
    """List the neighbours of each node in their order, of one neighbour the latest edge first."""
    many = len(weights)
    starts = np.zeros(nodes + 1, np.int64)
    for e in range(many):
        starts[upper[e] + 1] += 1
        starts[lower[e] + 1] += 1
    for v in range(nodes):
        starts[v + 1] += starts[v]
    by_other, at = np.empty(2 * many, np.int64), starts[:-1].copy()
    for e in range(many - 1, -1, -1):  # an edge and which of its ends is the node
        by_other[at[lower[e]]] = 2 * e
        at[lower[e]] += 1
        by_other[at[upper[e]]] = 2 * e + 1
        at[upper[e]] += 1
    beside, ties, at = np.empty(2 * many, np.int64), np.empty(2 * many), starts[:-1].copy()
    for k in range(2 * many):
        one = by_other[k]
        edge = one >> 1
        node, other = (upper[edge], lower[edge]) if one & 1 == 0 else (lower[edge], upper[edge])
        beside[at[node]], ties[at[node]] = other, weights[edge]
        at[node] += 1
    return starts, beside, ties


@compiled
def _collapse(  # noqa: PLR0913, PLR0917 - arrays that a compiled loop reads and fills
    neighbours: tuple[Nodes, Nodes, Floats],
    order: Nodes,
    membership: Nodes,
    communities: int,
    ends: npt.NDArray[np.int64],
    weights: Floats,
) -> int:
    """Add up the edges between communities, each edge where its larger node is; give how many pairs there are."""
    starts, beside, ties = neighbours
    tied, met = np.zeros(communities), np.empty(communities, np.int64)
    seen = np.zeros(communities, np.bool_)
    count, place = 0, 0
    for community in range(communities):
        several = 0
        while place < len(order) and membership[order[place]] == community:
            v = order[place]
            place += 1
            for q in range(starts[v], starts[v + 1]):
                if beside[q] > v:
                    break
                other = membership[beside[q]]
                if not seen[other]:
                    seen[other], met[several] = True, other
                    several += 1
                tied[other] += ties[q] / 2.0 if beside[q] == v else ties[q]
        for k in range(several):
            ends[0, count], ends[1, count], weights[count] = community, met[k], tied[met[k]]
            count += 1
            seen[met[k]], tied[met[k]] = False, 0.0
    return count
