"""Whole files of every format: good ones with values and bytes changed as a fuzzer's bytes say, read as a scan does.

In: bytes of a fuzzer or of the corpus. Whatever they make of a file, only the reader's own faults may be raised.
"""

import contextlib
import csv
import gzip
import io
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from fuzzing.choices import Bytes, in_memory, on_disk
from fuzzing.parsers import RUNS, SAMPLES, change
from stillwatch.errors import StillwatchError
from stillwatch.read import Tally, _read, keyed_batches
from stillwatch.read.pieces import Piece
from stillwatch.read.rows import rest_batches
from stillwatch.schemas import arrow_schema
from stillwatch.tables import EXCHANGES, KEYED

Documents = list[dict[str, Any]]
CANONICAL = {
    "exchange_id": "e", "ts": "2026-02-03T12:00:00Z", "account_id": "a", "model": "m", "prompt_text": "a word",
    "tools": ["a", "b"], "params": '{"n":1}', "output_tokens": 7,
}  # fmt: skip


def files(content: bytes) -> None:
    """A file of any format with values changed, in any layout, packed or not, with bytes changed."""
    choices = Bytes(content)
    made = choices.of(LAYOUTS)(_changed(choices))
    _scanned(in_memory(choices.damaged(choices.of(PACKED)(made))))


def otlp(content: bytes) -> None:
    """Messages of OTLP with values changed, one a file or framed, with bytes changed."""
    choices, messages = Bytes(content), _messages()
    path, documents = choices.of(list(messages))
    for document in documents if choices.below(2) else ():
        change(document, choices)
    made = [_encoded(document) or path.read_bytes() for document in documents]
    framed = b"".join(struct.pack(">I", len(one)) + one for one in made)
    _scanned(in_memory(choices.damaged(framed if choices.below(2) else made[0], 6)))


def joined_files(content: bytes) -> None:
    """The pieces of exchanges, of one format, some changed, in any order and some twice, as a file of lines."""
    choices = Bytes(content)
    pieces = _pieces(choices.below(2))
    lines = []
    for _ in range(6):
        document = msgspec.json.decode(choices.of(pieces))
        if choices.below(2):
            change(document, choices)
        lines.append(document)
    _scanned(in_memory(_lines(lines)))


def parquet(content: bytes) -> None:
    """Parquet of any format, with values or bytes changed."""
    choices = Bytes(content)
    made = _written(_changed(choices), 0) if choices.below(4) == 0 else choices.damaged(choices.of(_tables()), 6)
    _scanned(on_disk(made))


def keyed(content: bytes) -> None:
    """A file of keyed sketches, with values or bytes changed."""
    choices = Bytes(content)
    if choices.below(2):
        made = choices.damaged(_keyed(("7=8",)), 6)
    else:
        made = _keyed(choices.rest().decode("utf-8", "replace").split("\0"))
    with contextlib.suppress(StillwatchError):
        for batch in keyed_batches([on_disk(made)], Tally()):
            batch.validate(full=True)


def _scanned(path: Path) -> None:
    reading = next(RUNS)
    try:
        for batch in _read(Piece(path), EXCHANGES, reading):
            batch.validate(full=True)
    except StillwatchError:
        pass
    for batch in rest_batches(reading):
        batch.validate(full=True)


def _changed(choices: Bytes) -> Documents:
    """The documents of a format's sample, some changed."""
    documents: Documents = msgspec.json.decode(choices.of(_good_files()))
    for document in documents:
        for _ in range(choices.below(3)):
            change(document, choices)
    return documents


@cache
def _good_files() -> tuple[bytes, ...]:
    samples = [path.read_bytes().splitlines() for path in sorted(SAMPLES.glob("*.jsonl"))]
    return tuple(b"[" + b",".join(lines) + b"]" for lines in [[msgspec.json.encode(CANONICAL)], *samples])


def _lines(documents: Documents) -> bytes:
    return b"\n".join(map(msgspec.json.encode, documents)) + b"\n"


def _spread(documents: Documents) -> bytes:
    return "\n".join(json.dumps(document, indent=1) for document in documents).encode()


def _table(documents: Documents) -> bytes:
    """CSV, whatever is no word as JSON."""
    names = list(dict.fromkeys(name for document in documents for name in document))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in document.items()} for document in documents)
    return text.getvalue().encode("utf-8", "surrogatepass")


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


WAYS: tuple[dict[str, Any], ...] = (
    {"use_dictionary": True, "compression": "zstd"}, {"use_dictionary": False, "compression": "none"},
)  # fmt: skip
LAYOUTS: tuple[Callable[[Documents], bytes], ...] = (_lines, msgspec.json.encode, _spread, _table)
PACKED: tuple[Callable[[bytes], bytes], ...] = (
    bytes, bytes, bytes, lambda whole: gzip.compress(whole, 1), zstandard.ZstdCompressor(level=1).compress,
)  # fmt: skip


def _messages() -> list[tuple[Path, Documents]]:
    return [(path, [msgspec.json.decode(line) for line in lines]) for path, lines in _otlp_samples()]


@cache
def _otlp_samples() -> tuple[tuple[Path, tuple[bytes, ...]], ...]:
    found = sorted(SAMPLES.glob("*.binpb"))
    return tuple((path, tuple(path.with_suffix(".jsonl").read_bytes().splitlines())) for path in found)


def _encoded(document: dict[str, Any]) -> bytes | None:
    """A document as a message, None if it fits none."""
    from google.protobuf.json_format import ParseDict, ParseError  # noqa: PLC0415 - an extra
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData  # noqa: PLC0415 - same
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415 - same

    kind = TracesData if "resourceSpans" in document else LogsData
    try:
        return bytes(ParseDict(document, kind(), ignore_unknown_fields=True).SerializeToString())
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _pieces(which: int) -> list[bytes]:
    name = ("azure_apim", "openai_batch")[which]
    return (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()


@cache
def _tables() -> tuple[bytes, ...]:
    """Parquet of every format, with dictionaries and without."""
    good: list[Documents] = [msgspec.json.decode(listed) * 6 for listed in _good_files()]
    return tuple(_written(documents, way) for documents in good for way in range(len(WAYS)))


def _written(documents: Documents, way: int) -> bytes:
    """Documents as Parquet; where Arrow has no type for them, what is no word as JSON."""
    as_words = ({str(name): _cell(value) for name, value in one.items()} for one in documents)
    for rows in (documents, list(as_words)):
        sink = io.BytesIO()
        with contextlib.suppress(pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
            pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=5, **WAYS[way])
            return sink.getvalue()
    return b""


def _keyed(bridges: Sequence[str]) -> bytes:
    """Rows of two epochs, with bridges between them."""
    plain = {"int64": 7, "int32": 7, "string": "7", "bool": True, "double": 0.5, "float": 0.5}
    schema = arrow_schema(KEYED)
    row = {field.name: plain.get(str(field.type)) for field in schema}
    rows = [row | {"epoch": epoch, "bridge": list(bridges), "task_hash": 7 + epoch} for epoch in (0, 0, 1)]
    columns = [pa.array([one[field.name] for one in rows * 2]).cast(field.type) for field in schema]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink, row_group_size=2)
    return sink.getvalue()


TARGETS: tuple[Callable[[bytes], None], ...] = (files, otlp, joined_files, parquet, keyed)


def seeds() -> Iterator[bytes]:
    """What a fuzzer of whole files begins with: every format and layout, a few changes of each."""
    for kind in range(22):
        for at in range(4):
            yield bytes((0, at, 0, kind, 0, at, 0, kind % 3, 0, 9, 0, at, 0, 5, 0, 1, 0, 40 * at, 0, 1, 0, 200))
