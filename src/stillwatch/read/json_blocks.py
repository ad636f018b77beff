"""Blocks of canonical JSON lines through Arrow's own parser: no Python object a row, and both cores at work.

In: bytes of whole lines. Out: a batch exactly as the careful way gives it, or None where any line of the block is not
plainly canonical: then every line of it goes the careful way, which finds formats, values of other types and faults.

Arrow's parser forgives what JSON does not: it does not look at UTF-8, and takes objects that share a line or run over
several. So each line must begin with a brace and end with one, as no line inside an object does, and there must be as
many objects as lines. It stops at any name that is not in its schema, and nothing in that schema is nested. Lines that
were cut are no JSON and are taken out first; parameters that stand there as an object are written as their text.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from stillwatch.read.canonical_jsonl import parameters
from stillwatch.read.casts import cast, nothing_for_empty
from stillwatch.read.documents import line_documents
from stillwatch.read.values import RowFault, moment
from stillwatch.schemas import arrow_schema
from stillwatch.tables import EXCHANGES

_NEWLINE, _OPEN, _CLOSE = b"\n{}"
_PLAIN_FROM, _PLAIN_TO = 0x21, 0x7E
_CLOCK = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:[0-5]\d(\.\d{1,6})?"
_NOTATIONS = (
    (_CLOCK + r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$", pa.timestamp("us", tz="UTC")),
    (_CLOCK + "$", pa.timestamp("us")),
)
_DECLARED = frozenset(EXCHANGES.names)
_TIME = arrow_schema(EXCHANGES).field("ts")
_TS = next(column for column in EXCHANGES.columns if column.name == "ts")
_LARGEST_EXACT = float(2**53)  # a float from here on may stand for another integer
_SHORTEST_ROW = 16  # bytes; no row with what is required is as short, and more lines than that are an attack
_MOST_ODD_FRACTION = 1 / 8  # of lines that are looked at one by one
_HEAD = 1 << 16  # bytes of a block in which parameters are looked for, before all of it is
_SHORT_OBJECT, _LONGEST_OBJECT = 1_000, 1 << 16  # bytes of parameters: remembered, and written as text at all
_MOST_EXTRA, _LONGEST_EXTRA = 100, 200  # columns that are not declared, and characters of their names
_SCALARS = {str: pa.string(), bool: pa.bool_(), int: pa.float64(), float: pa.float64()}
_TIMES = {int: pa.int64(), float: pa.float64()}
_STRING = rb'"(?:[^"\\\n]|\\.)*+"'
_FLAT = rb'\{(?:[^{}"\n]|%s)*+\}' % _STRING
_NESTED = rb'\{(?:[^{}"\n]|%s|%s)*+\}' % (_STRING, _FLAT)
_PARAMETERS = re.compile(rb'("params"[ \t]*:[ \t]*)(%s)' % _NESTED)  # no quote inside a string stands bare
_SMALLEST = {pa.int32(): -(2**31), pa.int64(): -(2**63)}  # the one value of its type that `values` refuses


Faults = Sequence[tuple[int, RowFault]]
"""Lines of a block that are no objects, by their place in it, from 0."""


class Blocks:
    """Parses blocks of `tables.EXCHANGES`. It learns from what went the careful way how times and extras are typed."""

    def __init__(self) -> None:
        self._extra: dict[str, pa.DataType] = {}
        self._times: pa.DataType = pa.string()
        self._options = self._parse_options()

    def learn(self, document: Mapping[str, Any]) -> None:
        """Take the types of times and of undeclared columns from a canonical row."""
        times = _TIMES.get(type(document.get("ts")), pa.string())
        new = {name: _SCALARS[type(value)] for name, value in document.items() if self._is_new(name, value)}
        room = _MOST_EXTRA - len(self._extra)
        if times != self._times or (new and room > 0):
            self._times = times
            self._extra |= dict(list(new.items())[:room])
            self._options = self._parse_options()

    def batch(self, lines: bytes, limit_bytes: int) -> tuple[pa.RecordBatch | None, Faults]:
        """Give the rows of whole lines and the faults of those that are no objects; None where one needs care."""
        whole, count, faults = _objects(lines, limit_bytes)
        if not count:
            return None, ()
        batch = self._parsed(whole, count)
        if batch is None and b'"params"' in whole[:_HEAD]:
            flat, objects = _PARAMETERS.subn(_as_text, whole, count)  # a line has them once
            batch = self._parsed(flat, count) if objects else None
        return (None, ()) if batch is None else (batch, faults)

    def _parsed(self, lines: bytes, count: int) -> pa.RecordBatch | None:
        try:
            read = pj.ReadOptions(use_threads=False, block_size=len(lines))
            table = pj.read_json(io.BytesIO(lines), read_options=read, parse_options=self._options)
            return _declared(table.combine_chunks().to_batches()[0]) if table.num_rows == count else None
        except (pa.ArrowException, ValueError, OverflowError, IndexError):
            return None

    def _is_new(self, name: str, value: object) -> bool:
        undeclared = name not in _DECLARED and name not in self._extra and name != "request"
        return undeclared and type(value) in _SCALARS and len(name) <= _LONGEST_EXTRA

    def _parse_options(self) -> pj.ParseOptions:
        fields = {field.name: field.type for field in arrow_schema(EXCHANGES)} | {"ts": self._times} | self._extra
        return pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="error")


def _objects(lines: bytes, limit_bytes: int) -> tuple[bytes, int, Faults]:
    """Give the lines of a block that begin and end with a brace, how many, and the faults of all others.

    Nothing where a line is beyond the limit, or holds an object although it does not look so, or many lines are none.
    """
    raw = np.frombuffer(lines, np.uint8)
    newline = raw == _NEWLINE
    if np.count_nonzero(newline) * _SHORTEST_ROW > len(lines):
        return b"", 0, ()
    ends = np.flatnonzero(newline)
    begins = np.append(0, ends + 1)[:-1]
    if lines[-1:] != b"\n" or (len(lines) > limit_bytes and (ends - begins).max() > limit_bytes):
        return b"", 0, ()
    odd = np.flatnonzero((raw[begins] != _OPEN) | (raw[ends - 1] != _CLOSE))
    if not len(odd):
        return lines, len(ends), ()
    if len(odd) > len(ends) * _MOST_ODD_FRACTION:
        return b"", 0, ()
    faults: list[tuple[int, RowFault]] = []
    for at in odd.tolist():
        for place, _, document in line_documents((lines[begins[at] : ends[at]],), limit_bytes, at):
            if not isinstance(document, RowFault):
                return b"", 0, ()
            faults.append((place, document))
    bounds = zip([0, *(ends[odd] + 1).tolist()], [*begins[odd].tolist(), len(lines)], strict=True)
    return b"".join(lines[begin:end] for begin, end in bounds), len(ends) - len(odd), faults


def _as_text(found: re.Match[bytes]) -> bytes:
    """Parameters that stand as an object as their text, in JSON; very long ones stay."""
    content = found[2]
    if len(content) > _SHORT_OBJECT:
        return found[0] if len(content) > _LONGEST_OBJECT else found[1] + _text.__wrapped__(content)
    return found[1] + _text(content)


@lru_cache(maxsize=10_000)
def _text(content: bytes) -> bytes:
    """An object of JSON as its text, in JSON; what is none stays."""
    try:
        return msgspec.json.encode(parameters(content))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return content


def _declared(read: pa.RecordBatch) -> pa.RecordBatch | None:
    """Check every column as `values` would; None at the first that is not as it should be."""
    read.validate(full=True)  # UTF-8, of undeclared columns, too
    columns = []
    for field in arrow_schema(EXCHANGES):
        column = _CHECKS.get(field.type, _same)(read[field.name])
        if column is None or (column.null_count and not field.nullable):
            return None
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(EXCHANGES))


def _same(column: Any) -> Any:
    return column


def _whole(column: Any) -> Any:
    return None if pc.min(column).as_py() == _SMALLEST[column.type] else column


def _finite(column: Any) -> Any:
    return column if pc.all(pc.is_finite(column)).as_py() is not False else None


def _names(column: Any) -> Any:
    """Lists of names in plain letters; what must be trimmed or left out first is not for here."""
    flat = column.flatten()
    raw = np.frombuffer(flat.buffers()[2] or b"", np.uint8)
    plain = not len(raw) or (raw.min() >= _PLAIN_FROM and raw.max() <= _PLAIN_TO)
    return column if plain and not flat.null_count and not pc.any(pc.equal(pc.binary_length(flat), 0)).as_py() else None


def _times(column: Any) -> Any:
    """Times as `values.moment` has them; the usual notations without a Python object a value. Every row has one."""
    if column.null_count:
        return None
    if pa.types.is_string(column.type):
        for pattern, kind in _NOTATIONS:
            if pc.all(pc.match_substring_regex(column, pattern)).as_py():
                column = column.cast(kind)
                break
        else:
            return pa.array([moment(value) for value in column.to_pylist()], _TIME.type)
    elif pa.types.is_floating(column.type) and pc.max(pc.abs(column)).as_py() >= _LARGEST_EXACT:
        return None
    values, wrong = cast(column, _TS, _TIME.type)
    return None if len(wrong) else values


_CHECKS: Mapping[pa.DataType, Callable[[Any], Any]] = {
    pa.string(): nothing_for_empty,
    pa.int32(): _whole,
    pa.int64(): _whole,
    pa.float64(): _finite,
    pa.list_(pa.string()): _names,
    _TIME.type: _times,
}
