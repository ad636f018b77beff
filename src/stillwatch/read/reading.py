"""One run of reading: what the user said about it, what is counted, and what waits for its other half.

In: settings, a tally, perhaps a column map. Out: the exchanges of each document, whatever its format.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stillwatch.read import pairs
from stillwatch.read.canonical_jsonl import TypedLines
from stillwatch.read.format import Columns, Document, Format, Joiner
from stillwatch.read.json_blocks import Blocks
from stillwatch.read.registry import CANONICAL, PAIRS, format_of
from stillwatch.read.tally import Tally
from stillwatch.read.values import RowFault
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES

_DECLARED = frozenset(EXCHANGES.names)


@dataclass(slots=True)
class Reading:
    """State of one run."""

    settings: Settings
    tally: Tally
    column_map: Format | None = None
    joiners: dict[str, Joiner] = field(default_factory=dict)
    typed: TypedLines | None = field(init=False)
    blocks: Blocks | None = field(init=False)

    def __post_init__(self) -> None:
        """A map says itself what a line holds."""
        self.typed, self.blocks = (None, None) if self.column_map else (TypedLines(), Blocks())

    def exchanges(self, document: Document) -> Iterable[Columns | RowFault]:
        """Give the exchanges of a document, and count its format.

        Raises:  RowFault: the document cannot be read.
        """
        found = self.column_map or format_of(document)
        self.tally.saw(found.name, 1)
        if found is CANONICAL:
            if extra := document.keys() - _DECLARED:
                self.tally.saw_extra(extra)
                if self.typed:
                    self.typed.expect(extra)
            if self.blocks:
                self.blocks.learn(document)
        elif found is PAIRS:
            self.tally.saw_extra(document.keys() - _DECLARED - pairs.ENVELOPE)
        if found.joiner is None:
            return found.rows(document)
        if found.name not in self.joiners:
            self.joiners[found.name] = found.joiner(self.settings.join_limit_bytes)
        return self.joiners[found.name].add(document)

    def rest(self) -> Iterator[Columns | RowFault]:
        """Give what still waits, when all files have been read."""
        for joiner in self.joiners.values():
            yield from joiner.rest()
        self.joiners.clear()
