"""What a format is: a name, a way to tell it by one document, and the exchanges that a document holds.

In: nothing. Out: `Format`, `Joiner`, `Held`. `registry` lists the formats; a new one is one file, or one preset.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stillwatch.read.values import RowFault

Document = Mapping[str, Any]
"""One JSON object, one row of CSV or Parquet, one message of OTLP."""

Columns = Mapping[str, Any]
"""Values of `tables.EXCHANGES`, by column, not yet converted."""

SHAPE = (TypeError, ValueError, AttributeError, OverflowError, RecursionError, LookupError)
"""What a value of an unexpected shape raises."""

UNEXPECTED = "a value inside the row is of an unexpected shape"


class Joiner(Protocol):
    """Puts exchanges together that are spread over several documents, perhaps of several files."""

    def add(self, document: Document) -> Iterable[Columns | RowFault]:
        """Take a document; give the exchanges that cannot wait any longer."""

    def rest(self) -> Iterable[Columns | RowFault]:
        """Give all that is still held, when every file has been read."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format. rows: the exchanges of a document, none for one that holds none; joiner: for exchanges in pieces.

    Whatever a document holds, `matches` and `rows` raise nothing but `RowFault` and `SHAPE`; where a document holds
    several exchanges, the fault of one is given in its place, see `attempted`.
    """

    name: str
    title: str
    matches: Callable[[Document], bool]
    rows: Callable[[Document], Iterable[Columns | RowFault]]
    joiner: Callable[[int], Joiner] | None = None


@dataclass(slots=True)
class Held:
    """Pieces of exchanges by key, oldest first, of bounded size: what is beyond the limit is given as it stands."""

    limit_bytes: int
    pieces: dict[str, list[Document]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    held_bytes: int = 0

    def hold(self, key: str, piece: Document, size_bytes: int) -> Iterable[list[Document]]:
        """Keep a piece; give the oldest exchanges that no longer fit."""
        self.pieces.setdefault(key, []).append(piece)
        self.sizes[key] = self.sizes.get(key, 0) + size_bytes
        self.held_bytes += size_bytes
        while self.held_bytes > self.limit_bytes and self.pieces:
            yield self.take(next(iter(self.pieces)))

    def take(self, key: str) -> list[Document]:
        """Give the pieces of one exchange and forget them."""
        self.held_bytes -= self.sizes.pop(key, 0)
        return self.pieces.pop(key, [])


def attempted(read: Callable[[], Columns | None]) -> Iterable[Columns | RowFault]:
    """Give the one exchange that is read, none, or its fault: raised in a generator it would cost all that follow."""
    try:
        found = read()
    except RowFault as fault:
        return (fault,)
    except SHAPE:
        return (RowFault(UNEXPECTED),)
    return () if found is None else (found,)


def one(columns: Callable[[Document], Columns]) -> Callable[[Document], Iterable[Columns]]:
    """Say that a document holds exactly one exchange."""
    return lambda document: (columns(document),)
