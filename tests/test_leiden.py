"""Communities of weighted graphs: what is planted is found, at every run the same, and no other draw is touched."""

import random

import numpy as np

from stillwatch import leiden


def _planted(parts: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Parts that are dense inside, and one light edge from each to the next."""
    rng = np.random.default_rng(seed)
    vertices = np.arange(size)
    one = np.array([(a, b) for a in vertices for b in vertices[a + 1 :] if rng.random() < 0.5])
    inside = np.vstack([one + part * size for part in range(parts)])
    bridges = np.array([(part * size, (part + 1) % parts * size) for part in range(parts)])
    return np.vstack([inside, bridges]), np.concatenate([np.full(len(inside), 3.0), np.full(parts, 1.0)])


def test_what_is_planted_is_found() -> None:
    """Twenty parts in a ring come out as twenty communities."""
    edges, weights = _planted(20, 12, seed=1)
    found = leiden.communities(240, edges, weights).reshape(20, 12)
    assert (found == found[:, :1]).all()
    assert len(set(found[:, 0].tolist())) == 20


def test_a_lower_resolution_gives_fewer_communities() -> None:
    """Down to one, where every edge is worth more than chance."""
    edges, weights = _planted(20, 12, seed=2)
    counts = [len(set(leiden.communities(240, edges, weights, g).tolist())) for g in (1.0, 0.1, 0.0)]
    assert counts[0] > counts[1] > counts[2] == 1


def test_every_run_says_the_same_and_leaves_the_callers_chance_alone() -> None:
    """A graph without structure has many partitions that are about as good."""
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 500, (3_000, 2))
    edges = edges[edges[:, 0] != edges[:, 1]]
    weights = np.ones(len(edges))
    random.seed(7)
    state = random.getstate()
    first = leiden.communities(500, edges, weights)
    assert random.getstate() == state
    random.seed(8)
    assert (leiden.communities(500, edges, weights) == first).all()


def test_no_vertex_gives_no_community() -> None:
    """As where no two accounts share a task."""
    assert len(leiden.communities(0, np.zeros((0, 2), np.int64), np.zeros(0))) == 0
