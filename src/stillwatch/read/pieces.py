"""Logs cut into pieces that several machines can read at once.

In: paths that every machine can open. Out: pieces, and the batches of one piece. Large Parquet files are cut at row
groups, every other file is one piece: text is read from its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillwatch.read.canonical_parquet import group_ranges
from stillwatch.read.streams import is_parquet

PIECE_BYTES = 128 << 20  # of a Parquet file: seconds of work, so that a lost machine costs little


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or the row groups of it from `first` to below `end`; both 0 stand for the whole file."""

    path: Path
    first: int = 0
    end: int = 0

    @property
    def groups(self) -> range | None:
        """The row groups, or None for all."""
        return range(self.first, self.end) if self.end else None

    @property
    def begins_file(self) -> bool:
        """Whether the file as a whole is counted with this piece."""
        return self.first == 0


def pieces_of(path: Path, piece_bytes: int = PIECE_BYTES) -> Iterator[Piece]:
    """Cut one file."""
    try:
        ranges = group_ranges(path, piece_bytes) if is_parquet(path) else [range(0)]
    except OSError:
        ranges = [range(0)]  # whoever reads it says what is wrong
    for groups in ranges:
        yield Piece(path, groups.start, groups.stop)
