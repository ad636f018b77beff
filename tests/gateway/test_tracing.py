"""One span an answer, under the caller's trace, with the guardrail attributes and without anything of a customer."""

from collections.abc import Callable

import pytest

from stillwatch.gateway.asked import Identity, of_headers
from stillwatch.gateway.gate import Gate

pytest.importorskip("opentelemetry.sdk", reason="spans need the extra 'tracing'")
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from stillwatch.gateway.tracing import Tracing

GateOf = Callable[..., Gate]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_each_answer_is_a_span_under_the_caller_s_trace(gate_of: GateOf) -> None:
    """Allowed, blocked with rule and reference, failed; neither prompt nor account nor bits."""
    exporter, gate = InMemorySpanExporter(), gate_of()
    gate.told = Tracing(SimpleSpanProcessor(exporter))
    for account in ("stranger", "blocked"):
        headers = {"x-account-id": account, "traceparent": f"00-{TRACE}-{PARENT}-01"}
        gate.answer(
            of_headers(headers, b'{"messages": [{"role": "user", "content": "secret words"}]}', "/v1", Identity())
        )
    allowed, blocked = exporter.get_finished_spans()
    assert [s.attributes["gen_ai.security.action.type"] for s in (allowed, blocked)] == ["allow", "block"]
    assert blocked.attributes["gen_ai.security.policy.rule.id"] == "T-1"
    assert blocked.attributes["gen_ai.security.external_finding_id"] == "d-blocked-block"
    assert f"{blocked.context.trace_id:032x}" == TRACE
    assert f"{blocked.parent.span_id:016x}" == PARENT
    assert blocked.end_time >= blocked.start_time
    assert not any("secret" in str(v) or "stranger" in str(v) for v in allowed.attributes.values())


def test_a_fault_in_tracing_changes_no_answer(gate_of: GateOf) -> None:
    """It is counted."""
    gate = gate_of()

    def broken(*_: object) -> None:
        raise RuntimeError

    gate.told = broken
    assert gate.answer(of_headers({"x-account-id": "blocked"}, b"", "/", Identity())).status == 403
    assert gate.counts["trace_faults",] == 1
