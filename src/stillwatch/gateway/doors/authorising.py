"""Envoy's ext_authz over HTTP, and nginx's auth_request: headers in, a status out.

In: the client's headers and path; from Envoy with `with_request_body` also the body. Out: 200 lets through, another
status stops. nginx understands only 2xx, 401 and 403: what else is stopped is 403, the status meant stands in
X-Stillwatch-Status for `error_page`. Source: envoyproxy.io ext_authz_filter, nginx.org ngx_http_auth_request_module.
"""

from stillwatch.gateway.asked import Identity, of_headers
from stillwatch.gateway.doors.reply import Called, Reply, answer_headers, customer_body
from stillwatch.gateway.gate import Gate

ENVOY = "/envoy"
NGINX = "/nginx"
_ASKS_WHO = ("challenge", "verify")


def envoy(gate: Gate, called: Called, identity: Identity) -> Reply:
    """Answer Envoy, which puts `path_prefix: /envoy` before the client's path."""
    answer = gate.answer(of_headers(called.headers, called.body, called.path.removeprefix(ENVOY) or "/", identity))
    if answer.passes:
        return Reply(200, answer_headers(answer))
    return Reply(answer.status, {**answer_headers(answer), "content-type": "application/json"}, customer_body(answer))


def nginx(gate: Gate, called: Called, identity: Identity) -> Reply:
    """Answer nginx, which gives the client's path in X-Original-URI."""
    route = called.headers.get("x-original-uri", "/").partition("?")[0]
    answer = gate.answer(of_headers(called.headers, called.body, route, identity))
    headers = {**answer_headers(answer), "x-stillwatch-status": str(answer.status)}
    if answer.passes:
        return Reply(200, headers)
    return Reply(401 if answer.action in _ASKS_WHO else 403, headers, customer_body(answer))
