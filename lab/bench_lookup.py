"""How long a decision takes in process, with 100,000 decisions and 10,000 scaffold indicators.

In: nothing. Out: lab/results/lookup.md. `lab/gateway_http.py` measures the same over HTTP. Usage: lab/bench_lookup.py
"""

import os
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.gateway.asked import Asked
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.snapshot import Contents, write_snapshot
from stillwatch.known import FamilyOdds, Indicator, KindIndicators, KnownCampaign, as_text
from stillwatch.pipeline.linking import Request
from stillwatch.types import (
    AccountId,
    ActId,
    Action,
    Approval,
    CampaignId,
    Decision,
    DecisionId,
    FollowUp,
    Scope,
    TraitKind,
    Verdict,
)

DECISIONS, INDICATORS, ROUNDS = 100_000, 10_000, 50_000
PAGE = Path(__file__).resolve().parent / "results" / "lookup.md"
WORDS = [
    "solve",
    "explain",
    "the",
    "a",
    "of",
    "proof",
    "number",
    "tree",
    "list",
    "code",
    "write",
    "find",
    "given",
    "show",
    "let",
    "each",
    "value",
    "sum",
    "edge",
    "data",
]


def contents(version: int) -> Contents:
    """A snapshot of the size of the bar."""
    now = datetime.now(UTC)
    approval = Approval("bench", now, bits_held=True)
    decisions = [
        Decision(DecisionId(f"d{n}"), Scope.ACCOUNT, f"account-{n}", Action.BLOCK, "B-1", CampaignId("c1"), 30.0,
                 now - timedelta(hours=1), now + timedelta(days=30), approval=approval)
        for n in range(DECISIONS)
    ]  # fmt: skip
    words = tuple(Indicator(str(n * 7_919), 30, 0, 12.0) for n in range(INDICATORS))
    odds = FamilyOdds("application", -1.0, ((10.0, 11.0),))
    known = KnownCampaign(CampaignId("c1"), Verdict.DISTILLATION, now, now, now, frozenset({AccountId("m")}), 30, 9_000,
                          (KindIndicators(TraitKind.SCAFFOLD, words),), (odds,))  # fmt: skip
    ups = ((ActId("a-1"), FollowUp(CampaignId("c1"), Action.CHALLENGE, "B-2", 30.0, 9.0, 24.0, approval=approval)),)
    return Contents(version, now.timestamp(), decisions, (), ups, (), as_text([known]))


def in_process(gate: Gate, rng: random.Random) -> list[tuple[str, list[float]]]:
    """Microseconds of a bare look-up of seven scopes, and of the whole answer for prompts of two lengths."""
    assert gate.snapshot is not None
    held, now, rows = gate.snapshot, gate.now(), []
    bare = []
    for n in range(ROUNDS):
        account = f"account-{rng.randrange(2 * DECISIONS)}"
        targets = [("account", account), ("key", f"k{n}"), ("organisation", "o"), ("address", f"10.0.{n % 250}.7"),
                   ("network", f"10.0.{n % 250}.0/24"), ("client", "curl"), ("scaffold", str(n))]  # fmt: skip
        begin = time.perf_counter()
        held.look_up(targets, now)
        bare.append((time.perf_counter() - begin) * 1e6)
    rows.append(("look-up of seven scopes", bare))
    for length in (50, 1_000):
        spans = []
        prompts = [" ".join(rng.choices(WORDS, k=length)) for _ in range(200)]
        for n in range(ROUNDS // 5):
            shown = Request(prompt=prompts[n % 200], client="curl", address=f"10.0.{n % 250}.7")
            asked = Asked(f"account-{rng.randrange(2 * DECISIONS)}", f"k{n}", "o", request=shown)
            begin = time.perf_counter()
            gate.answer(asked)
            spans.append((time.perf_counter() - begin) * 1e6)
        rows.append((f"whole answer, sketch and live linking, prompt of {length:,} words", spans))
    return rows


def _three(spans: list[float]) -> str:
    return " | ".join(f"{_percentile(spans, share):.0f}" for share in (0.5, 0.99, 0.999))


def _percentile(spans: list[float], share: float) -> float:
    return sorted(spans)[min(int(len(spans) * share), len(spans) - 1)]


def main() -> None:
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        snapshot = Path(name) / "decisions.snapshot"
        write_snapshot(contents(1), snapshot)
        gate = Gate(snapshot, ())
        begin = time.perf_counter()
        assert gate.refresh()
        loaded = time.perf_counter() - begin
        gate.answer(Asked(account="x", request=Request(prompt="warm up " * 20)))
        size = snapshot.stat().st_size
        inside = in_process(gate, rng)
    lines = [
        "# Time of a decision in process", "",
        f"{DECISIONS:,} decisions and {INDICATORS:,} scaffold indicators in {size / 2**20:.0f} MiB, opened and checked",
        f"in {loaded:.2f} s. One Python process; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} by others.",
        "`lab/bench_lookup.py` makes this page.", "",
        "| in process | p50, microseconds | p99 | p99.9 |", "|---|---|---|---|",
        *(f"| {label} | {_three(spans)} |" for label, spans in inside), "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
