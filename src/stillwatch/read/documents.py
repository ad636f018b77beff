"""JSON documents out of bytes: one a line, elements of arrays, or objects over several lines.

In: chunks of a file. Out: numbered documents or faults. Nothing beyond the row limit is held; the search for the end of
a value is linear in its length.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from stillwatch.crowded import MOST_PARTS, crowded_json
from stillwatch.read.canonical_csv import Numbered
from stillwatch.read.canonical_jsonl import TypedLines
from stillwatch.read.streams import chunks
from stillwatch.read.values import RowFault

_STRUCTURE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'[\\"]')
_OPENS = b"{["
_CROWDED = f"holds more than {MOST_PARTS:,} separators"
_QUOTE, _BACKSLASH, _BRACE = 0x22, 0x5C, 0x7B


def line_documents(
    lines: Iterable[bytes | None], limit_bytes: int, first: int = 1, typed: TypedLines | None = None
) -> Iterator[Numbered]:
    """Give one document a line, numbered from `first`; the converted row in its place where `typed` can tell."""
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(lines, first):
        if line is None:
            yield number, 0, RowFault(f"longer than {limit_bytes:,} bytes")
        elif not line or line.isspace():
            continue
        elif crowded_json(line):
            yield number, 0, RowFault(_CROWDED)
        elif typed and (row := typed.row(line)):
            yield number, len(line), row
        else:
            yield number, len(line), _decoded(decoder, line)


def spread_documents(path: Path, limit_bytes: int) -> Iterator[Numbered]:
    """Give the objects of arrays, and objects that run over several lines, numbered in order."""
    decoder = msgspec.json.Decoder()
    for number, value in enumerate(_Splitter(limit_bytes).values(chunks(path)), 1):
        if value is None:
            yield number, 0, RowFault(f"longer than {limit_bytes:,} bytes")
        elif crowded_json(value):
            yield number, 0, RowFault(_CROWDED)
        else:
            yield number, len(value), _decoded(decoder, value)


def is_spread(start: bytes) -> bool:
    """Tell by a file's beginning that its documents are not one a line: an array, or an opening brace alone."""
    stripped = start.lstrip()
    first = stripped.split(b"\n", 1)[0].strip()
    return first in (b"{", b"[", b"[{") or (stripped[:1] == b"[" and stripped[1:].lstrip()[:1] in (b"{", b"]"))


def _decoded(decoder: msgspec.json.Decoder[object], line: bytes) -> dict[str, object] | RowFault:
    try:
        row = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RowFault("not valid JSON in UTF-8")
    return row if isinstance(row, dict) else RowFault("not a JSON object")


class _Splitter:
    """Cuts a stream into its outermost objects, inside arrays or not, by counting brackets outside strings."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held: list[bytes] = []  # pieces of the object that has not ended
        self._length = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def values(self, source: Iterator[bytes]) -> Iterator[bytes | None]:
        """Give each object's bytes; None for one beyond the limit."""
        for chunk in source:
            yield from self._cut(chunk)
        if self._depth:
            yield b"" if self._length <= self._limit_bytes else None

    def _cut(self, chunk: bytes) -> Iterator[bytes | None]:
        at = begin = 0
        if self._escaped and chunk:
            at, self._escaped = 1, False
        while found := (_IN_STRING if self._in_string else _STRUCTURE).search(chunk, at):
            at = found.end()
            if chunk[found.start()] == _BACKSLASH:
                at, self._escaped = at + 1, at >= len(chunk)
                continue
            inside = self._depth > 0
            self._step(chunk[found.start()])
            if not inside and self._depth:
                begin = found.start()
            elif inside and not self._depth:
                yield self._ended(chunk[begin:at])
                begin = at
        if self._depth:
            self._keep(chunk[begin:])
        else:
            self._in_string = False  # text between objects is none of ours, whatever its quotes

    def _step(self, byte: int) -> None:
        """Count a bracket or a quote."""
        if byte == _QUOTE:
            self._in_string = not self._in_string
        elif byte in _OPENS:
            self._depth += 1 if self._depth or byte == _BRACE else 0
        elif self._depth:
            self._depth -= 1

    def _keep(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._limit_bytes:
            self._held = []
        else:
            self._held.append(piece)

    def _ended(self, piece: bytes) -> bytes | None:
        whole = None if self._length + len(piece) > self._limit_bytes else b"".join((*self._held, piece))
        self._held, self._length = [], 0
        return whole
