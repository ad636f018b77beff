"""Sketches of texts as arrays: features, hashes, MinHash signatures.

In: Arrow strings. Out: NumPy arrays. The same bytes give the same result in any process, order, slice or shard.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from stillwatch.sketch import kernel
from stillwatch.sketch.buffers import Texts, buffers, one_array

_EMPTY_SLOT = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear model over hashed features. weights: int8 [FEATURE_BUCKETS + SHAPE_BUCKETS, HEADS]; bias: [HEADS].

    score = bias + scale * (0.12 / sqrt(n) * sum of the n rows of words and pairs of words
    + sum of the rows of the first and the last 16 words / 16 + mean of the shape rows).
    """

    weights: npt.NDArray[np.int8]
    scale: float
    bias: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextSketch:
    """hashes: int64 [n, 7] (task, head, tail, four anywhere); counts: int32 [n, 2] (characters, words);
    scores: float32 [n, HEADS]; valid: bool [n].
    """

    hashes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


@cache
def _characters() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    return kernel.characters()


def sketch_texts(texts: Texts, projection: Projection) -> TextSketch:
    """Sketch texts in one pass over their bytes; an empty text counts as none."""
    raw, offsets, present = buffers(texts)
    valid = present & (np.diff(offsets) > 0)
    hashes = np.zeros((len(valid), 3 + kernel.SLOTS), np.uint64)
    counts = np.zeros((len(valid), 2), np.int32)
    scores = np.tile(np.asarray(projection.bias, np.float32), (len(valid), 1))
    weights = kernel.packed(projection.weights)
    scale = np.float32(projection.scale)
    kernel.sketch_rows(raw, offsets, valid, *_characters(), weights, scale, hashes, counts, scores)
    return TextSketch(hashes.view(np.int64), counts, scores, valid)


def scaffold_hashes(text: str) -> list[int]:
    """Hash the scaffolds of one text: head, tail and anywhere as in `sketch_texts`, those that there are."""
    raw = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    hashes = np.zeros((1, 2 + kernel.SLOTS), np.uint64)
    kernel.scaffold_rows(raw, np.array([0, len(raw)], np.int64), np.array([len(raw) > 0]), *_characters(), hashes)
    return [value for value in hashes.view(np.int64)[0].tolist() if value]


def feature_rows(
    texts: Texts,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """List the model rows of every text and what each weighs: (indptr, indices, values).

    Words and pairs of words come first, then first and last words, then shape rows (>= FEATURE_BUCKETS).
    """
    raw, offsets, valid = buffers(texts)
    indptr = np.zeros(len(valid) + 1, np.int64)
    indices, values = np.zeros(0, np.int32), np.zeros(0, np.float32)
    kernel.feature_rows_of(raw, offsets, valid, *_characters(), indptr, indices, values)
    indices, values = np.zeros(indptr[-1], np.int32), np.zeros(indptr[-1], np.float32)
    kernel.feature_rows_of(raw, offsets, valid, *_characters(), indptr, indices, values)
    return indptr, indices, values


def hash64(values: Texts) -> npt.NDArray[np.int64]:
    """Hash strings to 64 bits, never 0 but for null and empty ones; fixed for ever."""
    raw, offsets, valid = buffers(values)
    out = np.zeros(len(valid), np.uint64)
    kernel.hash_strings(raw, offsets, valid, out)
    return out.view(np.int64)


def folded_hash64(texts: Texts) -> npt.NDArray[np.int64]:
    """Hash the words of texts, digits folded; 0 for null or wordless ones. Repeated texts are hashed once."""
    distinct = one_array(texts).dictionary_encode()
    raw, offsets, valid = buffers(distinct.dictionary)
    out = np.zeros(len(valid) + 1, np.uint64)
    kernel.folded_hashes(raw, offsets, valid, *_characters(), out)
    codes = np.asarray(distinct.indices.fill_null(len(valid)).to_numpy(zero_copy_only=False), np.int64)
    return np.asarray(out.view(np.int64)[codes])


def signature(texts: Texts, slots: int = 64) -> npt.NDArray[np.uint32]:
    """MinHash signatures [n, slots] of the 5-word shingles of texts; all ones where there are none.

    Source:  Broder 1997, On the resemblance and containment of documents.
    """
    raw, offsets, valid = buffers(texts)
    out = np.full((len(valid), slots), _EMPTY_SLOT, np.uint32)
    kernel.signatures(raw, offsets, valid, *_characters(), out)
    return out


def merge(a: npt.NDArray[np.uint32], b: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Give the signature of the union of two texts' shingles: commutative, associative, idempotent."""
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"signatures of {a.shape[-1]} and {b.shape[-1]} slots cannot be merged")
    return np.minimum(a, b)


def jaccard(a: npt.NDArray[np.uint32], b: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """Estimate the Jaccard similarity of two texts from their MinHash signatures.

    Args:    a, b: k slot minima each along the last axis, same k.
    Returns: a fraction 0..1; standard error about sqrt(j * (1 - j) / k).
    Raises:  ValueError: the signatures differ in k.
    Source:  Broder 1997, On the resemblance and containment of documents.
    """
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"signatures of {a.shape[-1]} and {b.shape[-1]} slots cannot be compared")
    return np.asarray(np.mean((a == b) & (a != _EMPTY_SLOT), axis=-1))
