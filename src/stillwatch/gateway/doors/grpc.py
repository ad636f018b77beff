"""Envoy's ext_authz over gRPC: envoy.service.auth.v3.Authorization/Check.

In: CheckRequest. Out: CheckResponse, OK with headers for the upstream, or a denial with status and body. Needs the
extra `gateway`. Source: envoyproxy/envoy, api/envoy/service/auth/v3/external_auth.proto, as in xds-protos.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.rpc.code_pb2 import OK, PERMISSION_DENIED
from google.rpc.status_pb2 import Status

from stillwatch.gateway.asked import Identity, of_headers
from stillwatch.gateway.doors.reply import answer_headers, customer_body
from stillwatch.gateway.gate import Answer, Gate


class Authorization(external_auth_pb2_grpc.AuthorizationServicer):  # type: ignore[misc]  # the base is untyped
    """Answers Check from a gate."""

    def __init__(self, gate: Gate, identity: Identity) -> None:
        self._gate, self._identity = gate, identity

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - the contract's own name and arguments
        """Answer one check."""
        http = request.attributes.request.http
        headers = {name.lower(): value for name, value in http.headers.items()}
        body = http.raw_body or http.body.encode()
        answer = self._gate.answer(of_headers(headers, body, http.path.partition("?")[0] or "/", self._identity))
        return _allowed(answer) if answer.passes else _denied(answer)


def serve_grpc(gate: Gate, identity: Identity, place: str) -> grpc.Server:
    """Start serving at HOST:PORT; stop it with `.stop(grace)`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4, thread_name_prefix="grpc"))
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(Authorization(gate, identity), server)
    server.add_insecure_port(place)
    server.start()
    return server


def _headers(answer: Answer) -> list[Any]:
    found = {**answer_headers(answer), **({} if answer.passes else {"content-type": "application/json"})}
    return [HeaderValueOption(header=HeaderValue(key=name, value=value)) for name, value in found.items()]


def _allowed(answer: Answer) -> Any:
    ok = external_auth_pb2.OkHttpResponse(headers=_headers(answer))
    return external_auth_pb2.CheckResponse(status=Status(code=OK), ok_response=ok)


def _denied(answer: Answer) -> Any:
    denied = external_auth_pb2.DeniedHttpResponse(
        status=HttpStatus(code=answer.status),
        headers=_headers(answer),
        body=customer_body(answer).decode(),
    )
    return external_auth_pb2.CheckResponse(status=Status(code=PERMISSION_DENIED), denied_response=denied)
