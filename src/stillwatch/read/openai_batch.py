"""OpenAI Batch: the file of requests and the file of responses, joined by custom_id, in either order.

In: lines {custom_id, method, url, body} and {id, custom_id, response: {status_code, request_id, body}, error}. Out:
columns of `tables.EXCHANGES`. Neither file says who asked: account and key stand beside custom_id, or come from
--identity; a batch's time is its response's `created`. Source: OpenAI API reference, batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.read.dialects import pair_columns
from stillwatch.read.format import Columns, Document, Format, Held, attempted
from stillwatch.read.pairs import first_of, mapping, opened_response
from stillwatch.read.values import RowFault
from stillwatch.tables import EXCHANGES


def matches(row: Document) -> bool:
    """Tell either half."""
    return "custom_id" in row and ("body" in row or "response" in row or "error" in row)


def columns(halves: Sequence[Document]) -> dict[str, Any]:
    """Give the columns of the halves of one exchange."""
    row: dict[str, Any] = {}
    for half in halves:
        row |= {name: value for name, value in half.items() if value is not None}
    answer = mapping(row.get("response"))
    body = opened_response(answer.get("body"))
    said = pair_columns({**row, "request": mapping(row.get("body")), "response": body, "id": None})
    declared = {name: row[name] for name in EXCHANGES.names if name in row}
    made = {
        "exchange_id": first_of(answer, ("request_id",)) or row.get("id") or row.get("custom_id"),
        "ts": first_of(body, ("created", "created_at")),
        "key_id": first_of(row, ("api_key_id",)),
        "status": answer.get("status_code"),
    }
    return {**{k: v for k, v in made.items() if v is not None}, **said, **declared, "exchange_id": made["exchange_id"]}


class BatchJoiner:
    """Holds one half until the other comes."""

    def __init__(self, limit_bytes: int) -> None:
        self._held = Held(limit_bytes)

    def add(self, document: Document) -> Iterator[Columns | RowFault]:
        """Give an exchange when both halves are there."""
        key = str(document["custom_id"])
        for pieces in self._held.hold(key, document, len(str(document))):
            yield from _exchange(pieces)
        held = self._held.pieces.get(key, [])
        if any("body" in piece for piece in held) and any("body" not in piece for piece in held):
            yield from _exchange(self._held.take(key))

    def rest(self) -> Iterator[Columns | RowFault]:
        """Give the halves that stayed alone: requests without a response, and the reverse."""
        for key in list(self._held.pieces):
            yield from _exchange(self._held.take(key))


def _exchange(halves: Sequence[Document]) -> Iterator[Columns | RowFault]:
    yield from attempted(lambda: columns(halves))


def _alone(document: Mapping[str, Any]) -> Iterator[Columns | RowFault]:
    yield from _exchange((document,))


FORMAT = Format("openai_batch", "OpenAI Batch: requests and responses", matches, _alone, BatchJoiner)
