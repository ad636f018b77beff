"""Arrow columns made from NumPy numbers without a Python object per row.

In: indices, masks and 64-bit numbers. Out: Arrow arrays. Arrays are `Any` here: the stubs know no masked indices.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Column = Any
Mask = NDArray[np.bool_]

HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), "S2")


def strings(values: Sequence[str | None]) -> Column:
    """Hold words that rows point into."""
    return pa.array(values, pa.string())


def taken(values: Column, index: NDArray[Any], absent: Mask | None = None) -> Column:
    """Take values by index; null where `absent`."""
    return values.take(pa.array(index, mask=absent))


def numbers(values: NDArray[Any], kind: Any = None, absent: Mask | None = None) -> Column:
    """Turn numbers into a column; null where `absent`."""
    return pa.array(values, kind, mask=absent)


def nulled(values: Column, absent: Mask) -> Column:
    """Give the column with nulls where `absent`."""
    return pc.call_function("if_else", [pa.array(absent), pa.scalar(None, values.type), values])


def lengths(texts: Column) -> NDArray[np.float64]:
    """Characters of each text; 0 where there is none."""
    counted: Column = pc.call_function("utf8_length", [texts])
    filled: NDArray[np.float64] = counted.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    return filled


def joined(parts: Sequence[Column]) -> Column:
    """Put texts together row by row, nothing between them."""
    return pc.call_function("binary_join_element_wise", [*parts, pa.scalar("", pa.large_string())])


def hex_ids(values: NDArray[np.uint64], digits: int = 16, absent: Mask | None = None) -> Column:
    """Write 64-bit numbers as hex strings of `digits` characters; null where `absent`."""
    pairs = HEX[values.view(np.uint8).reshape(len(values), 8)][:, : digits // 2]
    offsets = np.arange(len(values) + 1, dtype=np.int32) * digits
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(np.ascontiguousarray(pairs).tobytes())]
    whole: Column = pa.Array.from_buffers(pa.string(), len(values), buffers)
    return whole if absent is None else nulled(whole, absent)


def token(values: NDArray[Any], salt: int) -> NDArray[np.uint64]:
    """Turn small numbers into well-spread 64-bit ones; the same number and salt give the same token."""
    mixed = (values.astype(np.uint64) + np.uint64(salt & (2**64 - 1))) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
