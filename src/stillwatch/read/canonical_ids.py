"""Ids and addresses of a batch, written in the one way of `stillwatch.ids`; counts that can be none are left out.

In: a batch of exchanges or accounts. Out: the same batch; where nothing had to be changed, the very columns.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.ids import canonical_id, client_address
from stillwatch.settings import Settings
from stillwatch.tables import Table

_IDS = ("account_id", "key_id", "org_id")
_PLAIN_FROM, _PLAIN_TO = 0x21, 0x7E  # an id of these bytes alone is canonical
_ADDRESS_TO = 0x39  # digits and dots: an address of these bytes is as plain as it gets
_COMMA = 0x2C
_COUNTS = ("turn", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "latency_ms")
_MOST_COUNTED = 10**12  # of one exchange: more is a mistake, and sums over a log must fit 64 bits


def canonical(batch: pa.RecordBatch, table: Table, settings: Settings) -> pa.RecordBatch:
    """Write ids and addresses canonically, and leave out what is no count."""
    networks = settings.trusted_networks

    def address(value: str) -> str | None:
        return client_address(value, settings.trusted_hops, networks)

    for name in _IDS:
        if name in table.names and not _within(batch[name], _PLAIN_FROM, _PLAIN_TO):
            batch = _replaced(batch, name, canonical_id)
    if "ip" in table.names and not _within(batch["ip"], _COMMA + 1, _ADDRESS_TO):
        batch = _replaced(batch, "ip", address)
    for name in _COUNTS:
        if name in table.names and not _counts(batch[name]):
            batch = _changed(batch, name, _counted(batch[name]))
    return batch


def _counts(column: pa.Array) -> bool:
    """Tell whether all values can be counts."""
    ends = pc.min_max(column).as_py()
    return ends["min"] is None or (ends["min"] >= 0 and ends["max"] <= _MOST_COUNTED)


def _counted(column: pa.Array) -> pa.Array:
    """Leave out what is no count, such as the -1 that some gateways write for an unknown one."""
    possible = pc.and_(pc.greater_equal(column, 0), pc.less_equal(column, _MOST_COUNTED))
    return pc.if_else(possible, column, pa.scalar(None, column.type))


def _within(column: pa.Array, low: int, high: int) -> bool:
    """Tell whether every byte of a column lies between two."""
    if column.null_count == len(column):
        return True
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    if column.buffers()[2] is None or offsets[0] == offsets[-1]:
        return True
    raw = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return bool(raw.min() >= low and raw.max() <= high)


def _replaced(batch: pa.RecordBatch, name: str, function: Callable[[str], str | None]) -> pa.RecordBatch:
    """Apply a function to each distinct value; an id of which nothing is left stays as it was."""
    coded = batch[name].dictionary_encode()
    before = coded.dictionary.to_pylist()
    required = not batch.schema.field(name).nullable
    after = pa.array([function(value) or (value if required else None) for value in before], pa.string())
    return _changed(batch, name, after.take(coded.indices))


def _changed(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)
