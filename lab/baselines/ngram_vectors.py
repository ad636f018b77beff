"""Texts to unit vectors without a trained model: hashed words and character n-grams, TF-IDF, truncated SVD.

In: texts. Out: 384 numbers a text, of length 1. It stands in for a sentence encoder where none can be had: it knows
words and spelling, not meaning. Words, word pairs and runs of four bytes; weights and directions are learnt from other
texts than those that are judged. Sources: Deerwester et al. 1990 (LSA); Halko, Martinsson & Tropp 2011 (the SVD).
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

DIMENSIONS = 384
_BUCKETS = 2**17  # of words and pairs, and as many of runs of bytes
_RUN_BYTES = 4
_MOST_BYTES = 2_000  # of a text: the encoder of the paper reads 512 tokens
_EXTRA = 16  # directions drawn beyond those kept
_ROUNDS = 2  # of power iteration

Vectors: TypeAlias = npt.NDArray[np.float32]


class NgramVectors:
    """An encoder learnt from `texts`."""

    def __init__(self, texts: Sequence[str], seed: int) -> None:
        counts = hashed(texts)
        seen = np.bincount(counts.indices, minlength=counts.shape[1])
        self._weight = np.where(seen > 1, np.log((1 + len(texts)) / (1 + seen)), 0).astype(np.float32)
        self._axes = _axes(self._weighted(counts), np.random.default_rng(seed))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give each text its unit vector; a text without a known word gets zeros."""
        return _unit(np.asarray(self._weighted(hashed(texts)) @ self._axes))

    def _weighted(self, counts: sp.csr_array) -> sp.csr_array:
        weighted = counts.copy()
        weighted.data = (1 + np.log(counts.data)) * self._weight[counts.indices]
        length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return sp.csr_array(sp.diags_array(1 / np.maximum(length, 1e-12).astype(np.float32)) @ weighted)


def hashed(texts: Sequence[str]) -> sp.csr_array:
    """Count hashed words, word pairs and runs of four bytes: [texts, 2 * 2**17]."""
    parts = [np.concatenate([_words(text), _BUCKETS + _runs(text)]) for text in texts]
    ends = np.cumsum([0, *map(len, parts)])
    columns = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    counts = sp.csr_array((np.ones(len(columns), np.float32), columns, ends), shape=(len(texts), 2 * _BUCKETS))
    counts.sum_duplicates()
    return counts


def _words(text: str) -> npt.NDArray[np.int64]:
    words = text[:_MOST_BYTES].lower().split()
    terms = [*words, *map(" ".join, pairwise(words))]
    return np.array([zlib.crc32(term.encode()) % _BUCKETS for term in terms], np.int64)


def _runs(text: str) -> npt.NDArray[np.int64]:
    letters = np.frombuffer(" ".join(text.lower().split()).encode()[:_MOST_BYTES], np.uint8).astype(np.uint32)
    if len(letters) < _RUN_BYTES:
        return np.zeros(0, np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(letters, _RUN_BYTES) @ np.array([1, 2**8, 2**16, 2**24], np.uint32)
    return ((runs * np.uint32(2_654_435_761)) >> np.uint32(15)).astype(np.int64)  # Knuth's multiplicative hash


def _axes(weighted: sp.csr_array, pick: np.random.Generator) -> Vectors:
    """Leading right singular vectors [columns, dimensions]."""
    width = DIMENSIONS + _EXTRA
    basis = np.asarray(weighted @ pick.standard_normal((weighted.shape[1], width), np.float32))
    for _ in range(_ROUNDS):
        basis = np.asarray(weighted @ (weighted.T @ np.linalg.qr(basis)[0]))
    small = np.asarray(weighted.T @ np.linalg.qr(basis)[0])
    squared, turns = np.linalg.eigh(small.T @ small)
    kept = slice(-1, -1 - DIMENSIONS, -1)
    return np.ascontiguousarray(small @ turns[:, kept] / np.sqrt(squared[kept]), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
