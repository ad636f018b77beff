"""Alive, ready, and counts for Prometheus.

In: the gate's counts. Out: /healthz, /readyz and /metrics in Prometheus' text format.
"""

from collections.abc import Iterator

from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from stillwatch.gateway.doors.reply import Reply
from stillwatch.gateway.gate import Gate


def alive(_: Gate) -> Reply:
    """The process answers."""
    return Reply(200, {"content-type": "text/plain"}, b"ok\n")


def ready(gate: Gate) -> Reply:
    """A snapshot is loaded."""
    held = gate.snapshot
    words = f"snapshot {held.version}\n" if held else "no snapshot yet\n"
    return Reply(200 if held else 503, {"content-type": "text/plain"}, words.encode())


_FAULTS = {
    "snapshot_faults": "Bad snapshots.",
    "content_faults": "Requests whose words could not be read; they were decided on by who asks.",
    "unread_bodies": "Bodies too long, too slow, cut short or no JSON; the mode on failure decides where words count.",
    "ledger_faults": "Times the ledger could not be reached.",
    "redis_faults": "Times Redis could not be reached.",
    "trace_faults": "Answers that no span tells of.",
}


class Metrics:
    """Reads the gate's counts when asked."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def reply(self) -> Reply:
        """Answer `/metrics`."""
        return Reply(200, {"content-type": "text/plain; version=0.0.4"}, generate_latest(self._registry))

    def collect(self) -> Iterator[Metric]:
        """Give the metric families; called by Prometheus' client."""
        counts, held = self._gate.counts.copy(), self._gate.snapshot
        answers = CounterMetricFamily("stillwatch_answers", "Requests answered.", labels=["action", "outcome"])
        failed = CounterMetricFamily("stillwatch_failed", "Requests we could not tell about.", labels=["mode"])
        would = CounterMetricFamily("stillwatch_would", "What simulated decisions would have done.", labels=["action"])
        linked = CounterMetricFamily("stillwatch_linked", "Fresh accounts that continue a campaign.", labels=["action"])
        over = CounterMetricFamily("stillwatch_over_cap", "Let go by a policy's cap an hour.", labels=["action"])
        families = {"answers": answers, "failed": failed, "would": would, "linked": linked, "over_cap": over}
        for name, count in counts.items():
            if name[0] in families:
                families[name[0]].add_metric(name[1:], count)
        yield from families.values()
        yield CounterMetricFamily("stillwatch_answer_seconds", "Time in look-ups.", counts["nanoseconds",] / 1e9)
        for fault, said in _FAULTS.items():
            yield CounterMetricFamily(f"stillwatch_{fault}", said, counts[fault,])
        yield GaugeMetricFamily("stillwatch_snapshot_version", "Log entry it rests on.", held.version if held else 0)
        yield GaugeMetricFamily(
            "stillwatch_snapshot_age_seconds", "Its age.", self._gate.now() - held.made_at if held else 0
        )
        yield GaugeMetricFamily("stillwatch_decisions", "Scopes and values it holds.", len(held) if held else 0)
