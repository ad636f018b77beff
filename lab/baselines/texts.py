"""Prompts as vectors, for the baselines that were published on embeddings of prompts.

In: `Log`. Out: rows of unit length. Word and word-pair counts, weighted by their rarity in the reference, through a
fixed random projection: no language model is needed, and none is used. The papers' encoders know meaning; this one
knows wording. Source of the projection: Achlioptas 2003, Database-friendly random projections.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from baselines.log import Ints, Log
from stillwatch.sketch import FEATURE_BUCKETS, feature_rows

DIMENSIONS = 128
SEED = 2606
Vectors = npt.NDArray[np.float32]


@lru_cache(maxsize=4)
def word_counts(log: Log) -> csr_array:
    """Count hashed words and pairs of words of every prompt, dampened: 1 + log(count)."""
    indptr, indices, _ = feature_rows(log.exchanges["prompt_text"].combine_chunks())
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    words = indices < FEATURE_BUCKETS
    shape = (len(indptr) - 1, FEATURE_BUCKETS)
    counts = csr_array((np.ones(int(words.sum()), np.float32), (rows[words], indices[words])), shape=shape)
    counts.sum_duplicates()
    counts.data = np.asarray(1.0 + np.log(counts.data), np.float32)
    return counts


@lru_cache(maxsize=4)
def vectors(log: Log, reference: Log) -> Vectors:
    """Embed every prompt: [exchanges, DIMENSIONS], unit length; zero for a prompt without words."""
    seen = np.bincount(word_counts(reference).indices, minlength=FEATURE_BUCKETS)
    rarity = np.log((1 + len(reference.account)) / (1 + seen)).astype(np.float32)
    signs = np.random.default_rng(SEED).choice(np.array([-1, 1], np.float32), (FEATURE_BUCKETS, DIMENSIONS))
    flat = np.asarray((word_counts(log) @ diags_array(rarity)).tocsr() @ signs, np.float32)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(length, 1e-9), np.float32)


def window(log: Log, account: int, size: int) -> Ints:
    """Give `size` exchanges of an account, evenly spread over its life; fewer if it has fewer."""
    first, last = int(log.starts[account]), int(log.starts[account + 1])
    if last - first <= size:
        return np.arange(first, last)
    return first + (np.arange(size) * (last - first)) // size
