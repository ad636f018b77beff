"""OTLP: spans and log records with GenAI attributes, in JSON. One document holds many exchanges.

In: TracesData or LogsData as OTLP/JSON writes them. Out: columns of `tables.EXCHANGES` for every call of a model;
other spans are none. Read `genai_attributes` next. Source: opentelemetry-proto, semantic-conventions-genai.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from stillwatch.read.format import Columns, Document, Format, attempted
from stillwatch.read.genai_attributes import Call, call_columns
from stillwatch.read.pairs import mapping
from stillwatch.read.values import RowFault

_DEEPEST = 16

Reader = Callable[[Mapping[str, Any], Mapping[str, Any]], Call]


def matches(row: Document) -> bool:
    """Tell OTLP by its first field, in either spelling."""
    return not row.keys().isdisjoint(("resourceSpans", "resourceLogs", "resource_spans", "resource_logs"))


def rows(document: Document) -> Iterator[Columns | RowFault]:
    """Give the calls of a document, span after span, record after record."""
    for outer, inner, records, read in (
        ("resourceSpans", "scopeSpans", "spans", _of_span),
        ("resourceLogs", "scopeLogs", "logRecords", _of_record),
    ):
        for resource in _listed(document, outer):
            shared = attributes(mapping(resource.get("resource")).get("attributes"))
            for scope in _listed(resource, inner):
                for record in _listed(scope, records):
                    yield from attempted(partial(_columns, read, record, shared))


def _columns(read: Reader, record: Mapping[str, Any], shared: Mapping[str, Any]) -> Columns | None:
    return call_columns(read(record, shared))


def _of_span(span: Mapping[str, Any], shared: Mapping[str, Any]) -> Call:
    own = attributes(span.get("attributes"))
    for event in _listed(span, "events"):
        inner = attributes(event.get("attributes"))
        _note_message(own, str(event.get("name") or ""), inner, inner)
        own |= {name: value for name, value in inner.items() if name.startswith("gen_ai.") and name not in own}
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
    return Call(own, shared, _name(record, "traceId", "spanId"), moment, None, None)


def _note_message(own: dict[str, Any], event: str, inner: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Keep a message that an older emitter wrote as an event of its own."""
    role = {"gen_ai.user.message": "user", "gen_ai.system.message": "system", "gen_ai.assistant.message": "assistant"}
    if event in role:
        said = body.get("content", inner.get("gen_ai.prompt"))
        own.setdefault("gen_ai.input.messages", [])
        if isinstance(own["gen_ai.input.messages"], list):
            own["gen_ai.input.messages"].append({"role": role[event], "content": said})
    elif event == "gen_ai.choice":
        own.setdefault("gen_ai.output.messages", [{"role": "assistant", "content": body.get("content")}])


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


FORMAT = Format("otlp", "OTLP with GenAI attributes", matches, rows)
