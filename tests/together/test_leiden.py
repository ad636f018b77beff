"""Communities are those that leidenalg finds, node by node: the same sums, the same random numbers."""

import igraph
import leidenalg
import numpy as np
import pytest

from stillwatch.together.leiden import leiden
from stillwatch.together.leiden.draws import Draws


def _oracle(nodes: int, edges: np.ndarray, weights: np.ndarray, resolution: float) -> list[int]:
    partition = leidenalg.find_partition(
        igraph.Graph(nodes, edges),
        leidenalg.RBConfigurationVertexPartition,
        weights=weights.tolist(),
        resolution_parameter=resolution,
        seed=1,
        n_iterations=-1,
    )
    return list(partition.membership)


@pytest.mark.parametrize("seed", range(60))
def test_the_partition_is_that_of_leidenalg(seed: int) -> None:
    """On random graphs, one- and two-sided, with equal weights and with any, at both resolutions that are used."""
    rng = np.random.default_rng(seed)
    nodes, count = int(rng.integers(2, 300)), int(rng.integers(1, 1_000))
    first = rng.integers(0, max(nodes // 4, 1) if seed % 2 else nodes, count)
    edges = np.sort(np.column_stack([first, rng.integers(0, nodes, count)]), axis=1)
    edges = np.unique(edges[edges[:, 0] != edges[:, 1]], axis=0)
    weights = rng.random(len(edges)) + 0.01 if seed % 3 else np.ones(len(edges))
    resolution = 0.5 if seed % 4 else 0.1
    assert leiden(nodes, edges, weights, resolution, 1).tolist() == _oracle(nodes, edges, weights, resolution)


def test_a_graph_of_cliques_falls_into_them() -> None:
    """Ten cliques in a ring, each tied to the next by one edge."""
    inside = [(10 * c + i, 10 * c + j) for c in range(10) for i in range(10) for j in range(i)]
    between = [(10 * c, (10 * c + 11) % 100) for c in range(10)]
    edges = np.array(inside + between)
    found = leiden(100, edges, np.ones(len(edges)), 1.0, 1)
    assert sorted(np.bincount(found).tolist()) == [10] * 10
    assert all(len(set(found[10 * c : 10 * c + 10].tolist())) == 1 for c in range(10))


def test_orders_go_on_from_each_other() -> None:
    """One stream of random numbers: two orders of a stream are not the same one twice, and any seed repeats them."""
    one, other = Draws(3), Draws(3)
    assert one.order(50).tolist() == other.order(50).tolist()
    again = other.order(50).tolist()
    assert one.order(50).tolist() == again
    assert sorted(again) == list(range(50))
    assert again != Draws(3).order(50).tolist()
