"""Each door speaks its own contract: what it is asked with, and what it answers."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.gateway.asked import Identity
from stillwatch.gateway.doors import Called
from stillwatch.gateway.gate import Gate

pytest.importorskip("prometheus_client", reason="the doors need the extra 'gateway'")
from stillwatch.gateway.app import App
from stillwatch.gateway.middleware import Guard

GateOf = Callable[..., Gate]
_HEADERS = st.sampled_from(["authorization", "x-api-key", "user-agent", "x-forwarded-for", "x-real-ip", "traceparent"])
_NAMES = st.sampled_from([
    "messages", "role", "user", "content", "text", "system", "tools", "function", "name", "input", "contents", "parts",
    "toolConfig", "inferenceConfig", "generationConfig", "response_format", "thinking", "reasoning", "instructions",
])  # fmt: skip


def _call(
    app: App, path: str, method: str = "GET", body: object = None, **headers: str
) -> tuple[int, dict[str, str], Any]:
    where, _, query = path.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = json.dumps(body).encode() if body is not None else b""
    pairs = dict(part.split("=") for part in query.split("&")) if query else {}
    reply = app.reply(Called(method, where, pairs, named, raw))
    text = reply.body.decode()
    is_json = text[:1] in ("{", "[") or text == "null"
    return reply.status, dict(reply.headers), json.loads(text) if is_json else text


@pytest.fixture
def app(gate_of: GateOf, tmp_path: Path) -> App:
    return App(gate_of(), Identity(), tmp_path / "seen")


@pytest.mark.parametrize(("account", "status"), [("stranger", 200), ("blocked", 403), ("challenged", 403)])
def test_envoy_lets_200_through(app: App, account: str, status: int) -> None:
    """The client's path behind the prefix; a customer reads reason and reference, and no bits."""
    found, headers, body = _call(app, "/envoy/v1/chat/completions", "POST", x_account_id=account)
    assert found == status
    if status != 200:
        assert body["error"]["code"] == "T-1"
        assert body["error"]["appeal_reference"] == headers["x-stillwatch-reference"]
        assert "30" not in json.dumps(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES | st.text(max_size=8), inner, max_size=6),
    max_leaves=25,
)


@given(body=_JSON, headers=st.dictionaries(_HEADERS, st.text(max_size=40), max_size=6))
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_a_client_writes_makes_a_door_fail_or_frees_anybody(
    app: App, body: object, headers: dict[str, str]
) -> None:
    """Whatever the body and the other headers: a blocked account is stopped, and no door raises."""
    for path in ("/envoy/v1/chat/completions", "/nginx"):
        assert _call(app, path, "POST", body, **{**headers, "x-account-id": "blocked"})[0] == 403
    asked = {"account": "blocked", "chat": body, "client": body, "address": body, "key": body}
    assert not _call(app, "/litellm", "POST", asked)[2]["passes"]
    who = {"user_api_key_user_id": "blocked", "user_api_key_hash": body}
    asked = {"request_data": who, "texts": body, "structured_messages": body, "tools": body, "request_headers": body}
    assert _call(app, "/beta/litellm_basic_guardrail_api", "POST", asked)[2]["action"] == "BLOCKED"


def test_rows_that_came_too_slowly_are_not_confirmed(app: App) -> None:
    """Or the logger would delete them."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * (65 << 20), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": "/seen",
        "method": "POST",
        "query_string": b"",
        "headers": [(b"content-length", b"9")],
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 413


def test_nginx_gets_only_what_it_understands(app: App) -> None:
    """2xx, 401 and 403; the status meant stands in a header."""
    told = [_call(app, "/nginx", x_account_id=a) for a in ("stranger", "challenged", "blocked", *["throttled"] * 3)]
    assert [t[0] for t in told] == [200, 401, 403, 200, 200, 403]
    assert [t[1]["x-stillwatch-status"] for t in told] == ["200", "403", "403", "200", "200", "429"]
    assert int(told[-1][1]["retry-after"]) > 3500


def test_litellm_s_generic_guardrail_is_answered_none_or_blocked(app: App) -> None:
    """By user, else by key; replies of the model are let through; headers marked "[present]" are unknown."""
    path = "/beta/litellm_basic_guardrail_api"

    def action(input_type: str = "request", headers: object = None, **who: str) -> str:
        body = {"input_type": input_type, "texts": ["hi"], "request_data": who, "request_headers": headers}
        return str(_call(app, path, "POST", body)[2]["action"])

    assert action(user_api_key_user_id="blocked") == "BLOCKED"
    assert action(user_api_key_hash="blocked") == "BLOCKED"
    assert action("response", user_api_key_hash="blocked") == "NONE"
    assert action(user_api_key_hash="someone") == "NONE"
    assert action(headers={"x-forwarded-for": "203.0.113.9"}) == "BLOCKED"
    assert action(headers={"x-forwarded-for": "[present]"}) == "NONE"
    assert _call(app, path, "POST", ["no object"])[0] == 422


def test_a_bouncer_gets_everything_then_what_changed(app: App) -> None:
    """Only what is enforced and what its scopes can carry out; accounts as user names."""
    _, _, first = _call(app, "/v1/decisions/stream?startup=true", x_api_key="b1")
    given = {(d["scope"], d["value"], d["type"], d["simulated"]) for d in first["new"]}
    assert ("Ip", "203.0.113.9", "ban", False) in given
    assert ("Range", "198.51.100.0/24", "captcha", False) in given
    assert "simulated" not in {value for _, value, _, _ in given}
    assert _call(app, "/v1/decisions/stream", x_api_key="b1")[2] == {"new": [], "deleted": []}
    assert _call(app, "/v1/decisions?ip=203.0.113.9")[2][0]["type"] == "ban"
    assert _call(app, "/v1/decisions?ip=203.0.113.8")[2] is None


def test_a_bouncer_is_told_what_was_undone(gate_of: GateOf) -> None:
    """After a newer snapshot without them, everything it was given is deleted."""
    gate = gate_of()
    app = App(gate, Identity())
    before = _call(app, "/v1/decisions/stream?startup=true", x_api_key="b1")[2]["new"]
    gate_of(decisions=())
    gate.refresh()
    after = _call(app, "/v1/decisions/stream", x_api_key="b1")[2]
    assert {d["uuid"] for d in after["deleted"]} == {d["uuid"] for d in before}


def test_the_feed_marks_what_is_simulated(app: App) -> None:
    """Everything, with `enforced`."""
    _, _, body = _call(app, "/feed.json")
    assert {d["value"]: d["enforced"] for d in body["decisions"]}["simulated"] is False
    assert len(body["decisions"]) == 7


def test_health_readiness_and_metrics(app: App, gate_of: GateOf, tmp_path: Path) -> None:
    """Not ready without a snapshot, ready with an empty one; counts show in Prometheus' format."""
    _call(app, "/envoy/v1", x_account_id="blocked")
    assert _call(app, "/healthz")[0] == 200
    assert _call(app, "/readyz")[0] == 200
    assert _call(App(Gate(tmp_path / "absent", ()), Identity()), "/readyz")[0] == 503
    assert _call(App(gate_of(decisions=()), Identity()), "/readyz") == (
        200,
        {"content-type": "text/plain"},
        "snapshot 1\n",
    )
    _, _, text = _call(app, "/metrics")
    assert 'stillwatch_answers_total{action="block",outcome="stop"} 1.0' in text
    assert "stillwatch_decisions 7.0" in text


def test_rows_are_on_disk_when_they_are_confirmed(app: App, tmp_path: Path) -> None:
    """One file an hour."""
    assert _call(app, "/seen", "POST", {"id": "r1"})[2] == {"kept": 1}
    (path,) = (tmp_path / "seen").glob("*.jsonl")
    assert path.read_text() == '{"id": "r1"}\n'


async def _ask(app: Any, account: str, chunks: list[bytes]) -> list[dict[str, Any]]:
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"", "headers": [
        (b"x-account-id", account.encode()), (b"content-length", b"9")
    ]}  # fmt: skip
    waiting = [{"type": "http.request", "body": c, "more_body": c is not chunks[-1]} for c in chunks]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_rows_of_a_sender_who_is_gone_are_not_kept_by_half(gate_of: GateOf, tmp_path: Path) -> None:
    """A body that breaks off is none: it would end in half a row, and the sender sends all of it again."""
    waiting = [{"type": "http.request", "body": b'{"id": 1}\n{"id"', "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/seen", "query_string": b"", "headers": [
        (b"content-length", b"100")]}  # fmt: skip
    asyncio.run(App(gate_of(), Identity(), tmp_path / "seen")(scope, receive, send))
    assert sent[0]["status"] == 413
    assert not (tmp_path / "seen").exists()


def test_the_middleware_gives_the_body_on_and_streams_as_it_comes(gate_of: GateOf) -> None:
    """The application reads every chunk and a disconnect; its own chunks pass one by one."""
    read: list[dict[str, Any]] = []

    async def streaming(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while not read or read[-1]["type"] != "http.disconnect":
            read.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a", b"b", b""):
            await send({"type": "http.response.body", "body": part, "more_body": bool(part)})

    guard = Guard(streaming, gate_of(), Identity())
    sent = asyncio.run(_ask(guard, "stranger", [b"one ", b"two"]))
    assert [m.get("body") for m in read] == [b"one ", b"two", None]
    assert [m.get("body") for m in sent] == [None, b"a", b"b", b""]
    assert [m.get("status") for m in asyncio.run(_ask(guard, "blocked", [b"x"]))] == [403, None]


@pytest.mark.parametrize(("account", "code"), [("stranger", None), ("blocked", 1008)])
def test_a_websocket_is_decided_on_when_it_opens(gate_of: GateOf, account: str, code: int | None) -> None:
    """Or a blocked account would go on over another protocol."""
    sent: list[dict[str, Any]] = []

    async def application(_: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/v1/realtime", "headers": [(b"x-account-id", account.encode())]}
    asyncio.run(Guard(application, gate_of(), Identity())(scope, receive, send))
    assert [m.get("code") for m in sent] == [code]
