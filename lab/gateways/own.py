"""Our own server, a mock model server, and how programs are started and asked.

In: a folder. Out: running processes on loopback, ended with the test.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stillwatch.decide import load_policy
from stillwatch.gateway.home import Home, home_of
from stillwatch.pipeline.acting import Books, Report
from stillwatch.types import Accused, CampaignId, Verdict

POLICY = """
name = "test"
[caps_per_hour]
block = 1000000
challenge = 1000000
[[rule]]
who = "members"
verdicts = ["distillation"]
together_bits = 20
bits = 6
action = "block"
hours = 24
reason_code = "T-1"
enforce = true
[[rule]]
who = "members"
verdicts = ["relay"]
together_bits = 20
bits = 6
action = "challenge"
hours = 24
reason_code = "T-2"
enforce = true
"""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def act(home: Home, blocked: tuple[str, ...], challenged: tuple[str, ...] = (), at: datetime | None = None) -> str:
    """Approve an act that blocks and challenges accounts, from now or from `at`; the ledger alone is changed."""
    accused = (
        Accused(CampaignId("c1"), Verdict.DISTILLATION, 40.0, tuple((a, 12.0) for a in blocked)),
        Accused(CampaignId("c2"), Verdict.RELAY, 40.0, tuple((a, 12.0) for a in challenged)),
    )
    home.folder.mkdir(parents=True, exist_ok=True)
    (home.folder / "policy.toml").write_text(POLICY, "utf-8")
    now = at or datetime.now(UTC)
    with Books(home.place) as books:
        report = Report(accused, bits_held=True, known=(), settled=frozenset())
        act_id, _ = books.propose(report, load_policy(str(home.folder / "policy.toml")), "A. Person", now)
        books.approve(act_id, "A. Person", now)
    return act_id


@contextmanager
def started(
    command: list[str], port: int, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program and wait until it listens; it is killed in the end."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env={**os.environ, **(env or {})}, cwd=log.parent)
    try:
        wait_for(process, port, log)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until a port answers; a program that ends first fails with its log."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(log.read_text("utf-8", "replace")[-3000:]) from None
        return


@contextmanager
def served(
    folder: Path, blocked: tuple[str, ...] = (), challenged: tuple[str, ...] = (), more: str = ""
) -> Iterator[tuple[Home, int, subprocess.Popen[bytes]]]:
    """Our own server, `stillwatch serve`, in a process of its own."""
    home, port = home_of(folder / "home"), free_port()
    act(home, blocked, challenged)
    config = folder / "serve.toml"
    config.write_text(f'listen = "127.0.0.1:{port}"\nrefresh_seconds = 0.1\n{more}', "utf-8")
    command = [sys.executable, "-m", "stillwatch", "serve", "--home", str(home.folder), "--config", str(config)]
    with started(command, port, folder / "serve.log") as process:
        while ask(port, "/readyz")[0] != 200:
            pass
        yield home, port, process


def ask(
    port: int, path: str, account: str = "", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request on loopback."""
    held = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if account:
        named["x-account-id"] = account
    held.request("POST" if body else "GET", path, body or None, named)
    reply = held.getresponse()
    content = reply.read()
    held.close()
    return reply.status, {k.lower(): v for k, v in reply.getheaders()}, content


class _Model(BaseHTTPRequestHandler):
    """A mock model: says which headers it got; at /stream sends a chunk, waits to be told, and sends another."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_GET(self) -> None:
        """Answer."""
        length = int(self.headers.get("content-length") or 0)
        self.rfile.read(length)
        if self.path.endswith("/stream"):
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\none\r\n")
            self.wfile.flush()
            self.go_on.wait(20)
            self.wfile.write(b"3\r\ntwo\r\n0\r\n\r\n")
            return
        content = json.dumps({"action": self.headers.get("x-stillwatch-action"), "length": length}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def model() -> Iterator[tuple[int, threading.Event]]:
    """A mock model server: its port, and what lets its streams go on."""
    go_on = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Model", (_Model,), {"go_on": go_on}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, go_on
    finally:
        go_on.set()
        server.shutdown()
