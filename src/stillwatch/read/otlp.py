"""OTLP: spans and log records with GenAI attributes, in JSON. One document holds many exchanges.

In: TracesData or LogsData as OTLP/JSON writes them. Out: columns of `tables.EXCHANGES` for every call of a model;
other spans are none. Words that an emitter wrote as log records beside the span are joined with it by trace and span.
Read `genai_attributes` next. Source: opentelemetry-proto, semantic-conventions-genai.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stillwatch.read.column_map import presets
from stillwatch.read.format import SHAPE, UNEXPECTED, Columns, Document, Format, Held, attempted
from stillwatch.read.genai_attributes import Call, call_columns, stated
from stillwatch.read.pairs import mapping
from stillwatch.read.values import RowFault

_DEEPEST = 16
_ROLES = {"gen_ai.user.message": "user", "gen_ai.system.message": "system", "gen_ai.assistant.message": "assistant"}
_CHOICE = "gen_ai.choice"
_ACCESS_LOG = next(one for one in presets() if one.name == "envoy_ai_gateway")
_ATTRIBUTE_BYTES = 250  # of memory, beside its text
_MOST_PIECES = 1_000  # of one call
_RECORD = "(record)"  # of no named event


def matches(row: Document) -> bool:
    """Tell OTLP by its first field, in either spelling."""
    return not row.keys().isdisjoint(("resourceSpans", "resourceLogs", "resource_spans", "resource_logs"))


def rows(document: Document) -> Iterator[Columns | RowFault]:
    """Give the calls of a document, span after span, record after record."""
    for call in calls(document):
        yield from (call,) if isinstance(call, RowFault) else _read((call,))


def calls(document: Document) -> Iterator[Call | RowFault]:
    """Give every span and log record of a document, whatever it is of."""
    for outer, inner, records, read in (
        ("resourceSpans", "scopeSpans", "spans", _of_span),
        ("resourceLogs", "scopeLogs", "logRecords", _of_record),
    ):
        for resource in _listed(document, outer):
            shared = attributes(mapping(resource.get("resource")).get("attributes"))
            for scope in _listed(resource, inner):
                for record in _listed(scope, records):
                    try:
                        yield read(record, shared)
                    except SHAPE:
                        yield RowFault(UNEXPECTED)


class WordJoiner:
    """Holds calls without words, and words without a call, until the other comes, the end, or the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._held = Held(limit_bytes)

    def add(self, document: Document) -> Iterator[Columns | RowFault]:
        """Give the calls that have their words, and those that no longer fit."""
        for call in calls(document):
            if isinstance(call, RowFault):
                yield call
            elif call.name is None:
                yield from _read((call,))
            elif call.event:
                yield from self._hold(call.name, call)
            else:
                for found in _read((call,)):
                    yield from (found,) if _has_words(found) else self._hold(call.name, call)

    def rest(self) -> Iterator[Columns | RowFault]:
        """Give what is held."""
        for key in list(self._held.pieces):
            yield from _read(_called(self._held.take(key)))

    def _hold(self, key: str, call: Call) -> Iterator[Columns | RowFault]:
        for pieces in self._held.hold(key, {"call": call}, len(str(call.own)) + _ATTRIBUTE_BYTES * len(call.own)):
            yield from _read(_called(pieces))
        held = self._held.pieces.get(key, ())
        ends = call.event in ("", _CHOICE) and {"", _CHOICE} <= {one.event for one in _called(held)}
        if ends or len(held) >= _MOST_PIECES:  # the answer is the last that is written
            yield from _read(_called(self._held.take(key)))


def _called(pieces: Iterable[Document]) -> list[Call]:
    return [piece["call"] for piece in pieces]


def _has_words(found: Columns | RowFault) -> bool:
    """Tell an exchange that waits for nothing; nor does a fault."""
    return isinstance(found, RowFault) or found.get("prompt_text") is not None or found.get("reply_text") is not None


def _read(pieces: Sequence[Call]) -> Iterable[Columns | RowFault]:
    """Give the exchange of a span and the records beside it; none where they are words alone."""
    return attempted(lambda: _columns(_joined(pieces)))


def _columns(call: Call) -> dict[str, Any] | None:
    """The columns of a call; where a proxy sends its access log in this way, by the fields of that log first."""
    found = call_columns(call)
    if found is None or not (call.event and _ACCESS_LOG.matches(call.own)):
        return found
    noted = {name: value for row in _ACCESS_LOG.rows(stated(call.own)) for name, value in mapping(row).items()}
    kept = {name: found[name] for name in ("exchange_id", "ts", "latency_ms") if found[name] is not None}
    return {**found, **{name: value for name, value in noted.items() if value is not None}, **kept}


def _joined(pieces: Sequence[Call]) -> Call:
    """One call of a span, of records that tell of it, and of messages; a span is believed over a record."""
    if len(pieces) == 1 and not pieces[0].event:
        return pieces[0]
    spans = [one for one in pieces if not one.event]
    told = [one for one in pieces if one.event and not _is_message(one)]
    first = (spans or told or pieces)[0]
    own: dict[str, Any] = {}
    for one in (*told, *spans):
        own |= {name: value for name, value in one.own.items() if value is not None}
    for one in pieces:
        _note_message(own, one.event, one.own, one.own)
    event = told[0].event if told else first.event
    return Call(own, first.shared, first.name, first.begin_nanoseconds, first.end_nanoseconds, first.status, event)


def _is_message(call: Call) -> bool:
    return call.event in _ROLES or call.event == _CHOICE


def _of_span(span: Mapping[str, Any], shared: Mapping[str, Any]) -> Call:
    own = attributes(span.get("attributes"))
    for event in _listed(span, "events"):
        inner = attributes(event.get("attributes"))
        _note_message(own, str(event.get("name") or ""), inner, inner)
        wanted = {name: value for name, value in inner.items() if name.startswith(("gen_ai.", "exception.type"))}
        own = {**wanted, **own}
    failed = mapping(span.get("status")).get("code") in (2, "STATUS_CODE_ERROR")
    return Call(
        own,
        shared,
        _name(span, "traceId", "spanId"),
        _time(span, "startTimeUnixNano"),
        _time(span, "endTimeUnixNano"),
        500 if failed else 200,
    )


def _of_record(record: Mapping[str, Any], shared: Mapping[str, Any]) -> Call:
    own = attributes(record.get("attributes"))
    body = value_of(record.get("body"))
    if isinstance(body, dict):
        own = {**body, **own}
    moment = _time(record, "timeUnixNano") or _time(record, "observedTimeUnixNano")
    event = str(record.get("eventName") or record.get("event_name") or own.get("event.name") or _RECORD)
    return Call(own, shared, _name(record, "traceId", "spanId"), moment, None, None, event)


def _note_message(own: dict[str, Any], event: str, inner: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Keep a message that an older emitter wrote as an event of its own."""
    if event in _ROLES:
        said = body.get("content", inner.get("gen_ai.prompt"))
        own.setdefault("gen_ai.input.messages", [])
        if isinstance(own["gen_ai.input.messages"], list):
            own["gen_ai.input.messages"].append({"role": _ROLES[event], "content": said})
    elif event == _CHOICE:
        said = mapping(body.get("message")).get("content", body.get("content"))
        own.setdefault("gen_ai.output.messages", [{"role": "assistant", "content": said}])
        own.setdefault("gen_ai.response.finish_reasons", body.get("finish_reason"))


def _listed(holder: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, called as JSON or as protobuf calls it."""
    listed = holder.get(name)
    if listed is None:
        listed = holder.get("".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    return (entry for entry in (listed if isinstance(listed, list) else ()) if isinstance(entry, dict))


def attributes(listed: Any) -> dict[str, Any]:
    """A list of key and value as an object."""
    found: dict[str, Any] = {}
    for pair in listed if isinstance(listed, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            found[pair["key"]] = value_of(pair.get("value"))
    return found


def value_of(value: Any, depth: int = 0) -> Any:
    """The value inside an AnyValue; 64-bit integers come as strings."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return None
    kind, inner = next(iter(value.items()), (None, None))
    if kind in ("intValue", "int_value"):
        return int(inner) if isinstance(inner, int | str) else None
    if kind in ("arrayValue", "array_value"):
        listed = mapping(inner).get("values")
        return [value_of(entry, depth + 1) for entry in listed] if isinstance(listed, list) else []
    if kind in ("kvlistValue", "kvlist_value"):
        listed = mapping(inner).get("values")
        pairs = [pair for pair in listed if isinstance(pair, dict)] if isinstance(listed, list) else []
        return {str(pair.get("key")): value_of(pair.get("value"), depth + 1) for pair in pairs}
    return inner


def _name(record: Mapping[str, Any], *names: str) -> str | None:
    parts = [record.get(name) for name in names]
    return ":".join(str(part) for part in parts) if all(parts) else None


def _time(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    return int(value) if isinstance(value, int | str) and str(value).isdigit() and int(value) else None


FORMAT = Format("otlp", "OTLP with GenAI attributes", matches, rows, WordJoiner)
