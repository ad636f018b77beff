"""Envoy's ext_authz over gRPC: envoy.service.auth.v3.Authorization/Check.

In: CheckRequest. Out: CheckResponse, OK with headers for the upstream, or a denial with status and body. Needs the
extra `gateway`. Source: envoyproxy/envoy, api/envoy/service/auth/v3/external_auth.proto.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from stillwatch.gateway.asked import Identity, of_headers
from stillwatch.gateway.doors import ext_authz
from stillwatch.gateway.doors.reply import answer_headers, customer_body
from stillwatch.gateway.gate import Answer, Gate


def serve_grpc(gate: Gate, identity: Identity, place: str) -> grpc.Server:
    """Start serving at HOST:PORT; stop it with `.stop(grace)`."""

    def check(request: Any, _context: grpc.ServicerContext) -> Any:
        http = request.attributes.request.http
        headers = {header.key.lower(): header.value for header in http.headers}
        body = http.raw_body or http.body.encode()
        answer = gate.answer(of_headers(headers, body, http.path.partition("?")[0] or "/", identity))
        return _allowed(answer) if answer.passes else _denied(answer)

    service, method = ext_authz.METHOD
    answering = grpc.unary_unary_rpc_method_handler(
        check, ext_authz.CheckRequest.FromString, ext_authz.CheckResponse.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=4, thread_name_prefix="grpc"))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: answering}),))
    server.add_insecure_port(place)
    server.start()
    return server


def _headers(answer: Answer) -> list[Any]:
    found = {**answer_headers(answer), **({} if answer.passes else {"content-type": "application/json"})}
    headers = (ext_authz.Header(key=name, value=value) for name, value in found.items())
    return [ext_authz.HeaderValueOption(header=header) for header in headers]


def _allowed(answer: Answer) -> Any:
    ok = ext_authz.OkHttpResponse(headers=_headers(answer))
    return ext_authz.CheckResponse(status=ext_authz.Status(code=grpc.StatusCode.OK.value[0]), ok_response=ok)


def _denied(answer: Answer) -> Any:
    denied = ext_authz.DeniedHttpResponse(
        status=ext_authz.HttpStatus(code=answer.status),
        headers=_headers(answer),
        body=customer_body(answer).decode(),
    )
    status = ext_authz.Status(code=grpc.StatusCode.PERMISSION_DENIED.value[0])
    return ext_authz.CheckResponse(status=status, denied_response=denied)
