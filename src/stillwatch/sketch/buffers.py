"""Arrow strings as the plain arrays that compiled loops read.

In: a string array. Out: its bytes, offsets and validity, without a copy where Arrow's layout allows.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Buffers = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def buffers(texts: pa.Array) -> Buffers:
    """Give (bytes, offsets [n + 1], valid [n]) of a string or binary array, slices and large offsets included."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    wide = pa.types.is_large_string(texts.type) or pa.types.is_large_binary(texts.type)
    _, offset_buffer, byte_buffer = texts.buffers()
    kind = np.dtype(np.int64 if wide else np.int32)
    if offset_buffer is None or len(texts) == 0:
        return np.zeros(1, np.uint8), np.zeros(len(texts) + 1, np.int64), np.zeros(len(texts), bool)
    offsets = np.frombuffer(offset_buffer, kind, len(texts) + 1, texts.offset * kind.itemsize).astype(np.int64)
    empty = byte_buffer is None or byte_buffer.size == 0
    raw = np.zeros(1, np.uint8) if empty else np.frombuffer(byte_buffer, np.uint8)
    return raw, offsets, pc.is_valid(texts).to_numpy(zero_copy_only=False)
