"""The receiver of LiteLLM's rows is down for an hour: are any lost?

In: how many requests. Out: lab/results/gateway_logger.md. A real LiteLLM proxy with our logger and made-up replies
answers the requests of an hour as fast as it can while our server is dead; then our server comes back, and its rows are
counted by the ids that the clients were given. Usage: [REQUESTS]
"""

import http.client
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateways import own
from gateways.litellm import litellm

PAGE = Path(__file__).resolve().parent / "results" / "gateway_logger.md"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
HEADERS = {"authorization": "Bearer sk-someone", "content-type": "application/json"}
THREADS = 8


def answered(port: int, requests: int) -> list[str]:
    """Send requests and give the ids of those that were answered."""

    def some(count: int) -> list[str]:
        held, ids = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
        for _ in range(count):
            held.request("POST", "/v1/chat/completions", BODY, HEADERS)
            reply = held.getresponse()
            content = json.loads(reply.read())
            assert reply.status == 200, content
            ids.append(content["id"])
        held.close()
        return ids

    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(some, [requests // THREADS] * THREADS))
    return [one for part in parts for one in part]


def arrived(folder: Path) -> list[str]:
    """Ids of the rows that our server has on disk."""
    paths = sorted(folder.glob("*.jsonl")) if folder.exists() else []
    return [json.loads(line)["id"] for path in paths for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 3_600
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with own.served(folder) as (home, ours, process), litellm(folder / "proxy", ours, "bare") as port:
            before = answered(port, THREADS)
            process.kill()
            process.wait()
            begin = time.monotonic()
            during = answered(port, requests)
            took = time.monotonic() - begin
            again = [*process.args]  # type: ignore[misc]  # a list of strings
            with own.started(again, ours, folder / "serve-again.log"):
                wanted, patience = {*before, *during}, time.monotonic() + 120
                while not wanted <= set(arrived(home.seen)) and time.monotonic() < patience:
                    time.sleep(1)
                rows = arrived(home.seen)
    lost, twice = len(wanted - set(rows)), len(rows) - len(set(rows))
    lines = [
        "# The receiver of LiteLLM's rows is down", "",
        f"A real LiteLLM proxy with our logger answered {len(during):,} requests while our server was dead: an hour",
        f"at one every {3600 / len(during):.1f} s, compressed into {took:.0f} s. After our server had come back:", "",
        "| requests answered while it was dead | rows lost | rows that came twice |", "|---|---|---|",
        f"| {len(during):,} | {lost} | {twice} |", "", "`lab/gateway_logger.py` makes this page.", "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
