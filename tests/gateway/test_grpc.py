"""Envoy's own bytes over a real gRPC channel: allowed with headers, denied with status, reason and reference."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from stillwatch.gateway.asked import Identity
from stillwatch.gateway.gate import Gate

pytest.importorskip("grpc", reason="gRPC needs the extra 'gateway'")
import grpc

from stillwatch.gateway.doors.ext_authz import CheckResponse
from stillwatch.gateway.doors.grpc import serve_grpc

# envoy.service.auth.v3.CheckRequest as xds-protos 1.85.0 writes it: id, method, path, host, body "{}", source and
# the header X-Account-Id, whose value is the last argument
_HEAD = "0a410a03220170223a12380a0231371204504f53541a170a0c582d4163636f756e742d49641207"
_TAIL = "220c2f76312f636861743f783d312a01685a027b7d"


@pytest.fixture
def ask(gate_of: Callable[..., Gate]) -> Iterator[Callable[[str], CheckResponse]]:
    """Ask about an account of seven letters."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    server = serve_grpc(gate_of(), Identity(), place)
    with grpc.insecure_channel(place) as channel:
        check = channel.unary_unary("/envoy.service.auth.v3.Authorization/Check", None, CheckResponse.FromString)
        yield lambda account: check(bytes.fromhex(_HEAD) + account.encode() + bytes.fromhex(_TAIL), wait_for_ready=True)
    server.stop(None)


def test_a_stranger_passes(ask: Callable[[str], CheckResponse]) -> None:
    """OK, nothing else set."""
    answer = ask("someone")
    assert (answer.status.code, answer.HasField("denied_response")) == (0, False)
    assert answer.HasField("ok_response")


def test_a_member_reads_why_not(ask: Callable[[str], CheckResponse]) -> None:
    """PERMISSION_DENIED with the reply that the customer gets."""
    answer = ask("blocked")
    assert (answer.status.code, answer.denied_response.status.code) == (7, 403)
    headers = {option.header.key: option.header.value for option in answer.denied_response.headers}
    assert headers["content-type"] == "application/json"
    assert json.loads(answer.denied_response.body)["error"]["appeal_reference"] == headers["x-stillwatch-reference"]
