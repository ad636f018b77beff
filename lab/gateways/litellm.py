"""A real LiteLLM proxy with made-up replies: our guardrail in its process or its Generic Guardrail API, our logger.

In: how we are asked, and the mode on failure. Out: the proxy's port. Needs the proxy in an environment of its own:
lab/litellm_drill/requirements.txt.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from gateways import own

Door = Literal["in_process", "over_http", "bare"]
Mode = Literal["open", "closed"]
_SOURCE = Path(__file__).resolve().parents[2] / "src" / "stillwatch_litellm"
_MODELS = """
model_list:
  - model_name: m
    litellm_params: {model: openai/m, api_key: none, mock_response: "hello"}
general_settings: {custom_auth: owners.authenticate, disable_error_logs: true}
"""
_LOGGER = """litellm_settings: {callbacks: ["stillwatch_litellm.logger.logger"]}
"""
_GUARDRAIL = """
guardrails:
  - guardrail_name: ours
    litellm_params: {WHICH, default_on: true}
"""
_WHICH = {
    "in_process": 'guardrail: "stillwatch_litellm.guardrail.StillwatchGuardrail", mode: pre_call',
    "over_http": "guardrail: generic_guardrail_api, mode: pre_call, api_base: URL, timeout: 0.2, "
    "unreachable_fallback: fail_MODE, EVER",
}
_EVER = {"open": "fail_on_error: false", "closed": "fail_on_error: true"}
_OWNERS = """
from litellm.proxy._types import UserAPIKeyAuth

async def authenticate(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, user_id=api_key.removeprefix("Bearer ").removeprefix("sk-"))
"""


def program() -> str | None:
    """The program: named in STILLWATCH_LITELLM, or on the path."""
    return os.environ.get("STILLWATCH_LITELLM") or shutil.which("litellm")


@contextmanager
def litellm(
    folder: Path, ours: int, door: Door, mode: Mode = "open", logs: Literal["logged", "unlogged"] = "logged"
) -> Iterator[int]:
    """Start a proxy whose keys are `sk-ACCOUNT`; its logger's spool is `folder/spool`."""
    folder.mkdir(exist_ok=True)
    shutil.copytree(_SOURCE, folder / "stillwatch_litellm", dirs_exist_ok=True)
    (folder / "owners.py").write_text(_OWNERS)
    url, port = f"http://127.0.0.1:{ours}", own.free_port()
    guardrail = (
        _GUARDRAIL.replace("WHICH", _WHICH[door].replace("URL", url).replace("MODE", mode).replace("EVER", _EVER[mode]))
        if door != "bare"
        else ""
    )
    (folder / "config.yaml").write_text(_MODELS + (_LOGGER if logs == "logged" else "") + guardrail)
    env = {
        "STILLWATCH_URL": url,
        "STILLWATCH_ON_FAILURE": mode,
        "STILLWATCH_SPOOL": str(folder / "spool"),
        "PYTHONPATH": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
    }
    command = [
        program() or "litellm",
        "--config",
        str(folder / "config.yaml"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with own.started(command, port, folder / "proxy.log", env):
        yield port
