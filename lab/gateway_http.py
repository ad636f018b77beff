"""How long a decision takes over HTTP, and what Envoy and LiteLLM take longer with us than without.

In: seconds of each measurement. Out: lab/results/gateway_http.md. Load comes from wrk on the same machine, its
connections paced by random waits so that the rate holds; wrk times from sending to the last byte. With --real-time, all
programs measured run before every other of a machine that is shared (SCHED_RR). Usage: [SECONDS] [--real-time]
"""

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_lookup import DECISIONS, INDICATORS, WORDS, contents
from gateways import own
from gateways.envoy import envoy
from gateways.litellm import Door, litellm
from gateways.load import Paced, paced, script_of
from gateways.nginx import quick_model

from stillwatch.gateway.home import home_of
from stillwatch.gateway.snapshot import write_snapshot
from stillwatch.pipeline.acting import Books

PAGE = Path(__file__).resolve().parent / "results" / "gateway_http.md"
HEADERS = {
    "x-account-id": f'"account-" .. ((n * 7919) % {10 * DECISIONS})',  # a tenth have a decision
    "authorization": '"Bearer sk-" .. (n % 1000)',
    "content-type": '"application/json"',
    "user-agent": '"curl"',
    "x-forwarded-for": '"10.0." .. (n % 250) .. ".7"',
}
REAL_TIME = "--real-time" in sys.argv
COUNTS = [word for word in sys.argv[1:] if word.isdigit()]
SECONDS = int(COUNTS[0]) if COUNTS else 15
BODY = json.dumps(
    {"model": "m", "messages": [{"role": "user", "content": " ".join(random.Random(7).choices(WORDS, k=50))}]}
)


@contextmanager
def decisions_served(folder: Path, more: str = "") -> Iterator[int]:
    """Our server with the snapshot of the in-process benchmark; its port."""
    home, port = home_of(folder / "home"), own.free_port()
    with Books(home.place) as books:
        write_snapshot(contents(books.version()), home.snapshot)
    (folder / "serve.toml").write_text(f'listen = "127.0.0.1:{port}"\n{more}', "utf-8")
    serve = [sys.executable, "-m", "stillwatch", "serve", "--home", str(home.folder)]
    with own.started([*serve, "--config", str(folder / "serve.toml")], port, folder / "serve.log"):
        while own.ask(port, "/readyz")[0] != 200:
            pass
        yield port


def decided(folder: Path) -> Iterator[str]:
    """Decisions asked for as Envoy does: paced at the bar's rate, and as fast as it goes."""
    with decisions_served(folder) as port:
        url = f"http://127.0.0.1:{port}/"
        for label, connections, wait in (("2,000 a second", 20, 9), ("as fast as it goes", 16, 0)):
            script = script_of(folder, "/envoy/v1/chat/completions", BODY, HEADERS, wait)
            paced(url, script, 3, connections)
            yield _row(label, connections, paced(url, script, SECONDS, connections))


def in_envoy(folder: Path) -> Iterator[str]:
    """The same requests through Envoy to a model that answers at once: bare, and asking us."""
    grpc = own.free_port()
    with (
        quick_model(folder / "model") as model,
        decisions_served(folder, f'grpc = "127.0.0.1:{grpc}"\n') as ours,
        envoy(folder, model, ours, grpc) as ports,
    ):
        script = script_of(folder, "/v1/chat/completions", BODY, HEADERS, 19)
        for label, kind in (
            ("alone", ("bare", "")),
            ("asks over HTTP", ("http", "open")),
            ("asks over gRPC", ("grpc", "open")),
        ):
            url = f"http://127.0.0.1:{ports[kind]}/"
            paced(url, script, 3, 10)
            yield _row(f"Envoy {label}", 10, paced(url, script, SECONDS, 10))


def in_litellm(folder: Path) -> Iterator[str]:
    """Requests through LiteLLM with made-up replies: without us, with our guardrail, with the Generic Guardrail API."""
    doors: tuple[tuple[str, Door], ...] = (
        ("alone", "bare"),
        ("with our guardrail", "in_process"),
        ("over HTTP", "over_http"),
    )
    for label, door in doors:
        with (
            decisions_served(folder) as ours,
            litellm(folder / door, ours, door, "open", "unlogged") as port,
        ):
            script = script_of(folder, "/v1/chat/completions", BODY, HEADERS, 95)
            url = f"http://127.0.0.1:{port}/"
            paced(url, script, 5, 2)
            yield _row(f"LiteLLM {label}", 2, paced(url, script, SECONDS, 2))


def _row(label: str, connections: int, told: Paced) -> str:
    line = f"| {label} | {connections} | {told.per_second:,.0f} | {told.p50_ms:.2f} ms | {told.p99_ms:.2f} ms |"
    print(line, f"{told.other:,} not 2xx", flush=True)
    return line


def main() -> None:
    heads = ("| | connections | requests a second | p50 | p99 |", "|---|---|---|---|---|")
    load = os.getloadavg()[0]
    if REAL_TIME:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        rows = list(decided(folder)), list(in_envoy(folder)), list(in_litellm(folder))
    before = "before every other program (SCHED_RR)" if REAL_TIME else "beside other programs"
    lines = [
        "# Time of a decision over HTTP", "",
        f"{DECISIONS:,} decisions and {INDICATORS:,} scaffold indicators, one server process. {os.cpu_count()} cores,",
        f"on which server, wrk and gateways run {before}; load {load:.1f} by others; {SECONDS} s each.",
        "A tenth of the requests meets a decision; the rest is followed for live linking. `lab/gateway_http.py` makes",
        "this page.",
        "", "Asked as Envoy asks over HTTP, with a body of 50 words:", "", *heads, *rows[0],
        "", "Through a real Envoy to a model that answers at once, and a real LiteLLM proxy with made-up replies:",
        "", *heads, *rows[1], *rows[2], "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
