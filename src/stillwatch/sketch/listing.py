"""The words of texts as numbers, in order: what a comparison of windows counts.

In: Arrow strings. Out: `WordLists`, cut out of the rows that `feature_rows` gives in one pass.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.sketch import kernel
from stillwatch.sketch.buffers import Texts
from stillwatch.sketch.texts import feature_rows

_ALL_EDGES = 4 * kernel.MODEL_EDGE_WORDS - 1  # rows of words, pairs and edges from which a text has all its edges


@dataclass(frozen=True, slots=True, eq=False)
class WordLists:
    """Those of text k are words[starts[k]:starts[k + 1]], in order, and its edges likewise; shapes: int32 [n, 10].

    A word is one of 65,536 rows. Edges are rows of first and last words, each told from the word's own row.
    """

    starts: npt.NDArray[np.int64]
    words: npt.NDArray[np.int32]
    edge_starts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int32]
    shapes: npt.NDArray[np.int32]


def word_lists(texts: Texts) -> WordLists:
    """List words, first and last words and shape of every text; a null or wordless one has an empty list."""
    indptr, indices, _ = feature_rows(texts)
    rows = np.diff(indptr) - kernel.SHAPES
    few = rows <= _ALL_EDGES  # n words make 2 n - 1 rows of words and pairs, and 2 min(n, 16) rows of edges
    words = np.where(few, (rows + 1) // 4, (rows + 1) // 2 - kernel.MODEL_EDGE_WORDS)
    edges = 2 * np.minimum(words, kernel.MODEL_EDGE_WORDS)
    place = np.arange(len(indices)) - np.repeat(indptr[:-1], np.diff(indptr))
    scored = np.repeat(rows - edges, np.diff(indptr))
    listed = np.repeat(rows, np.diff(indptr))
    is_word = (place < scored) & ((place == 0) | (place % 2 == 1))
    is_edge = (place >= scored) & (place < listed)
    shapes = indices[place >= listed].reshape(len(rows), kernel.SHAPES) - kernel.FEATURE_BUCKETS
    return WordLists(_starts(words), indices[is_word], _starts(edges), indices[is_edge], shapes)


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
