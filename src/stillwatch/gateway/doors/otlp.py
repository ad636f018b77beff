"""Spans and log records that an exporter sends: OTLP over HTTP, POST /v1/traces and /v1/logs; kept for the next scan.

In: protobuf or JSON, plain or gzip. Out: files by hour in the gateway's folder, one document a line, which
`stillwatch scan` reads. What is kept is on disk before it is confirmed. Spans that came before are confirmed, not kept
again; spans without ids are refused one by one (partial success). What is no export request is refused, and one
request is unpacked at a time: memory is that of one. Source: OTLP specification 1.9, "OTLP/HTTP".
"""

import base64
import hashlib
import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.crowded import crowded_json, crowded_message
from stillwatch.gateway.doors.reply import Called, Reply
from stillwatch.gateway.doors.seen import append
from stillwatch.settings import Settings

TRACES, LOGS = "/v1/traces", "/v1/logs"
PATHS = (TRACES, LOGS)
_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_LARGEST_BYTES = Settings().row_limit_bytes  # of a body unpacked, and of the line that it becomes
_REMEMBERED = 1_000_000  # spans, the last ones
_PLACES = {
    TRACES: ("resourceSpans", "scopeSpans", "spans", "rejectedSpans"),
    LOGS: ("resourceLogs", "scopeLogs", "logRecords", "rejectedLogRecords"),
}


_CROWDED = "holds too many parts; send fewer at a time"


class _Refused(Exception):  # noqa: N818 - an answer
    """The whole request is refused, with a status and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(slots=True)
class Receiver:
    """One gateway's memory of spans. `folder`: where documents are kept, or None: nowhere."""

    folder: Path | None
    _known: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, called: Called, now: float) -> Reply:
        """Keep what a request brings, and confirm it in the encoding it came in."""
        kind = called.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.folder is None or called.method != "POST":
            return _answer(kind, 404, "spans are not kept here")
        try:
            with self._one_at_a_time:
                body = _unpacked(called.body or b"", called.headers.get("content-encoding", "identity").strip().lower())
                rejected = self._kept(self.folder, _document(called.path, kind, body), called.path, now)
        except _Refused as refused:
            headers = {"retry-after": "5"} if refused.status == 503 else {}
            return _answer(kind, refused.status, str(refused), headers)
        return _confirmed(called.path, kind, rejected)

    def _kept(self, folder: Path, document: dict[str, Any], path: str, now: float) -> int:
        """Write what is new and remember it; give how many records were refused."""
        fresh, rejected = self._fresh(document, path)
        line = msgspec.json.encode(document) if fresh else b""
        if len(line) > _LARGEST_BYTES:
            raise _Refused(413, f"more than {_LARGEST_BYTES:,} bytes as JSON; send fewer at a time")
        if fresh and not append(folder, [line], now, "otlp-"):
            raise _Refused(503, "could not be written; send again")
        self._known.update(dict.fromkeys(fresh))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return rejected

    def _fresh(self, document: dict[str, Any], path: str) -> tuple[list[bytes], int]:
        """Leave in a document what is new; give its names, and how many records are none or have no ids."""
        outer, inner, records, _ = _PLACES[path]
        fresh: dict[bytes, None] = {}
        rejected = 0
        for resource in _objects(document, outer):
            for scope in _objects(resource, inner):
                kept = []
                for record in _listed(scope, records):
                    name = _named(record, path)
                    if name is None:
                        rejected += 1
                    elif name not in self._known and name not in fresh:
                        fresh[name] = None
                        kept.append(record)
                scope[records] = kept
        return list(fresh), rejected


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise _Refused(415, f"content-encoding {encoding[:20]!r} is not read; gzip is")
    try:
        unpacking = zlib.decompressobj(wbits=31)
        found = unpacking.decompress(body, _LARGEST_BYTES)
    except zlib.error as fault:
        raise _Refused(400, "not gzip") from fault
    if unpacking.unconsumed_tail:
        raise _Refused(413, f"more than {_LARGEST_BYTES:,} bytes unpacked")
    if not unpacking.eof:
        raise _Refused(400, "gzip that ends early")
    return found


def _document(path: str, kind: str, body: bytes) -> dict[str, Any]:
    if kind == _PROTOBUF:
        return _of_protobuf(path, body)
    if kind != _JSON:
        raise _Refused(415, f"content-type must be {_PROTOBUF} or {_JSON}")
    if crowded_json(body):
        raise _Refused(413, _CROWDED)
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError) as fault:
        raise _Refused(400, "not JSON") from fault
    if not isinstance(document, dict) or (document and _PLACES[path][0] not in document):
        raise _Refused(400, f"not an export request: {_PLACES[path][0]} is missing")
    return document


def _of_protobuf(path: str, body: bytes) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - an extra
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - same

    request, _ = _messages(path)
    if crowded_message(body, request.DESCRIPTOR):
        raise _Refused(413, _CROWDED)
    try:
        document: dict[str, Any] = MessageToDict(request.FromString(body))
    except (DecodeError, ValueError, RecursionError) as fault:
        raise _Refused(400, "not an export request in protobuf") from fault
    outer, inner, records, _ = _PLACES[path]
    for resource in _objects(document, outer):
        for scope in _objects(resource, inner):
            for record in _objects(scope, records):
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in record:  # protobuf writes bytes as base64, OTLP's own JSON writes ids as hex
                        record[name] = base64.b64decode(record[name]).hex()
    return document


def _messages(path: str) -> tuple[Any, Any]:
    """The request and the response of a path."""
    try:
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs  # noqa: PLC0415 - an extra
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces  # noqa: PLC0415 - same
    except ImportError as fault:
        raise _Refused(415, "protobuf needs: pip install 'stillwatch[otlp]'") from fault
    if path == TRACES:
        return traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse
    return logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse


def _objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    listed = _listed(holder, name)
    if not all(isinstance(one, dict) for one in listed):
        raise _Refused(400, f"not an export request: {name} holds what is no object")
    return listed


def _listed(holder: Mapping[str, Any], name: str) -> list[Any]:
    """Give what a list holds; null and a list that is not there are empty, as protobuf's JSON has it."""
    listed = holder.get(name)
    if listed is not None and not isinstance(listed, list):
        raise _Refused(400, f"not an export request: {name} is no list")
    return listed or []


def _named(record: object, path: str) -> bytes | None:
    """The name of a record; None for what is no object, and for a span without ids."""
    if not isinstance(record, dict):
        return None
    return _name(record) if path == TRACES else _digest(record)


def _digest(record: Mapping[str, Any]) -> bytes:
    """A log record has no id of its own: two that say the same are one."""
    return hashlib.blake2b(msgspec.json.encode(record, order="deterministic"), digest_size=16).digest()


def _name(span: Mapping[str, Any]) -> bytes | None:
    """The ids of a span, if it has both as OTLP wants them: 16 and 8 bytes in hex, not all zero."""
    ids = [span.get("traceId"), span.get("spanId")]
    for value, length in zip(ids, (32, 16), strict=True):
        if not isinstance(value, str) or len(value) != length or not set(value) <= set("0123456789abcdefABCDEF"):
            return None
        if not value.strip("0"):
            return None
    return bytes.fromhex("".join(map(str, ids)))


def _confirmed(path: str, kind: str, rejected: int) -> Reply:
    field_name = _PLACES[path][3]
    words = "records are objects, and spans need a traceId of 16 bytes and a spanId of 8" if rejected else ""
    if kind == _JSON:
        partial = {"partialSuccess": {field_name: str(rejected), "errorMessage": words}} if rejected else {}
        return Reply(200, {"content-type": _JSON}, json.dumps(partial).encode())
    _, response = _messages(path)
    answer = response()
    if rejected:
        answer.partial_success.error_message = words
        counted = "rejected_spans" if path == TRACES else "rejected_log_records"
        setattr(answer.partial_success, counted, rejected)
    return Reply(200, {"content-type": _PROTOBUF}, answer.SerializeToString())


def _answer(kind: str, status: int, words: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A google.rpc.Status: its second field is the message."""
    if kind == _PROTOBUF:
        text = words.encode()[:127]
        return Reply(status, {"content-type": _PROTOBUF, **(headers or {})}, bytes((0x12, len(text))) + text)
    return Reply(status, {"content-type": _JSON, **(headers or {})}, json.dumps({"message": words}).encode())


def busy(called_type: str) -> Reply:
    """Ask the exporter to wait: too much is on its way in."""
    kind = called_type.partition(";")[0].strip().lower()
    return _answer(kind, 429, "too much at once; send again", {"retry-after": "1"})


def too_long(called_type: str) -> Reply:
    """Refuse a body that is longer than is waited for, or slower."""
    return _answer(called_type.partition(";")[0].strip().lower(), 413, "the body is too long, or came too slowly")
