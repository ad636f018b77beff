"""FRAUDAR: the densest block of accounts and objects, with popular objects counting less.

Claims: these accounts all touch these objects, more than camouflage can hide. An edge to an object that d accounts show
weighs 1 / log(d + 5). Accounts and objects are peeled, always the one that contributes least; the best average weight
on the way is the block. Up to 8 blocks are peeled one after another; each takes its accounts out.
Fair threshold: a block must be denser than the reference's blocks. Plain: the densest block, whatever its density.
Source: Hooi et al. 2016, FRAUDAR: bounding graph fraud in the face of camouflage.
"""

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array, hstack

from baselines.cuts import allowed
from baselines.log import Group, Ints, Log
from baselines.objects import incidence, objects

MOST_BLOCKS = 8
LEAST_ACCOUNTS = 3
DAMPING = 5.0


@dataclass(frozen=True, eq=False)
class Block:
    """Accounts of a dense block, and its weight a node."""

    accounts: Ints
    density: float


def shown(log: Log) -> csr_array:
    """Give the 0/1 matrix of accounts and shared objects."""
    return csr_array(hstack([incidence(log, keys) for keys in objects(log).values()], format="csr"))


def weighted(matrix: csr_array) -> csr_array:
    """Weigh every edge by how few accounts show its object."""
    sharers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    weight = 1.0 / np.log(sharers + DAMPING)
    return csr_array((weight[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape)


def densest(matrix: csr_array) -> Block:
    """Peel accounts and objects greedily, and give the accounts of the densest block on the way.

    The block weighs at least half of the densest there is, a node (the paper's theorem 2).
    """
    accounts = matrix.shape[0]
    edges, weights = _adjacency(matrix)
    priority = np.array([sum(own) for own in weights])
    heap = [(float(p), node) for node, p in enumerate(priority) if edges[node]]
    heapq.heapify(heap)
    alive = np.array([bool(e) for e in edges])
    total, left = float(priority[:accounts].sum()), int(alive.sum())
    best, gone, kept = total / max(left, 1), [], 0
    while left > 1:
        value, node = heapq.heappop(heap)
        if not alive[node] or value > priority[node]:
            continue
        alive[node], total, left = False, total - priority[node], left - 1
        gone.append(node)
        for other, weight in zip(edges[node], weights[node], strict=True):
            if alive[other]:
                priority[other] -= weight
                heapq.heappush(heap, (float(priority[other]), other))
        if total / left > best + 1e-12:
            best, kept = total / left, len(gone)
    inside = np.array([bool(e) for e in edges])
    inside[gone[:kept]] = False
    return Block(np.flatnonzero(inside[:accounts]), best)


def _adjacency(matrix: csr_array) -> tuple[list[list[int]], list[list[float]]]:
    """Neighbours and weights of every node: accounts first, then objects."""
    accounts = matrix.shape[0]
    back = csr_array(matrix.T)
    edges: list[list[int]] = []
    weights: list[list[float]] = []
    for side, offset in ((matrix, accounts), (back, 0)):
        for row in range(side.shape[0]):
            span = slice(int(side.indptr[row]), int(side.indptr[row + 1]))
            edges.append((side.indices[span] + offset).tolist())
            weights.append(side.data[span].tolist())
    return edges, weights


@lru_cache(maxsize=4)
def blocks(log: Log) -> tuple[Block, ...]:
    """Give up to `MOST_BLOCKS` dense blocks with different accounts, in the order of peeling."""
    matrix, found = shown(log), []
    for _ in range(MOST_BLOCKS):
        block = densest(weighted(matrix))
        if len(block.accounts) < LEAST_ACCOUNTS:
            break
        found.append(block)
        kept = np.ones(len(log.ids))
        kept[block.accounts] = 0.0
        matrix = csr_array(matrix.multiply(kept[:, None]))
        matrix.eliminate_zeros()
    return tuple(found)


def density_cut(reference: Log) -> float:
    """Give the density above which the reference's blocks hold at most the allowed number of accounts."""
    accused = 0
    for block in sorted(blocks(reference), key=lambda block: -block.density):
        accused += len(block.accounts)
        if accused > allowed(len(reference.ids)):
            return block.density
    return -np.inf


def find(log: Log, reference: Log) -> list[Group]:
    """Give the blocks that are denser than those of the reference."""
    cut = density_cut(reference)
    return [log.name(block.accounts) for block in blocks(log) if block.density > cut]


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # the densest block needs no reference
    """Give the densest block."""
    return [log.name(block.accounts) for block in blocks(log)[:1]]
