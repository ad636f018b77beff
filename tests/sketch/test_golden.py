"""The sketch of a text is part of the format: these values may change only together with `VERSION`."""

import hashlib

import numpy as np
import pyarrow as pa

from stillwatch.sketch import (
    FEATURE_BUCKETS,
    HEADS,
    SHAPE_BUCKETS,
    VERSION,
    Projection,
    feature_rows,
    hash64,
    signature,
)
from stillwatch.sketch.texts import sketch_texts

LONG = "The quick brown fox, aged 12, doesn't jump over 3 lazy dogs; it READS `code_1 = f(x)` instead. " * 40
TEXTS = [
    "a",
    "Explain step by step why 17 * 23 = 391?",
    "请逐步写出完整的推理过程\uff0c最后给出答案。再算一次\uff1a12 + 30。",
    "Пошагово запиши ход рассуждений. Café naïve ÀÉ — déjà vu…",
    'line one\nline two\n\n{"key": [1, 2, 3]}\t<end/>\r\n' * 3,
    "x" * 300 + " " + "9" * 300 + "?",
    "emoji 🙂 and a rare ideograph 𠀀 and \u200b zero width",
    " leading and trailing  spaces   ",
    "".join(chr(code) for code in range(1, 0x250)),
    LONG,
    LONG * 40,
    "-- no words -- but these",
    "!!! ... ???",
]

GOLDEN: dict[str, object] = {
    "version": 2,
    "hashes": "8b681c51602d114e",
    "counts": "9a67cdd62cd56dbf",
    "features": "9982ef5f81d824eb",
    "scores": "7d4a48f70fc66204",
    "signature": "3a832fe0e172598b",
    "ids": "33c3f61a86d6fd2d",
}


def _digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]


def test_the_same_text_keeps_the_same_sketch_for_ever() -> None:
    """Hashes, counts, features and scores of fixed texts are those written down here."""
    texts = pa.array(TEXTS)
    rows = np.arange((FEATURE_BUCKETS + SHAPE_BUCKETS) * HEADS, dtype=np.uint64)
    weights = ((rows * np.uint64(2654435761) >> np.uint64(13)) % np.uint64(255)).astype(np.int16) - 127
    projection = Projection(weights.astype(np.int8).reshape(-1, HEADS), 0.01, np.zeros(HEADS, np.float32))
    sketched = sketch_texts(texts, projection)
    indptr, indices, _ = feature_rows(texts)
    found = {
        "version": VERSION,
        "hashes": _digest(sketched.hashes),
        "counts": _digest(sketched.counts),
        "features": _digest(indptr, indices),
        "scores": _digest(sketched.scores.round(3) + np.float32(0)),
        "signature": _digest(signature(texts)),
        "ids": _digest(hash64(texts)),
    }
    assert found == GOLDEN
