"""The OTLP door: what a real exporter sends is kept once, confirmed as OTLP says, and read by a scan."""

import asyncio
import contextlib
import gzip
import http.client
import itertools
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch.gateway.asked import Identity
from stillwatch.gateway.gate import Gate
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

pytest.importorskip("uvicorn", reason="the server needs the extra 'gateway'")
pytest.importorskip("opentelemetry.proto", reason="protobuf is in the extra 'otlp'")
import uvicorn
from fuzzing.bombs import empty_spans
from gateways.own import free_port
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as proto
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from stillwatch.gateway import app
from stillwatch.gateway.app import App

SPAN = {
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "chat atlas-1",
    "startTimeUnixNano": "1770120000000000000", "endTimeUnixNano": "1770120001000000000",
    "attributes": [
        {"key": "gen_ai.request.model", "value": {"stringValue": "atlas-1"}},
        {"key": "user.id", "value": {"stringValue": "a1"}},
    ],
}  # fmt: skip


class Server:
    """The application under a real server on loopback."""

    def __init__(self, app: App) -> None:
        self.port = free_port()
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()

    def post(self, body: bytes, path: str = "/v1/traces", **headers: str) -> tuple[int, dict[str, str], bytes]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {"content-type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        asked.request("POST", path, body, named)
        reply = asked.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "seen"


@pytest.fixture
def server(gate_of: Callable[..., Gate], folder: Path) -> Iterator[Server]:
    running = Server(App(gate_of(), Identity(), folder))
    yield running
    running.stop()


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for batch in read_exchanges([folder], Settings(), Tally()) for row in batch.to_pylist()]


def request(*spans: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_a_real_exporter_s_spans_are_read_by_a_scan(server: Server, folder: Path, compression: Compression) -> None:
    """opentelemetry-sdk and its OTLP/HTTP exporter, protobuf, as pinned in the lock."""
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{server.port}/v1/traces", compression=compression)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    for number in range(20):
        with provider.get_tracer("llm").start_as_current_span("chat atlas-1") as span:
            span.set_attributes({"gen_ai.request.model": "atlas-1", "user.id": f"a{number % 3}"})
            span.set_attributes({"gen_ai.usage.input_tokens": 7, "gen_ai.operation.name": "chat"})
    provider.shutdown()
    found = rows(folder)
    assert len(found) == 20
    assert {(row["account_id"], row["model"], row["input_tokens"]) for row in found} == {
        (f"a{n}", "atlas-1", 7) for n in range(3)
    }


def test_a_span_that_comes_again_is_confirmed_and_kept_once(server: Server, folder: Path) -> None:
    for _ in range(3):
        assert server.post(request(SPAN, SPAN))[::2] == (200, b"{}")
    assert len(rows(folder)) == 1


def test_json_and_protobuf_of_one_span_are_one(server: Server, folder: Path) -> None:
    assert server.post(request(SPAN))[0] == 200
    message = proto.ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = bytes.fromhex(str(SPAN["traceId"])), bytes.fromhex(str(SPAN["spanId"]))
    status, headers, _ = server.post(message.SerializeToString(), content_type="application/x-protobuf")
    assert (status, headers["content-type"]) == (200, "application/x-protobuf")
    assert len(rows(folder)) == 1


def test_spans_without_ids_are_refused_one_by_one(server: Server, folder: Path) -> None:
    """Partial success, in JSON with the count as a string, in protobuf as a message."""
    bad = [SPAN | {"traceId": "0" * 32}, SPAN | {"spanId": "short"}, SPAN | {"traceId": None}]
    status, _, body = server.post(request(SPAN, *bad))
    assert (status, json.loads(body)["partialSuccess"]["rejectedSpans"]) == (200, "3")
    assert len(rows(folder)) == 1
    message = proto.ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.add()
    _, _, body = server.post(message.SerializeToString(), content_type="application/x-protobuf")
    assert proto.ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans == 1


def test_spans_that_are_none_are_refused_with_their_number(server: Server, folder: Path) -> None:
    """The one beside them is kept."""
    status, _, body = server.post(request(5, SPAN, None, [], "span"))
    assert (status, json.loads(body)["partialSuccess"]["rejectedSpans"]) == (200, "4")
    assert len(rows(folder)) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"resourceSpans": 5},
        {"resourceSpans": [None]},
        {"resourceSpans": {}},
        {"resourceSpans": [{"scopeSpans": "x"}]},
        {"resourceSpans": [{"scopeSpans": [[]]}]},
        {"resourceSpans": [{"scopeSpans": [{"spans": 5}]}]},
        {"resource_spans": [{"scope_spans": [{"spans": [SPAN]}]}]},
        {"resourceLogs": []},
    ],
    ids=str,
)
def test_what_is_no_export_request_is_not_confirmed(server: Server, folder: Path, document: dict[str, Any]) -> None:
    """200 would mean that it is kept; the exporter would forget it."""
    assert server.post(json.dumps(document).encode())[0] == 400
    assert not folder.exists()


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans": null}', b'{"resourceSpans": [{"scopeSpans": []}]}'])
def test_nothing_is_confirmed(server: Server, body: bytes) -> None:
    """An empty request is one."""
    assert server.post(body)[::2] == (200, b"{}")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff\xff", {"content_type": "application/x-protobuf"}, 400),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"content_encoding": "br"}, 415),
        (b"{}", {"content_encoding": "gzip"}, 400),
        (gzip.compress(b"{}")[:-9], {"content_encoding": "gzip"}, 400),
        (gzip.compress(b" " * (33 << 20), 9), {"content_encoding": "gzip"}, 413),
        (gzip.compress(b'{"a":[' + b"[]," * 5_000_000 + b"1]}", 1), {"content_encoding": "gzip"}, 413),
        (
            gzip.compress(empty_spans(1_000_000), 1),
            {"content_encoding": "gzip", "content_type": "application/x-protobuf"},
            413,
        ),
        (b'{"resourceSpans":' + b"[" * 100_000, {}, 400),
        (b'{"resourceSpans":[NaN]}', {}, 400),
        (b"{}", {"content_length": str(1 << 40)}, 413),
        (gzip.compress(b"{}"), {"content_encoding": "gzip"}, 200),
        (b"", {"content_type": "application/x-protobuf"}, 200),
    ],
    ids=[
        "half",
        "list",
        "no protobuf",
        "text",
        "brotli",
        "no gzip",
        "cut gzip",
        "bomb",
        "many lists",
        "many spans",
        "deep",
        "not JSON",
        "says it is long",
        "gzip",
        "nothing",
    ],
)
def test_what_cannot_be_read_is_refused_for_good(
    server: Server, folder: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert server.post(body, **headers)[0] == status
    assert not folder.exists()


def test_under_pressure_an_exporter_is_told_to_wait(gate_of: Callable[..., Gate], folder: Path) -> None:
    running = Server(App(gate_of(), Identity(), folder, most_held_bytes=100))
    status, headers, _ = running.post(request(SPAN))
    running.stop()
    assert (status, headers["retry-after"]) == (429, "1")
    assert not folder.exists()


def test_a_real_exporter_waits_as_long_as_it_is_told_and_loses_nothing(
    gate_of: Callable[..., Gate], folder: Path
) -> None:
    """The 429 comes because another batch is on its way in; when that one is gone the same spans are kept."""
    running, told = Server(App(gate_of(), Identity(), folder, most_held_bytes=50_000)), threading.Event()
    logger, waits = logging.getLogger("opentelemetry"), logging.Handler()
    waits.emit = lambda record: told.set() if "retrying" in record.getMessage() else None  # type: ignore[method-assign]
    logger.addHandler(waits)
    held = http.client.HTTPConnection("127.0.0.1", running.port)
    held.putrequest("POST", "/v1/traces")
    held.putheader("content-length", "49999")
    held.endheaders(b"{")
    while running.post(request(SPAN))[0] != 429:
        pass
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{running.port}/v1/traces")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with provider.get_tracer("llm").start_as_current_span("chat atlas-1") as span:
        span.set_attributes({"gen_ai.request.model": "atlas-1", "user.id": "patient"})
    flushing = threading.Thread(target=provider.force_flush)
    flushing.start()
    assert told.wait(20)
    held.close()
    flushing.join()
    provider.shutdown()
    logger.removeHandler(waits)
    running.stop()
    assert "patient" in {row["account_id"] for row in rows(folder)}


def test_a_body_without_an_end_is_not_waited_for(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks: one that goes on for ever, and one that says nothing more."""

    def endless(chunks: Iterator[bytes]) -> int:
        asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            asked.request("POST", "/v1/traces", chunks, headers, encode_chunked=True)
        return asked.getresponse().status

    monkeypatch.setattr(app, "_SEEN_LIMITS", (1 << 20, 0.5))
    answered = threading.Event()

    def silent() -> Iterator[bytes]:
        yield b"{"
        answered.wait(2)

    assert endless(itertools.repeat(b" " * 65_536, 64)) == 413
    assert endless(silent()) == 413
    assert server.post(request(SPAN))[0] == 200
    assert len(rows(folder)) == 1


def test_what_is_kept_is_what_a_scan_can_read(server: Server, folder: Path) -> None:
    """Words of any script are as long in the file as they were, though JSON may escape them."""
    said = SPAN | {"attributes": [*SPAN["attributes"], {"key": "x", "value": {"stringValue": "東京" * 2_000_000}}]}
    assert server.post(request(said))[0] == 200
    assert len(rows(folder)) == 1


def test_a_folder_that_cannot_be_written_is_said_and_the_span_is_not_forgotten(server: Server, folder: Path) -> None:
    folder.write_text("a file in its place", encoding="utf-8")
    assert server.post(request(SPAN))[0] == 503
    folder.unlink()
    assert server.post(request(SPAN))[0] == 200
    assert len(rows(folder)) == 1


def test_log_records_are_kept_too(server: Server, folder: Path) -> None:
    record = {"timeUnixNano": "1770120000000000000", "traceId": SPAN["traceId"], "spanId": SPAN["spanId"]}
    record["attributes"] = SPAN["attributes"]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    assert [server.post(body, "/v1/logs")[0] for _ in range(2)] == [200, 200]
    assert [row["account_id"] for row in rows(folder)] == ["a1"]
