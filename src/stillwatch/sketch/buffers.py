"""Arrow strings as the plain arrays that compiled loops read.

In: a string array. Out: its bytes, offsets and validity, without a copy where Arrow's layout allows.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Texts: TypeAlias = pa.Array | pa.ChunkedArray
Buffers: TypeAlias = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def buffers(texts: Texts) -> Buffers:
    """Give (bytes, offsets [n + 1], valid [n]) of a string or binary array, slices and large offsets included."""
    plain = one_array(texts)
    _, offset_buffer, bytes_buffer = plain.buffers()
    if offset_buffer is None or len(plain) == 0:
        return np.zeros(1, np.uint8), np.zeros(len(plain) + 1, np.int64), np.zeros(len(plain), bool)
    if pa.types.is_large_string(plain.type) or pa.types.is_large_binary(plain.type):
        offsets = np.frombuffer(offset_buffer, np.int64, len(plain) + 1, plain.offset * 8)
    else:
        offsets = np.frombuffer(offset_buffer, np.int32, len(plain) + 1, plain.offset * 4).astype(np.int64)
    letters = np.zeros(1, np.uint8)
    if bytes_buffer is not None and bytes_buffer.size:
        letters = np.frombuffer(bytes_buffer, np.uint8)
    return letters, offsets, np.asarray(plain.is_valid().to_numpy(zero_copy_only=False), bool)


def one_array(texts: Texts) -> pa.Array:
    """Give chunks and dictionaries as one plain array."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.dictionary_decode() if isinstance(whole, pa.DictionaryArray) else whole
