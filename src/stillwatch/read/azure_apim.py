"""Azure API Management: the table of messages joined with the table of callers, by CorrelationId, in any order.

In: rows of ApiManagementGatewayLlmLog (words and tokens, cut into pieces of 32 KB that SequenceNumber puts in order)
and of ApiManagementGatewayLogs (who, from where, with which status), as tables or as resource logs ({category,
properties}). Out: columns of `tables.EXCHANGES`. Source: Azure Monitor table reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.read.dialects import pair_columns
from stillwatch.read.fields import first_at
from stillwatch.read.format import Columns, Document, Format, Held, attempted
from stillwatch.read.pairs import decoded, mapping, of_messages
from stillwatch.read.values import RowFault

_WORDS = frozenset({"RequestMessages", "ResponseMessages", "PromptTokens", "ModelName", "DeploymentName"})
_CALLERS = frozenset({"CallerIpAddress", "ApimSubscriptionId", "ApiId", "ResponseCode"})
_CATEGORIES = frozenset({"GatewayLogs", "GatewayLlmLogs"})


def matches(row: Document) -> bool:
    """Tell either table by the correlation and a column of its own."""
    if row.get("category") in _CATEGORIES:
        return "correlationId" in row or "correlationId" in mapping(row.get("properties"))
    return "CorrelationId" in row and (_WORDS & row.keys() or _CALLERS & row.keys()) != set()


def flat(row: Document) -> dict[str, Any]:
    """One row with the names of the tables, whichever way it was exported."""
    inner = mapping(decoded(row.get("properties"))) if "properties" in row else {}
    found = {f"{name[:1].upper()}{name[1:]}": value for name, value in {**row, **inner}.items()}
    if "Time" in found:
        found.setdefault("TimeGenerated", found["Time"])
    return found


def columns(rows: Sequence[Document]) -> dict[str, Any]:
    """Give the columns of all the rows of one exchange."""
    ordered = sorted(rows, key=lambda row: _number(row.get("SequenceNumber")))
    whole: dict[str, Any] = {}
    for row in ordered:
        whole |= {name: value for name, value in row.items() if value not in (None, "")}
    said = _said(_joined(ordered, "RequestMessages"), _joined(ordered, "ResponseMessages"))
    key = first_at(whole, ("ApimSubscriptionId",))
    return {
        **said,
        "exchange_id": whole.get("CorrelationId"),
        "ts": min((str(row["TimeGenerated"]) for row in ordered if row.get("TimeGenerated")), default=None),
        "account_id": first_at(whole, ("UserId", "TraceRecords.user_id")) or key,
        "key_id": key,
        "model": first_at(whole, ("DeploymentName", "ModelName")) or said.get("model"),
        "ip": whole.get("CallerIpAddress"),
        "user_agent": first_at(whole, ("RequestHeaders.User-Agent", "RequestHeaders.user-agent")),
        "input_tokens": whole.get("PromptTokens"),
        "output_tokens": whole.get("CompletionTokens"),
        "latency_ms": first_at(whole, ("TotalTime", "DurationMs")),
        "status": first_at(whole, ("ResponseCode", "BackendResponseCode")),
    }


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1


def _joined(rows: Sequence[Document], name: str) -> Any:
    """The messages of all rows: lists are chained, pieces of one text are put together first."""
    parts = [row[name] for row in rows if row.get(name) not in (None, "")]
    if parts and all(isinstance(part, str) for part in parts):
        try:
            return decoded("".join(parts))
        except RowFault:
            parts = [_opened(part) for part in parts]
    chained: list[Any] = []
    for part in parts:
        chained += part if isinstance(part, list) else [part]
    return chained or None


def _opened(part: str) -> Any:
    try:
        return decoded(part)
    except RowFault:
        return part


def _said(asked: Any, answered: Any) -> dict[str, Any]:
    if isinstance(asked, dict):
        response = mapping(answered[0] if isinstance(answered, list) and answered else answered)
        return pair_columns({"request": asked, "response": response})
    spoken = [turn for turn in asked if isinstance(turn, dict)] if isinstance(asked, list) else asked
    replied = answered if isinstance(answered, list) else [answered]
    texts = [turn.get("content") if isinstance(turn, dict) else turn for turn in replied]
    words = "".join(text for text in texts if isinstance(text, str))
    return {**of_messages(spoken), "reply_text": words or None}


class TableJoiner:
    """Holds the rows of an exchange: nothing says how many there will be, so they wait for the end or for the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._held = Held(limit_bytes)

    def add(self, document: Document) -> Iterator[Columns | RowFault]:
        """Take a row of either table; give the exchanges that no longer fit."""
        row = flat(document)
        for pieces in self._held.hold(str(row.get("CorrelationId")), row, len(str(document))):
            yield from _exchange(pieces)

    def rest(self) -> Iterator[Columns | RowFault]:
        """Give what is held."""
        for key in list(self._held.pieces):
            yield from _exchange(self._held.take(key))


def _exchange(rows: Sequence[Document]) -> Iterator[Columns | RowFault]:
    """Callers without words are requests to something else than a model."""
    if any(_WORDS & row.keys() for row in rows):
        yield from attempted(lambda: columns(rows))


def _alone(document: Mapping[str, Any]) -> Iterator[Columns | RowFault]:
    yield from _exchange((flat(document),))


FORMAT = Format("azure_apim", "Azure API Management gateway logs", matches, _alone, TableJoiner)
