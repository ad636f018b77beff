"""A real LiteLLM proxy with made-up replies: our guardrail in its process, its Generic Guardrail API, our logger."""

import json
import os
import secrets
import shutil
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
import real

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).resolve().parents[2] / "src" / "stillwatch_litellm"
CONFIG = """
model_list:
  - model_name: m
    litellm_params: {model: openai/m, api_key: none, mock_response: "hello"}
guardrails:
  - guardrail_name: ours
    litellm_params: {GUARDRAIL, default_on: true}
litellm_settings: {callbacks: ["stillwatch_litellm.logger.logger"]}
general_settings: {custom_auth: owners.authenticate, disable_error_logs: true}
"""
IN_PROCESS = 'guardrail: "stillwatch_litellm.guardrail.StillwatchGuardrail", mode: pre_call'
OVER_HTTP = "guardrail: generic_guardrail_api, mode: pre_call, api_base: URL, unreachable_fallback: fail_open"
OWNERS = """
from litellm.proxy._types import UserAPIKeyAuth

async def authenticate(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, user_id=api_key.removeprefix("Bearer ").removeprefix("sk-"))
"""


@pytest.mark.parametrize("guardrail", [IN_PROCESS, OVER_HTTP], ids=["in_process", "over_http"])
def test_allow_deny_our_death_and_no_row_lost(tmp_path: Path, guardrail: str) -> None:
    """A member is stopped with its reference; dead, we let through; what was logged meanwhile arrives afterwards."""
    litellm = os.environ.get("STILLWATCH_LITELLM") or shutil.which("litellm")
    if not litellm:
        pytest.skip("no LiteLLM proxy: install lab/litellm_drill/requirements.txt, and name it in STILLWATCH_LITELLM")
    shutil.copytree(SOURCE, tmp_path / "stillwatch_litellm")
    (tmp_path / "owners.py").write_text(OWNERS)
    port = real.free_port()
    with real.served(tmp_path, ("bad",)) as (home, ours, process):
        url = f"http://127.0.0.1:{ours}"
        (tmp_path / "config.yaml").write_text(CONFIG.replace("GUARDRAIL", guardrail.replace("URL", url)))
        env = {"STILLWATCH_URL": url, "STILLWATCH_SPOOL": str(tmp_path / "spool"), "PYTHONPATH": str(tmp_path),
               "LITELLM_LOCAL_MODEL_COST_MAP": "True",
               "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}"}  # fmt: skip
        command = [litellm, "--config", str(tmp_path / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
        with real.started(command, port, tmp_path / "proxy.log", env):
            told = [_chat(port, account) for account in ("stranger", "bad")]
            assert told[0][0] == 200, told
            assert told[1][0] in (400, 403), told
            assert "T-1" in told[1][1]
            process.kill()
            process.wait()
            assert [_chat(port, "stranger")[0] for _ in range(20)] == [200] * 20
            again = [*process.args]  # type: ignore[misc]  # a list of strings
            with real.started(again, ours, tmp_path / "serve-again.log"):
                while len(_rows(home.seen)) < 21:
                    pass
    assert len({row["id"] for row in _rows(home.seen)}) >= 21


def _chat(port: int, account: str) -> tuple[int, str]:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
    named = {"authorization": f"Bearer sk-{account}", "content_type": "application/json"}
    status, _, content = real.ask(port, "/v1/chat/completions", body=body, **named)
    return status, content.decode()


def _rows(folder: Path) -> list[dict[str, str]]:
    paths = folder.glob("*.jsonl") if folder.exists() else ()
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return [row for row in map(json.loads, lines) if row.get("status") == "success"]
