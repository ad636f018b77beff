"""Sketches under a key: equal texts stay equal under one key, and say nothing to whoever lacks it.

In: batches of `tables.SKETCHED` and a key. Out: batches of `tables.KEYED`. Hashes of text and the words of parameters
and tools go through keyed BLAKE2b (RFC 7693), 64 bits; the excerpt is dropped. Ids, times, counts and addresses stay.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schemas import arrow_schema
from stillwatch.sketch.texts import hash64
from stillwatch.tables import KEYED

HASHES = (
    "system_hash", "task_hash", "head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3",
)  # fmt: skip
WORDS = ("parameters", "tool_schema")
KEY_BYTES = 32

Values = npt.NDArray[np.int64]


def keyed_values(batch: pa.RecordBatch, key: bytes) -> dict[str, Values]:
    """Give every hash of text of a batch under a key, by column; 0 where there is none."""
    found = {name: under_key(batch[name].fill_null(0).to_numpy(), key) for name in HASHES}
    return found | {name: under_key(hash64(batch[name]), key) for name in WORDS}


def under_key(values: Values, key: bytes) -> Values:
    """Give 64-bit hashes under a key, never 0 but for 0."""
    distinct, places = np.unique(values, return_inverse=True)
    made = [
        int.from_bytes(hashlib.blake2b(int(one).to_bytes(8, "little", signed=True), digest_size=8, key=key).digest())
        for one in distinct
    ]
    out = np.array(made, np.uint64).view(np.int64)
    out[out == 0] = 1
    out[distinct == 0] = 0
    return out[places]


def keyed(
    batch: pa.RecordBatch, values: dict[str, Values], epoch: int, bridge: Sequence[Sequence[str]]
) -> pa.RecordBatch:
    """Put keyed values in the place of a batch's own."""
    columns = {name: batch[name] for name in batch.schema.names}
    columns |= {name: pa.array(values[name]) for name in HASHES}
    columns |= {name: pa.array(values[name].astype(str), mask=batch[name].is_null().to_numpy(False)) for name in WORDS}  # noqa: FBT003
    columns["epoch"] = pa.array(np.full(batch.num_rows, epoch, np.int64))
    columns["bridge"] = pa.array(bridge, pa.list_(pa.string()))
    schema = arrow_schema(KEYED)
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in schema], schema=schema)


def bridges(before: dict[str, Values], after: dict[str, Values], known: set[tuple[int, int]]) -> list[list[str]]:
    """Say, row by row, which hash under the key before is which under the key after; each pair once."""
    rows: list[list[str]] = [[] for _ in range(len(after[HASHES[0]]))]
    for name, old in before.items():
        new = after[name]
        pairs, first = np.unique(np.stack([old, new], axis=1), axis=0, return_index=True)
        for (one, other), row in zip(pairs.tolist(), first.tolist(), strict=True):
            if one and (one, other) not in known:
                known.add((one, other))
                rows[row].append(f"{one}={other}")
    return rows
