"""A LiteLLM proxy's spend logs pulled while they are written: is any row lost, or read twice?

Usage: lab/spend_logs.py [REQUESTS]. Out: lab/results/spend_logs.md. A real proxy answers requests, one in eight of them
slowly; its rows are inserted into a real PostgreSQL as its batch writer inserts them, some every half second, while
`stillwatch pull` copies them again and again, once with --settle longer than any request, once without.
Needs PostgreSQL, and the proxy named in STILLWATCH_LITELLM (lab/litellm_drill/requirements.txt).
"""

import http.client
import json
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from gateways import own
from gateways.litellm import program
from gateways.postgres import postgres
from psycopg import sql

from stillwatch.gateway.spend_logs import pull_spend_logs
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

LAB = Path(__file__).resolve().parent
PAGE = LAB / "results" / "spend_logs.md"
SCHEMA = LAB.parent / "tests" / "gateway" / "litellm_spend_logs.sql"
THREADS, SLOW_SECONDS, WRITTEN_EVERY_SECONDS, SETTLE_SECONDS = 8, 2.0, 0.5, 6.0
CONFIG = f"""
model_list:
  - model_name: quick
    litellm_params: {{model: openai/m, api_key: none, mock_response: "hello"}}
  - model_name: slow
    litellm_params: {{model: openai/m, api_key: none, mock_response: "hello", mock_delay: {SLOW_SECONDS}}}
litellm_settings: {{callbacks: ["spend_log_rows.rows"]}}
general_settings:
  {{custom_auth: spend_log_rows.authenticate, disable_error_logs: true, store_prompts_in_spend_logs: true}}
"""


@contextmanager
def proxy(folder: Path) -> Iterator[tuple[int, Path]]:
    """Start the proxy: its port, and the file of its rows."""
    shutil.copy(LAB / "litellm_drill" / "spend_log_rows.py", folder)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    rows, port = folder / "rows.jsonl", own.free_port()
    env = {
        "SPEND_LOG_ROWS": str(rows),
        "PYTHONPATH": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
    }
    command = [program() or "litellm", "--config", str(folder / "config.yaml"), "--host", "127.0.0.1"]
    with own.started([*command, "--port", str(port)], port, folder / "proxy.log", env):
        yield port, rows


def asked(port: int, requests: int) -> None:
    """Send requests of 40 callers."""

    def some(first: int) -> None:
        held = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for at in range(first, requests, THREADS):
            words = f"Où est 東京? {at}"
            body = {
                "model": "slow" if at % 64 < 8 else "quick",
                "messages": [{"role": "user", "content": words}],
            }
            headers = {"authorization": f"Bearer sk-caller-{at % 40}", "content-type": "application/json"}
            held.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            reply = held.getresponse()
            assert reply.status == 200, reply.read()
            reply.read()
        held.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(some, range(THREADS)))


def write(rows: Path, url: str, ended: threading.Event) -> None:
    """Insert rows as the proxy's batch writer does: many at once, and those that are there are left as they are."""
    with psycopg.connect(url, autocommit=True) as held:
        at, last = 0, False
        while not last:
            last = ended.wait(WRITTEN_EVERY_SECONDS)
            content = rows.read_bytes()[at:] if rows.exists() else b""
            whole = content[: content.rfind(b"\n") + 1]
            at += len(whole)
            with held.transaction():
                for line in whole.splitlines():
                    insert(held, json.loads(line))


def insert(held: psycopg.Connection, row: dict[str, object]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    statement = sql.SQL('INSERT INTO "LiteLLM_SpendLogs" ({}) VALUES ({}) ON CONFLICT DO NOTHING').format(names, marks)
    held.execute(statement, list(row.values()))


def copied(folder: Path) -> Counter[str]:
    """How often each row is in the files."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return Counter(json.loads(line)["request_id"] for line in lines)


def watched(url: str, folders: dict[Path, float], ended: threading.Event) -> int:
    """Pull again and again; give how often."""
    pulls = 0
    while not ended.is_set():
        for folder, settle in folders.items():
            pull_spend_logs(url, folder, timedelta(seconds=settle), page_rows=37)
        pulls += 1
        time.sleep(0.2)
    return pulls


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with tempfile.TemporaryDirectory() as name, postgres() as url:
        folder = Path(name)
        with psycopg.connect(url, autocommit=True) as held:
            held.execute(SCHEMA.read_bytes())
        settled, eager = folder / "settled", folder / "eager"
        pulls = pulled(url, requests, {settled: SETTLE_SECONDS, eager: 0.0}, folder / "proxy")
        with psycopg.connect(url) as held:
            there = {row[0] for row in held.execute('SELECT request_id FROM "LiteLLM_SpendLogs"')}
        read = [row for batch in read_exchanges([settled], Settings(), Tally()) for row in batch.to_pylist()]
        made = page(there, {f"{SETTLE_SECONDS:.0f} s": copied(settled), "none": copied(eager)}, pulls, read)
    PAGE.write_text(made, "utf-8")
    print(made)


def pulled(url: str, requests: int, folders: dict[Path, float], place: Path) -> int:
    """Have a proxy write the table while it is pulled, and pull once more when all is written; give how often."""
    answered, written = threading.Event(), threading.Event()
    place.mkdir()
    with proxy(place) as (port, rows), ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write, rows, url, answered)
        pulling = pool.submit(watched, url, folders, written)
        asked(port, requests)
        time.sleep(2)  # the proxy logs a moment after it has answered
        answered.set()
        writing.result()
        time.sleep(SETTLE_SECONDS)
        written.set()
        pulls = pulling.result()
    for folder, settle in folders.items():
        pull_spend_logs(url, folder, timedelta(seconds=settle))
    return pulls + 1


def page(there: set[str], found: dict[str, Counter[str]], pulls: int, read: list[dict[str, object]]) -> str:
    words = sum(row["prompt_text"] is not None for row in read)
    accounts = len({row["account_id"] for row in read})
    lines = []
    for settle, ids in found.items():
        twice = sum(count > 1 for count in ids.values())
        lines.append(f"| {settle} | {len(there):,} | {len(ids):,} | {len(there - ids.keys())} | {twice} |")
    table = "\n".join(lines)
    return f"""# Spend logs pulled while they are written

`lab/spend_logs.py`: a real LiteLLM proxy answered {len(there):,} requests, one in eight of them after
{SLOW_SECONDS:.0f} s, and made the rows; they were inserted into a real PostgreSQL every {WRITTEN_EVERY_SECONDS} s, as
its batch writer does, but not by the Prisma engine that it uses, which must be downloaded. Meanwhile two folders were
filled by {pulls} pulls each, 37 rows a page; {os.cpu_count()} cores. Only a request that takes longer than `--settle`,
15 minutes unless told otherwise, can be lost.

| --settle | rows in the table | copied | lost | copied twice |
|---|---|---|---|---|
{table}

Read as exchanges: {len(read):,}, of {accounts} accounts, {words:,} with their words.
"""


if __name__ == "__main__":
    main()
