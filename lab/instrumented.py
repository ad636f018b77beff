"""OTLP as real instrumentation sends it: the golden spans of tests/read/golden, one file a dialect.

Usage: python lab/instrumented.py DIALECT OUT.jsonl, in an environment that has openai, opentelemetry-sdk, its OTLP
exporter over HTTP, and the dialect's instrumentation: opentelemetry-instrumentation-openai-v2 (`standard`, `events`),
opentelemetry-instrumentation-openai (`openllmetry`), openinference-instrumentation-openai (`openinference`).

The real OpenAI client asks a server on loopback, which answers in fixed words and takes the exporter's requests: a
question with a system prompt, a turn after an answer with tools and parameters, a streamed answer, a refused request.
"""

import base64
import gzip
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LAB = Path(__file__).resolve().parent
TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
TURNS = [
    {"role": "user", "content": "Add 2 and 3."},
    {"role": "assistant", "content": "5"},
    {"role": "user", "content": 'And now 東京, "why"?\nSay it.'},
]
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("acct-1", {"messages": [{"role": "system", "content": "Be brief."}, TURNS[0]]}),
    ("acct-2", {"messages": TURNS, "tools": [TOOL], "temperature": 0.5, "max_tokens": 256}),
    ("acct-1", {"messages": TURNS[:1], "stream": True, "stream_options": {"include_usage": True}}),
    ("acct-2", {"messages": [{"role": "user", "content": "fail"}]}),
)
USAGE = {"prompt_tokens": 31, "completion_tokens": 7, "total_tokens": 38}
REPLY = "Five, as 2 + 3 = 5."


class Server(BaseHTTPRequestHandler):
    """Answers chat completions, and keeps what an exporter sends."""

    protocol_version = "HTTP/1.1"
    kept: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path in ("/v1/traces", "/v1/logs"):
            self.kept.append((self.path, body))
            return self._give(200, b"", "application/x-protobuf")
        asked = json.loads(body)
        if asked["messages"][-1]["content"] == "fail":
            return self._give(429, b'{"error": {"message": "slow down", "type": "rate_limit_error"}}')
        head = {"id": "chatcmpl-1", "created": 1770120000, "model": "atlas-1-2026"}
        if not asked.get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": REPLY}}
            return self._give(
                200, json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": USAGE})
            )
        deltas: list[Any] = [[{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]
                             for word in ("Five, ", "as 2 + 3 = 5.")]  # fmt: skip
        deltas.append([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        chunks = [{**head, "object": "chat.completion.chunk", "choices": choices} for choices in deltas]
        chunks.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": USAGE})
        lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return self._give(200, lines, "text/event-stream")

    def _give(self, status: int, body: str | bytes, kind: str = "application/json") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the class asks for
        """Say nothing."""


def ask(port: int, named: Callable[[str], Any]) -> None:
    """Ask everything, as the accounts say."""
    import openai  # noqa: PLC0415 - of the environment that this script wants

    client = openai.OpenAI(api_key="sk-made-up", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
    for account, request in ASKED:
        with named(account):
            try:
                answered = client.chat.completions.create(model="atlas-1", **request)
                list(answered) if request.get("stream") else None
            except openai.RateLimitError:
                continue


def main(dialect: str, out: Path) -> None:
    Server.kept = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
    os.environ |= CONTENT.get(dialect, {})
    named, flush = instrumented(dialect)
    ask(port, named)
    flush()
    server.shutdown()
    lines = "".join(f"{document(path, body)}\n" for path, body in Server.kept)
    out.write_text(lines.replace(sys.prefix, "venv").replace(str(LAB), "lab"), encoding="utf-8")


CONTENT = {
    "standard": {
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
    },
    "events": {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"},
    "openllmetry": {"TRACELOOP_TRACE_CONTENT": "true"},
}
"""What makes each write the words; OpenInference does without being asked."""


def document(path: str, body: bytes) -> str:
    """An exporter's request as OTLP/JSON writes it: ids in hexadecimal."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest  # noqa: PLC0415
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415

    kind = ExportTraceServiceRequest if path == "/v1/traces" else ExportLogsServiceRequest
    return json.dumps(_hexadecimal(MessageToDict(kind.FromString(body))), ensure_ascii=False)


def _hexadecimal(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _hexadecimal(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hexadecimal(inner, name) for inner in value]
    return base64.b64decode(value).hex() if name in {"traceId", "spanId", "parentSpanId"} else value


def instrumented(dialect: str) -> tuple[Callable[[str], Any], Callable[[], None]]:
    """Instrument the client; give what says who asks, and what sends the rest."""
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    asking: list[str] = []

    class Named(SpanProcessor):  # type: ignore[misc]
        """Says who asks, as operators do: in the attribute of each dialect."""

        def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - it is called so
            name = "traceloop.association.properties.user_id" if dialect == "openllmetry" else "user.id"
            span.set_attributes({name: asking[-1], "client.address": "203.0.113.7"})

    @contextmanager
    def named(account: str) -> Iterator[None]:
        asking.append(account)
        yield

    resource = Resource.create({"service.name": "gateway"})
    spans, logs = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    spans.add_span_processor(Named())
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    if dialect == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor  # noqa: PLC0415
    elif dialect == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor  # noqa: PLC0415
    else:
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor  # noqa: PLC0415
    OpenAIInstrumentor().instrument(tracer_provider=spans, logger_provider=logs)

    def flush() -> None:
        spans.shutdown()
        logs.shutdown()

    return named, flush


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
