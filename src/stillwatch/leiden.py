"""Communities of a weighted graph, the same at every run.

In: edges and weights. Out: a community for every vertex. igraph's own Leiden: on the graph of accused groups of a large
log it takes a second where the library of the method's author takes half a minute, and finds the higher modularity.
Source: Traag, Waltman & van Eck 2019, From Louvain to Leiden.
"""

import random

import igraph
import numpy as np
import numpy.typing as npt

_SEED = 1


def communities(
    vertices: int, edges: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], resolution: float = 1.0
) -> npt.NDArray[np.int64]:
    """Name the community of every vertex, [vertices], numbered from 0: of greatest modularity, as far as can be found.

    Args:    edges: [edges, 2], in a fixed order; weights: [edges], positive; resolution: low ones give few, large ones.
    """
    if not vertices:
        return np.zeros(0, np.int64)
    graph = igraph.Graph(vertices, edges)
    igraph.set_random_number_generator(random.Random(_SEED))  # noqa: S311  # an order to try vertices in, no secret
    try:
        found = graph.community_leiden(objective_function="modularity", weights=weights.tolist(), resolution=resolution)
    finally:
        igraph.set_random_number_generator(random)
    return np.asarray(found.membership, np.int64)
