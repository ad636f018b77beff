"""A LiteLLM guardrail in the proxy's process: asks the gateway before a request goes to the model.

In: LiteLLM's pre-call hook, which knows the client's address. Out: the request unchanged, without its reasoning
parameters, or an error for the customer. The gateway's silence is answered as `on_failure` says and counted; nothing
but a decision ever raises.
"""

import os
from typing import Any

import httpx  # type: ignore[import-not-found]  # there in the proxy
from fastapi import HTTPException  # type: ignore[import-not-found]  # there in the proxy
from litellm.integrations.custom_guardrail import CustomGuardrail  # type: ignore[import-not-found]  # there in the proxy

_REASONING = ("reasoning_effort", "thinking", "reasoning")
_LOOKED = ("messages", "prompt", "system", "tools", "temperature", "top_p", "max_tokens", "n", "seed", *_REASONING)
_TIMEOUT_SECONDS = 0.2


class StillwatchGuardrail(CustomGuardrail):  # type: ignore[misc]  # the base class is untyped
    """Register under `guardrails` with mode pre_call; STILLWATCH_ON_FAILURE is open (default) or closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._url = os.environ.get("STILLWATCH_URL", "http://127.0.0.1:8088").rstrip("/")
        self._on_failure = os.environ.get("STILLWATCH_ON_FAILURE", "open")
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)
        self.open_passes = 0

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> Any:
        """Ask about one request."""
        try:
            reply = await self._client.post(self._url + "/litellm", json=_asked(user_api_key_dict, data))
            answer = reply.json() if reply.status_code == 200 else None
        except Exception:  # noqa: BLE001 - whatever is wrong with us, the mode on failure decides
            answer = None
        if not isinstance(answer, dict) or "passes" not in answer:
            return self._failed(data)
        if not answer["passes"]:
            headers = {str(k): str(v) for k, v in answer.get("headers", {}).items()}
            raise HTTPException(answer["status"], answer["body"], headers)
        if answer.get("action") == "withhold_reasoning":
            return {name: value for name, value in data.items() if name not in _REASONING}
        return data

    def _failed(self, data: dict[str, Any]) -> dict[str, Any]:
        if self._on_failure == "closed":
            raise HTTPException(503, {"error": {"message": "The request could not be checked. Please try again."}})
        self.open_passes += 1
        return data


def _asked(key: Any, data: dict[str, Any]) -> dict[str, Any]:
    found = data.get("metadata") or data.get("litellm_metadata") or {}
    headers = (data.get("proxy_server_request") or {}).get("headers") or {}
    return {
        "account": getattr(key, "user_id", None) or getattr(key, "api_key", None) or "",
        "key": getattr(key, "api_key", None) or "",
        "organisation": getattr(key, "org_id", None) or getattr(key, "team_id", None) or "",
        "address": found.get("requester_ip_address") or "",
        "client": headers.get("user-agent") or headers.get("User-Agent") or "",
        "chat": {name: data[name] for name in _LOOKED if name in data},
    }
