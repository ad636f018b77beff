"""Ten thousand requests at each door, in each mode on failure, while we are out: is the mode kept every time?

In: how many requests a door and mode. Out: lab/results/gateway_outage.md. Needs Envoy, LiteLLM and nginx (see
lab/gateways). A door's requests are shared out over four outages: killed (nobody listens), stopped (the process is
frozen), resetting (every connection is closed at once), broken (every answer is 500). A row that the page has already
is kept and not measured again. Usage: [REQUESTS]
"""

import os
import signal
import socket
import struct
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from subprocess import Popen

from gateways import own
from gateways.asgi import asgi
from gateways.envoy import envoy
from gateways.litellm import Door, Mode, litellm
from gateways.load import answered
from gateways.nginx import nginx, quick_model

PAGE = Path(__file__).resolve().parent / "results" / "gateway_outage.md"
WAITS = 0.1  # seconds that a gateway waits for us
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}'
HEADERS = {"x-account-id": "stranger", "authorization": "Bearer sk-stranger", "content-type": "application/json"}


@contextmanager
def impostor(port: int, reply: bytes) -> Iterator[None]:
    """Listen where we did; answer with `reply` and close, or reset at once where it is empty."""
    server = socket.create_server(("127.0.0.1", port), backlog=512)

    def run() -> None:
        while True:
            try:
                held, _ = server.accept()
                if reply:
                    held.recv(65_536)
                    held.sendall(reply)
                else:
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                held.close()
            except ConnectionError:
                continue
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def outages(ports: tuple[int, int], process: Popen[bytes]) -> Iterator[str]:
    """Bring one outage after the other about, and give its name while it lasts; we never come back."""
    process.send_signal(signal.SIGSTOP)
    yield "stopped"
    process.kill()
    process.wait()
    yield "killed"
    broken = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    for name, reply in (("resetting", b""), ("broken", broken)):
        with impostor(ports[0], reply), impostor(ports[1], reply):
            yield name


class Page:
    """The table's rows: those that are there, and new ones, written as soon as they are measured."""

    def __init__(self, requests: int) -> None:
        text = PAGE.read_text("utf-8") if PAGE.exists() else ""
        self.rows = [line for line in text.splitlines() if line.startswith("| ") and " | on failure | " not in line]
        self.requests = requests

    def lacks(self, door: str, mode: str) -> bool:
        """Whether a door's mode was not measured yet."""
        return not any(line.startswith(f"| {door} | {mode} |") for line in self.rows)

    def add(self, door: str, mode: str, told: Counter[int]) -> None:
        """Write how many requests were answered as the mode says: open lets through, closed does not."""
        right = sum(n for status, n in told.items() if status and (200 <= status < 300) == (mode == "open"))
        seen = ", ".join(f"{n:,} x {status or 'no reply'}" for status, n in sorted(told.items()))
        share = f"{100 * right / told.total():.2f} %"
        self.rows.append(f"| {door} | {mode} | {told.total():,} | {right:,} | {share} | {seen} |")
        print(self.rows[-1], flush=True)
        lines = [
            "# Requests during an outage of ours", "",
            "Each door and mode was asked while we were out, a quarter of its requests in each of four outages: killed",
            "(nobody listens), stopped (frozen with SIGSTOP), resetting (connections closed at once), broken (every",
            f"answer is 500). Real programs on loopback, which wait {WAITS * 1000:.0f} ms for us (LiteLLM 200 ms);",
            f"{os.cpu_count()} cores, shared with others. `lab/gateway_outage.py` makes this page.", "",
            "| door | on failure | requests | as configured | share | statuses |", "|---|---|---|---|---|---|",
            *sorted(self.rows), "",
        ]  # fmt: skip
        PAGE.write_text("\n".join(lines), "utf-8")


def sidecars(folder: Path, page: Page) -> None:
    """Envoy over HTTP and gRPC, and nginx."""
    asked = [*product(("Envoy, http", "Envoy, grpc", "nginx auth_request"), ("open", "closed"))]
    if not any(page.lacks(*way) for way in asked):
        return
    told: dict[tuple[str, str], Counter[int]] = {}
    grpc = own.free_port()
    with (
        quick_model(folder / "model") as model,
        own.served(folder, more=f'grpc = "127.0.0.1:{grpc}"\n') as (_, ours, process),
        envoy(folder, model, ours, grpc, WAITS) as fronts,
        nginx(folder / "nginx", model, ours, WAITS) as front,
    ):
        ways = {("Envoy, " + kind, mode): (port, "/v1/chat") for (kind, mode), port in fronts.items() if mode}
        ways["nginx auth_request", "closed"] = front, "/v1/chat"
        ways["nginx auth_request", "open"] = front, "/open/v1/chat"
        wanted = {way: place for way, place in ways.items() if page.lacks(*way)}
        for _ in outages((ours, grpc), process):
            for way, (port, path) in wanted.items():
                counted = answered(port, path, page.requests // 4, BODY, HEADERS, threads=32)
                told.setdefault(way, Counter()).update(counted)
    for (door, mode), counted in told.items():
        page.add(door, mode, counted)


def proxies(folder: Path, page: Page) -> None:
    """LiteLLM: our guardrail in its process, and its Generic Guardrail API."""
    doors: tuple[tuple[Door, str], ...] = (
        ("in_process", "LiteLLM, our guardrail"),
        ("over_http", "LiteLLM, Generic Guardrail API"),
    )
    modes: tuple[Mode, ...] = ("open", "closed")
    for (door, words), mode in product(doors, modes):
        if not page.lacks(words, mode):
            continue
        place, told = folder / f"{door}-{mode}", Counter[int]()
        place.mkdir()
        with (
            own.served(place) as (_, ours, process),
            litellm(place / "proxy", ours, door, mode, "unlogged") as port,
        ):
            for _ in outages((ours, own.free_port()), process):
                told += answered(port, "/v1/chat/completions", page.requests // 4, BODY, HEADERS, threads=32)
        page.add(words, mode, told)


def middleware(folder: Path, page: Page) -> None:
    """The ASGI middleware, whose gate is in process: half without a snapshot, half with one that was cut short."""
    cut = folder / "cut.snapshot"
    cut.write_bytes(b"SWSNAP2\n cut short")
    door = "ASGI middleware, no readable snapshot"
    for mode in ("open", "closed"):
        told = Counter[int]()
        for snapshot in (folder / "absent.snapshot", cut) if page.lacks(door, mode) else ():
            with asgi(folder, snapshot, mode) as port:
                told += answered(port, "/v1/chat", page.requests // 2, BODY, HEADERS)
        if told:
            page.add(door, mode, told)


def main() -> None:
    page = Page(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        middleware(folder, page)
        sidecars(folder, page)
        proxies(folder, page)


if __name__ == "__main__":
    main()
