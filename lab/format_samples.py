"""Samples of every format for tests/read/samples: two made-up exchanges each; OTLP comes from the real SDK's encoder.

Usage: lab/format_samples.py FOLDER. Needs opentelemetry-sdk and its OTLP exporter (development group).
"""

import json
import struct
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from formats.gateways import WRITERS
from formats.telemetry import DIALECTS

ROWS: tuple[Mapping[str, Any], ...] = (
    {
        "exchange_id": "00000000000000a1",
        "ts": datetime(2026, 2, 3, 12, 0, 0, 500_000, UTC),
        "account_id": "acct-1",
        "key_id": "key-1",
        "org_id": "org-1",
        "end_user_id": None,
        "session_id": "conv-1",
        "model": "atlas-1",
        "ip": "203.0.113.7",
        "country": "DE",
        "user_agent": "atlas-python/2.1",
        "tls_fingerprint": "t13d1516h2_8daaf6152771_b186095e22b6",
        "system_text": "Be brief.",
        "prompt_text": 'Add 2 and 3; say "why".\n中文 😀 =1+1',
        "turn": 1,
        "tools": ["add", "search"],
        "params": '{"max_tokens":256,"temperature":0.5}',
        "input_tokens": 31,
        "output_tokens": 7,
        "reasoning_tokens": 3,
        "cached_tokens": 0,
        "latency_ms": 812.0,
        "status": 200,
        "finish_reason": "stop",
        "reply_text": "5, as 2 + 3 = 5.",
    },
    {
        "exchange_id": "00000000000000a2",
        "ts": datetime(2026, 2, 3, 12, 1, 0, 0, UTC),
        "account_id": "acct-2",
        "key_id": "key-2",
        "org_id": None,
        "end_user_id": None,
        "session_id": None,
        "model": "atlas-mini",
        "ip": "2001:db8::1",
        "country": None,
        "user_agent": None,
        "tls_fingerprint": None,
        "system_text": None,
        "prompt_text": "[hello] {you}",
        "turn": 0,
        "tools": None,
        "params": None,
        "input_tokens": 5,
        "output_tokens": 2,
        "reasoning_tokens": 0,
        "cached_tokens": 0,
        "latency_ms": 90.0,
        "status": 200,
        "finish_reason": "stop",
        "reply_text": "Hello.",
    },
)


def _encoded(dialect: str) -> Any:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("llm")
    for row in ROWS:
        begin = int(row["ts"].timestamp() * 1_000_000) * 1_000
        with tracer.start_as_current_span("POST /v1/chat", start_time=begin, end_on_exit=False) as outer:
            span = tracer.start_span("chat", attributes=DIALECTS[dialect](row), start_time=begin)
            span.end(begin + int(row["latency_ms"] * 1_000_000))
            outer.end(begin + int(row["latency_ms"] * 1_000_000))
    return encode_spans(kept.get_finished_spans())


def main(folder: Path) -> None:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    for name, records in WRITERS.items():
        lines = [json.dumps(record, ensure_ascii=False) for row in ROWS for record in records(row)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in DIALECTS:
        request = _encoded(name)
        document = json.dumps(MessageToDict(request), ensure_ascii=False)
        (folder / f"{name}.jsonl").write_text(document + "\n", encoding="utf-8")
        packed = request.SerializeToString()
        (folder / f"{name}.binpb").write_bytes(packed)
        (folder / f"{name}.framed").write_bytes(struct.pack(">I", len(packed)) + packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
