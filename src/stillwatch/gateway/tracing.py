"""Each answer as an OpenTelemetry span with the GenAI guardrail attributes: off unless the operator names a receiver.

In: what was asked and answered. Out: spans `run_guardrail stillwatch`, children of the request's traceparent, sent in
batches by a thread of their own. Never the prompt, the account or the bits. Sampling is set by OTEL_TRACES_SAMPLER.
Needs the extra `tracing`. Source: open-telemetry/semantic-conventions-genai, pull request 427, still a proposal.
"""

from typing import Any

from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind

from stillwatch import __version__
from stillwatch.gateway.asked import Asked
from stillwatch.gateway.gate import Answer

_NAME = "run_guardrail stillwatch"


class Tracing:
    """Makes a span of every answer; call it as `Gate.told`."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": "stillwatch"}))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("stillwatch", __version__)

    def __call__(self, asked: Asked, answer: Answer, begin_ns: int, end_ns: int) -> None:
        """Write down one answer; times are nanoseconds since 1970."""
        context = extract({"traceparent": asked.traceparent}) if asked.traceparent else None
        attributes = _attributes(asked, answer)
        span = self._tracer.start_span(_NAME, context, SpanKind.INTERNAL, attributes, start_time=begin_ns)
        span.end(end_ns)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


def sent_to(url: str) -> Tracing:
    """Send spans to an OTLP receiver over HTTP, such as `http://127.0.0.1:4318/v1/traces`."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - only here
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - same

    return Tracing(BatchSpanProcessor(OTLPSpanExporter(url)))


def _attributes(asked: Asked, answer: Answer) -> dict[str, Any]:
    verdict = "error" if answer.failed else "allow" if answer.passes and answer.order is None else answer.action
    found: dict[str, Any] = {
        "gen_ai.operation.name": "run_guardrail",
        "gen_ai.security.guardrail.name": "stillwatch",
        "gen_ai.security.guardrail.version": __version__,
        "gen_ai.security.verdict.type": verdict,
        "gen_ai.security.action.type": "allow" if answer.passes else "block",
        "url.path": asked.route,
    }
    if answer.order is not None:
        found["gen_ai.security.policy.rule.id"] = answer.order.reason_code
        found["gen_ai.security.external_finding_id"] = answer.order.decision_id
    return found
