"""Repeated texts of Parquet give the rows they always gave, in pieces that stay small."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.read.folded import folded_columns, unfolded_pieces

WORDS = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1, 0], pa.int32()), pa.array(["x" * 100, "y" * 7]))
INDICES = pa.array([0, 1, 0, 1], pa.int32())


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def test_what_is_small_stays_whole() -> None:
    (only,) = unfolded_pieces(batch(a=WORDS), 10_000)
    assert only[0].num_rows == 5


@pytest.mark.parametrize("limit_bytes", [1, 100, 107, 120])
def test_pieces_hold_the_rows_in_order_and_few_bytes(limit_bytes: int) -> None:
    pieces = list(unfolded_pieces(batch(a=WORDS), limit_bytes))
    assert [row for piece, _ in pieces for row in piece["a"].to_pylist()] == WORDS.to_pylist()
    assert all(size <= limit_bytes or piece.num_rows == 1 for piece, size in pieces)
    assert sum(size for _, size in pieces) == 214


def test_texts_inside_lists_objects_and_maps_count() -> None:
    inside = pa.DictionaryArray.from_arrays(INDICES, pa.array(["x" * 100, "y" * 7]))
    listed = pa.ListArray.from_arrays(pa.array([0, 1, 4], pa.int32()), inside)
    mapped = pa.MapArray.from_arrays(pa.array([0, 3, 4], pa.int32()), pa.array(["a", "b", "c", "d"]), inside)
    objects = pa.StructArray.from_arrays([inside.slice(0, 2)], ["a"])
    pieces = list(unfolded_pieces(batch(listed=listed, mapped=mapped, objects=objects), 1))
    assert [size for _, size in pieces] == [100 + 3 + 207 + 100, 114 + 1 + 7 + 7]


def test_columns_of_text_are_named(tmp_path: Any) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"n": [1, 2], "prompt_text": ["x", "y"], "a": ["x", "x"], "l": [["x"], []]}), path)
    assert set(folded_columns(pq.read_metadata(path))) == {"a", "l.list.element"}
