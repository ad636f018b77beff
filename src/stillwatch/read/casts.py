"""One Arrow column as its declared type, without a Python object a value wherever Arrow can do it.

In: a column of a Parquet file. Out: the column as declared, and the rows whose value is none of that type. Every
choice here gives what `values.converted` gives for the same value in a row format.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.read.values import EARLIEST, EPOCH_UNITS, LATEST, RowFault, converted
from stillwatch.tables import Column

Rows = npt.NDArray[np.int64]
Values = Any  # pa.Array; its stubs know too few of its kernels

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NONE: Rows = np.zeros(0, np.int64)


def cast(values: Values, column: Column, kind: pa.DataType) -> tuple[Values, Rows]:
    """Give the column in its type, null where a value is none of that type, and the numbers of those rows.

    Empty strings and not-a-number are no values, as in the row formats.
    """
    values = _undecimal(_plain(values), kind)
    if column.type == "timestamp" and pa.types.is_timestamp(values.type):
        return _times(values, kind)
    if column.type == "timestamp" and (pa.types.is_int64(values.type) or pa.types.is_float64(values.type)):
        return _epochs(values, kind)
    try:
        fast = _fast(values, column, kind)
    except pa.ArrowException:
        fast = None
    return (fast, _NONE) if fast is not None else _one_by_one(values, column, kind)


def _plain(values: Values) -> Values:
    """Undo encodings that carry no meaning: dictionaries, wide offsets, days for times, not-a-number for nothing."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_list(values.type) and pa.types.is_dictionary(values.type.value_type):
        values = values.cast(pa.list_(values.type.value_type.value_type))
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("ms"))
    if pa.types.is_floating(values.type):
        nothing = pc.is_nan(values).fill_null(False)  # noqa: FBT003 - positional in Arrow
        values = pc.if_else(nothing, pa.scalar(None, values.type), values) if nothing.true_count else values
    return values


def _undecimal(values: Values, kind: pa.DataType) -> Values:
    """Decimals, as warehouses export every number, as plain ones; as text they keep all their digits."""
    if not pa.types.is_decimal(values.type) or kind == pa.string():
        return values
    try:
        return values.cast(pa.float64() if values.type.scale else pa.int64())
    except pa.ArrowException:
        return values.cast(pa.float64())


def _times(values: Values, kind: pa.DataType) -> tuple[Values, Rows]:
    """Arrow times of any unit and zone; one without a zone is UTC."""
    per_second = _PER_SECOND[values.type.unit]
    raw = values.cast(pa.int64())
    inside = pc.and_(pc.greater_equal(raw, EARLIEST * per_second), pc.less(raw, LATEST * per_second))
    kept = pc.if_else(inside, raw, pa.scalar(None, pa.int64()))
    whole = pc.divide(kept, 1_000) if values.type.unit == "ns" else pc.multiply(kept, 1_000_000 // per_second)
    return whole.cast(kind), _rows(pc.invert(inside))


def _epochs(values: Values, kind: pa.DataType) -> tuple[Values, Rows]:
    """Epoch numbers; the unit is the one by which they fall into the years that are believed."""
    there = values.is_valid().to_numpy(zero_copy_only=False)
    raw = values.fill_null(0).to_numpy(zero_copy_only=False)
    found = np.zeros(len(raw), np.int64)
    for unit in EPOCH_UNITS:
        inside = (raw >= EARLIEST * unit) & (raw < LATEST * unit)
        if raw.dtype.kind == "f":
            found[inside] = np.round(raw[inside] / unit * 1_000_000).astype(np.int64)
        else:
            found[inside] = (
                raw[inside] // (unit // 1_000_000) if unit >= 1_000_000 else raw[inside] * (1_000_000 // unit)
            )
    return pa.array(found, mask=found == 0).cast(kind), np.flatnonzero(there & (found == 0))


def _fast(values: Values, column: Column, kind: pa.DataType) -> Values | None:
    """Cast without looking at single values; None where that could hide a fault."""
    source = values.type
    numeric = pa.types.is_integer(source) or pa.types.is_floating(source)
    if values.null_count == len(values):
        return pa.array([None] * len(values), kind)
    if kind == pa.string():
        return _text(values) if source == kind else values.cast(kind) if pa.types.is_integer(source) else None
    if pa.types.is_floating(kind) and numeric:
        return values.cast(kind) if pc.all(pc.is_finite(values)).as_py() else None
    if pa.types.is_integer(kind) and numeric:
        return values.cast(kind)
    if column.type == "strings" and (pa.types.is_list(source) or pa.types.is_large_list(source)):
        names = values.cast(kind)
        names.validate(full=True)
        flat = names.flatten()
        return names if not flat.null_count and not pc.any(pc.equal(pc.binary_length(flat), 0)).as_py() else None
    return None


def _text(values: Values) -> Values:
    """Valid UTF-8, empty strings as nothing."""
    values.validate(full=True)
    return nothing_for_empty(values)


def nothing_for_empty(values: Values) -> Values:
    """Empty strings are no values."""
    empty = pc.equal(pc.binary_length(values), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), values) if pc.any(empty).as_py() else values


def _one_by_one(values: Values, column: Column, kind: pa.DataType) -> tuple[Values, Rows]:
    if pa.types.is_string(values.type):
        values = values.cast(pa.binary())
    wanted = replace(column, required=False)
    found = [_converted(scalar, wanted) for scalar in values]
    wrong = [row for row, value in enumerate(found) if isinstance(value, RowFault)]
    kept = [None if isinstance(value, RowFault) else value for value in found]
    return pa.array(kept, kind), np.array(wrong, np.int64)


def _converted(scalar: Any, column: Column) -> Any:
    try:
        value = scalar.as_py()
        if isinstance(value, bytes):
            value = value.decode()
        if isinstance(scalar, pa.MapScalar) and value is not None:
            value = dict(value)
        if isinstance(value, dict):
            value = {name: inner for name, inner in value.items() if inner is not None}
        return converted(value, column)
    except (ValueError, OverflowError):
        return RowFault("holds what Python cannot")
    except RowFault as fault:
        return fault


def _rows(wrong: Values) -> Rows:
    return np.flatnonzero(wrong.fill_null(False).to_numpy(zero_copy_only=False))  # noqa: FBT003 - positional in Arrow
