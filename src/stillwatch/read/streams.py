"""Bytes of a file, decompressed as they stream, and lines of bounded length.

In: a path. Out: chunks and lines. Nothing is ever decompressed whole; a line beyond the limit is skipped, not stored.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from stillwatch.errors import InputError

_CHUNK = 1 << 20
_BLOCK = 4 << 20  # bytes of lines parsed at a time
_LARGEST_WINDOW = 1 << 27  # bytes of history a zstd frame may ask for: 128 MiB, its own default for `--long`
_BEGINNING = 1 << 16
_ZSTD_PIECE = 1 << 10  # compressed bytes taken at a time; each block of 128 KiB needs at least four
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"


class Truncated(Exception):  # noqa: N818 - a fault of the input
    """The compressed stream ends early or is damaged."""


class UnreadableError(InputError):
    """A file is of no known format or damaged from its start; fatal only where there is nothing else to read."""


def is_parquet(path: Path) -> bool:
    """Tell Parquet by its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == _PARQUET


def chunks(path: Path) -> Iterator[bytes]:
    """Give a file's bytes, decompressed by what its first bytes say.

    Raises:  Truncated: the compressed stream is damaged; what came before has been given.
    """
    with path.open("rb") as file:
        first = file.read(4)
        file.seek(0)
        try:
            yield from _zstd(file) if first.startswith(_ZSTD) else _plain(file, first)
        except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as fault:
            raise Truncated(f"the compressed stream is damaged or ends early ({type(fault).__name__})") from fault


def _plain(file: IO[bytes], first: bytes) -> Iterator[bytes]:
    read = gzip.GzipFile(fileobj=file).read1 if first.startswith(_GZIP) else file.read  # read loses what precedes a cut
    while chunk := read(_CHUNK):
        yield chunk


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    """Decompress frame after frame, little at a time: a few bytes of a bomb may stand for a megabyte."""
    frames = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    frame = frames.decompressobj()
    fresh = True
    while piece := file.read(_ZSTD_PIECE):
        while piece:
            chunk = frame.decompress(piece)
            fresh = False
            if chunk:
                yield chunk
            piece = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame, fresh = frames.decompressobj(), True
    if not fresh:
        raise EOFError


def beginning(path: Path) -> bytes:
    """Give the first bytes of a file, decompressed: enough to tell its format, never more than a few chunks.

    Raises:  Truncated: the compressed stream is damaged before its first byte.
    """
    found = b""
    try:
        for chunk in chunks(path):
            found += chunk
            if len(found) >= _BEGINNING:
                break
    except Truncated:
        if not found:
            raise
    return found[:_BEGINNING].removeprefix(codecs.BOM_UTF8)


def line_blocks(path: Path, limit_bytes: int) -> Iterator[bytes | None]:
    r"""Give whole lines, many at a time, each ended by \n but perhaps the last; None for one beyond the limit.

    A UTF-8 mark is dropped. A line within a block may still be longer than the limit, never longer than both.

    Raises:  Truncated: see `chunks`; an unfinished last line before the damage is not given.
    """
    source = _blocks(path, limit_bytes)
    first = next(source, b"")
    yield None if first is None else first.removeprefix(codecs.BOM_UTF8)
    yield from source


def lines(path: Path, limit_bytes: int) -> Iterator[bytes | None]:
    r"""Give the lines of a file, ended by \n, without it; None for a line beyond the limit. A UTF-8 mark is dropped.

    Raises:  Truncated: see `line_blocks`.
    """
    for block in line_blocks(path, limit_bytes):
        yield from split_lines(block, limit_bytes)


def split_lines(block: bytes | None, limit_bytes: int) -> Iterator[bytes | None]:
    """Give the lines of a block."""
    if block is None:
        yield None
        return
    *ended, rest = block.split(b"\n")
    for line in ended:
        yield line if len(line) <= limit_bytes else None
    if rest:
        yield rest if len(rest) <= limit_bytes else None


def _blocks(path: Path, limit_bytes: int) -> Iterator[bytes | None]:
    held: list[bytes] = []
    size = 0
    skipping = False  # within a line beyond the limit
    try:
        for chunk in chunks(path):
            piece = chunk
            if skipping:
                _, ended, piece = chunk.partition(b"\n")
                if not ended:
                    continue
                yield None
                skipping = False
            held.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                whole, rest = _whole_lines(held)
                if whole:
                    yield whole
                skipping = len(rest) > limit_bytes
                held, size = ([], 0) if skipping else ([rest], len(rest))
    except Truncated:
        whole, _ = _whole_lines(held)
        if whole:
            yield whole
        raise
    if skipping:
        yield None
    elif size:
        yield b"".join(held)


def _whole_lines(held: list[bytes]) -> tuple[bytes, bytes]:
    joined = b"".join(held)
    cut = joined.rfind(b"\n") + 1
    return joined[:cut], joined[cut:]
