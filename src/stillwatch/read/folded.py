"""Repeated texts of Parquet: kept as numbers into a list of texts until it is known what they would take as texts.

In: a file's metadata, and batches whose columns may be such numbers. Out: pieces of a batch that stay small unfolded. A
text of a megabyte that a million rows point at is a small file and a terabyte of text.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SELDOM_REPEATED = frozenset({"exchange_id", "prompt_text", "reply_text"})  # folding what is unique costs most of all


def folded_columns(metadata: Any) -> list[str]:
    """Name the columns of text, nested ones too, but for those of the canonical table that seldom repeat.

    Which columns a file says to repeat is not asked: Arrow ends the process where that part of a file is forged.
    """
    columns = map(metadata.schema.column, range(len(metadata.schema)))
    return [one.path for one in columns if one.physical_type == "BYTE_ARRAY" and one.path not in _SELDOM_REPEATED]


def unfolded_pieces(batch: pa.RecordBatch, limit_bytes: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Cut a batch into pieces of at most so many bytes of text, or of one row; give each with its bytes."""
    if batch.nbytes + sum(map(_most, batch.columns)) <= limit_bytes:
        yield batch, batch.nbytes + sum(map(_most, batch.columns))
        return
    ends = np.cumsum(sum(map(_sizes, batch.columns), np.zeros(batch.num_rows, np.int64)))
    start, before = 0, 0
    while start < batch.num_rows:
        end = max(start + 1, int(np.searchsorted(ends, before + limit_bytes, "right")))
        yield batch.slice(start, end - start), int(ends[end - 1] - before)
        start, before = end, int(ends[end - 1])


def _most(column: Any) -> int:
    """The most that the numbers of a column can unfold to."""
    if pa.types.is_dictionary(column.type):
        return (pc.max(pc.binary_length(column.dictionary)).as_py() or 0) * len(column)
    return sum(map(_most, _children(column)))


def _sizes(column: Any) -> Any:
    """Bytes of text in each row."""
    if pa.types.is_dictionary(column.type):
        texts = np.append(_sizes(column.dictionary), 0)
        return texts[column.indices.fill_null(len(column.dictionary)).to_numpy()]
    if _is_text(column):
        return np.asarray(pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    inside = sum(map(_sizes, _children(column)))
    if isinstance(inside, int) or pa.types.is_struct(column.type):
        return np.zeros(len(column), np.int64) + inside
    return np.diff(np.concatenate([[0], np.cumsum(inside)])[column.offsets.to_numpy()])


def _children(column: Any) -> list[Any]:
    """Columns inside a column: whole, whatever rows of it are shown."""
    if pa.types.is_struct(column.type):
        return list(column.flatten())
    if pa.types.is_map(column.type):
        return [column.keys, column.items]
    return [column.values] if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) else []


def _is_text(column: Any) -> bool:
    return any(is_of(column.type) for is_of in (
        pa.types.is_string, pa.types.is_binary, pa.types.is_large_string, pa.types.is_large_binary
    ))  # fmt: skip
