"""How long a decision takes: in process, with 100,000 decisions and 10,000 scaffold indicators, and over HTTP.

In: a seed. Out: lab/results/lookup.md. HTTP is driven by wrk where it is installed, at no fixed rate: both wrk and the
server share this machine's cores. Usage: lab/bench_lookup.py [SECONDS]
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.gateway.asked import Asked
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.home import home_of
from stillwatch.gateway.snapshot import Contents, write_snapshot
from stillwatch.known import FamilyOdds, Indicator, KindIndicators, KnownCampaign, as_text
from stillwatch.pipeline.acting import Books
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


def over_http(folder: Path, seconds: int) -> list[str]:
    """Drive the served doors with wrk, one connection a core and then sixteen."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return ["| wrk is not installed | | | |"]
    port = 18_088
    (folder / "serve.toml").write_text(f'listen = "127.0.0.1:{port}"\nrefresh_seconds = 60\n', "utf-8")
    begin = [sys.executable, "-m", "stillwatch", "serve", "--home", str(folder), "--config", str(folder / "serve.toml")]
    rows = []
    with subprocess.Popen(begin) as server:
        wait_until_ready(server, port)
        for connections in (2, 16):
            load = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(folder / "ask.lua")]
            told = subprocess.run(
                [*load, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
            ).stdout
            found = dict(re.findall(r"(50|99)%\s+([\d.]+\w+)", told))
            per_second = re.findall(r"Requests/sec:\s+([\d.]+)", told)[0]
            rows.append(f"| {connections} | {float(per_second):,.0f} | {found['50']} | {found['99']} |")
        server.terminate()
    return rows


def wait_until_ready(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until the doors are ready; the server's end is an error."""
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            try:
                server.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            raise SystemExit("the server ended") from None
        return


LUA = """
local n = 0
local body = '%s'
request = function()
  n = n + 1
  local headers = {["x-account-id"] = "account-" .. (n %% 200000), ["content-type"] = "application/json",
    ["user-agent"] = "curl", ["x-forwarded-for"] = "10.0." .. (n %% 250) .. ".7"}
  return wrk.format("POST", "/envoy/v1/chat/completions", headers, body)
end
"""


def _three(spans: list[float]) -> str:
    return " | ".join(f"{_percentile(spans, share):.0f}" for share in (0.5, 0.99, 0.999))


def _percentile(spans: list[float], share: float) -> float:
    return sorted(spans)[min(int(len(spans) * share), len(spans) - 1)]


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Books(str(folder / "ledger.sqlite")) as books:
            version = books.version()
        write_snapshot(contents(version), home_of(folder).snapshot)
        gate = Gate(home_of(folder).snapshot, ())
        begin = time.perf_counter()
        assert gate.refresh()
        loaded = time.perf_counter() - begin
        gate.answer(Asked(account="x", request=Request(prompt="warm up " * 20)))
        size = home_of(folder).snapshot.stat().st_size
        inside = in_process(gate, rng)
        prompt = " ".join(rng.choices(WORDS, k=50))
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]})
        (folder / "ask.lua").write_text(LUA % body, "utf-8")
        http = over_http(folder, seconds)
    lines = [
        "# Time of a decision", "",
        f"{DECISIONS:,} decisions and {INDICATORS:,} scaffold indicators in {size / 2**20:.0f} MiB, opened and checked",
        f"in {loaded:.2f} s. One Python process; {os.cpu_count()} cores, shared with others.",
        "`lab/bench_lookup.py` makes this page.", "",
        "| in process | p50, microseconds | p99 | p99.9 |", "|---|---|---|---|",
        *(f"| {label} | {_three(spans)} |" for label, spans in inside),
        "", "ext_authz over HTTP with a body, one server process; wrk on the same machine, as fast as it can:", "",
        "| connections | requests a second | p50 | p99 |", "|---|---|---|---|", *http, "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
