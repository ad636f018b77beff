"""Ids and addresses of a batch, written in the one way of `stillwatch.ids`.

In: a batch of exchanges or accounts. Out: the same batch; where nothing had to be changed, the very columns.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from stillwatch.ids import canonical_id, client_address
from stillwatch.settings import Settings
from stillwatch.tables import Table

_IDS = ("account_id", "key_id", "org_id")
_PLAIN_FROM, _PLAIN_TO = 0x21, 0x7E  # an id of these bytes alone is canonical
_ADDRESS_TO = 0x39  # digits and dots: an address of these bytes is as plain as it gets
_COMMA = 0x2C


def canonical(batch: pa.RecordBatch, table: Table, settings: Settings) -> pa.RecordBatch:
    """Write ids and addresses canonically."""
    networks = settings.trusted_networks

    def address(value: str) -> str | None:
        return client_address(value, settings.trusted_hops, networks)

    for name in _IDS:
        if name in table.names and not _within(batch[name], _PLAIN_FROM, _PLAIN_TO):
            batch = _replaced(batch, table, name, canonical_id)
    if "ip" in table.names and not _within(batch["ip"], _COMMA + 1, _ADDRESS_TO):
        batch = _replaced(batch, table, "ip", address)
    return batch


def _within(column: pa.Array, low: int, high: int) -> bool:
    """Tell whether every byte of a column lies between two."""
    if column.null_count == len(column):
        return True
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    if column.buffers()[2] is None or offsets[0] == offsets[-1]:
        return True
    raw = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return bool(raw.min() >= low and raw.max() <= high)


def _replaced(batch: pa.RecordBatch, table: Table, name: str, function: Callable[[str], str | None]) -> pa.RecordBatch:
    """Apply a function to each distinct value; an id of which nothing is left stays as it was."""
    coded = batch[name].dictionary_encode()
    before = coded.dictionary.to_pylist()
    required = not batch.schema.field(name).nullable
    after = pa.array([function(value) or (value if required else None) for value in before], pa.string())
    columns = [after.take(coded.indices) if column == name else batch[column] for column in table.names]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
