"""Declared tables as Arrow schemas: the one place where a `ColumnType` gets a physical type.

In: `tables.Table`. Out: `pyarrow.Schema`, and a check that a batch is what was declared.
"""

from functools import cache

import pyarrow as pa

from stillwatch.tables import ColumnType, Table

_ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "strings": pa.list_(pa.string()),
    "integers": pa.list_(pa.int32()),
}


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """Give the Arrow schema of a declared table."""
    return pa.schema([pa.field(c.name, _ARROW[c.type], nullable=not c.required) for c in table.columns])
