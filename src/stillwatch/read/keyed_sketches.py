"""Files that `stillwatch sketch` wrote: sketches under a key, no text.

In: Parquet files of `tables.KEYED`. Out: batches of `tables.SKETCHED`, with hashes of one epoch carried over to the
next wherever an exchange of the overlap showed both; and the tally, as if the text had been there.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.read.streams import is_parquet
from stillwatch.read.tally import Tally
from stillwatch.schemas import arrow_schema
from stillwatch.tables import EXCHANGES, KEYED, SKETCHED

HASHES = (
    "system_hash", "task_hash", "head_hash", "tail_hash", "any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3",
)  # fmt: skip
WORDS = ("parameters", "tool_schema")
_SEEN = {"prompt_text": "has_text", "params": "parameters", "tools_hash": "tool_schema", "user_agent": "client"}
_BATCH_ROWS = 16_384
_MOST_BRIDGES = 20_000_000

Translation = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def is_keyed(path: Path) -> bool:
    """Tell a file of keyed sketches by its columns."""
    if not is_parquet(path):
        return False
    try:
        return {"epoch", "bridge", "task_hash"} <= set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


def keyed_batches(paths: Sequence[Path], tally: Tally) -> Iterator[pa.RecordBatch]:
    """Read files of keyed sketches in batches of `tables.SKETCHED`.

    Raises:  InputError: a file is damaged, or not as this version writes it.
    """
    translation = _translation(paths)
    for path in paths:
        tally.files.append(str(path))
        with path.open("rb") as file:
            tally.digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        for batch in _batches(path, list(KEYED.names)):
            tally.read(_as_seen(batch))
            with _damage_told(path):
                sketches = _sketched(batch, translation)
            yield sketches


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    wanted = pa.schema([field for field in arrow_schema(KEYED) if field.name in columns])
    with _damage_told(path), pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
            if not batch.schema.equals(wanted):
                raise InputError(f"{path}: not as this version of stillwatch sketch writes it; sketch again")
            batch.validate(full=True)
            yield batch


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Say of whatever is no Parquet, no text, or no hash of 64 bits where one belongs, that the file is damaged."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as fault:
        raise InputError(f"{path}: keyed sketches are damaged ({type(fault).__name__})") from fault


def _translation(paths: Sequence[Path]) -> Translation:
    """What each hash of an earlier epoch is called in the last one, through as many epochs as there are."""
    pairs: dict[int, int] = {}
    for path in paths:
        for batch in _batches(path, ["bridge"]):
            with _damage_told(path):
                for before, after in _bridged(batch["bridge"].flatten().drop_null().unique()):
                    if len(pairs) < _MOST_BRIDGES:
                        pairs[before] = after
    resolved = {before: _last(pairs, before) for before in pairs}
    ordered = sorted(resolved)
    return np.array(ordered, np.int64), np.array([resolved[name] for name in ordered], np.int64)


def _bridged(texts: pa.Array) -> Iterator[tuple[int, int]]:
    """Pairs of hashes written as "before=after"."""
    sides = pc.extract_regex(texts, "^(?P<before>-?[0-9]+)=(?P<after>-?[0-9]+)$")
    if sides.null_count:
        raise ValueError
    before, after = (pc.struct_field(sides, name).cast(pa.int64()).to_pylist() for name in ("before", "after"))
    return zip(before, after, strict=True)


def _last(pairs: Mapping[int, int], name: int) -> int:
    seen = {name}
    while (following := pairs.get(name)) is not None and following not in seen:
        seen.add(following)
        name = following
    return name


def _sketched(batch: pa.RecordBatch, translation: Translation) -> pa.RecordBatch:
    schema = arrow_schema(SKETCHED)
    columns: list[Any] = []
    for field in schema:
        if field.name == "excerpt":
            columns.append(pa.nulls(batch.num_rows, pa.string()))
        elif field.name in HASHES:
            columns.append(pa.array(_translated(batch[field.name].fill_null(0).to_numpy(), translation)))
        elif field.name in WORDS:
            columns.append(_translated_words(batch[field.name], translation))
        else:
            columns.append(batch[field.name])
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _translated(values: npt.NDArray[np.int64], translation: Translation) -> npt.NDArray[np.int64]:
    before, after = translation
    if not len(before):
        return values
    at = np.minimum(np.searchsorted(before, values), len(before) - 1)
    return np.where(before[at] == values, after[at], values)


def _translated_words(column: pa.Array, translation: Translation) -> pa.Array:
    coded = column.dictionary_encode()
    numbers = coded.dictionary.cast(pa.int64()).to_numpy()
    return pa.array([str(n) for n in _translated(numbers, translation)], pa.string()).take(coded.indices)


def _as_seen(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Which declared columns the log had, for the coverage report; the values themselves are gone."""
    columns: dict[str, Any] = {name: batch[name] for name in EXCHANGES.names if name in batch.schema.names}
    for name, source in _SEEN.items():
        columns[name] = _or_null(batch[source]) if source == "has_text" else batch[source]
    columns["system_text"] = _or_null(pc.not_equal(batch["system_hash"], 0))
    return pa.RecordBatch.from_pydict(columns)


def _or_null(there: pa.Array) -> pa.Array:
    return pc.if_else(there, there, pa.scalar(None, pa.bool_()))
