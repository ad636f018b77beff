"""Runs inside the LiteLLM proxy: who a key belongs to, what the model "replies", and the log.

In: DRILL_DIR, a folder with keys.json (key -> owner). Out: exchanges.jsonl there, one StandardLoggingPayload a line,
as the proxy made it. Nothing here knows of Stillwatch: this is what any operator of the gateway would write.
"""

# ruff: noqa: ARG001, ARG002 - the proxy calls these hooks with fixed arguments, by name
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from fastapi import Request  # type: ignore[import-not-found]  # lives in the drill's own environment
from litellm.integrations.custom_logger import CustomLogger  # type: ignore[import-not-found]  # same
from litellm.proxy._types import UserAPIKeyAuth  # type: ignore[import-not-found]  # same

FOLDER = Path(os.environ["DRILL_DIR"])
OWNERS: dict[str, dict[str, str]] = json.loads((FOLDER / "keys.json").read_text(encoding="utf-8"))
WORDS = ("the", "answer", "follows", "from", "what", "was", "given", "so", "we", "count", "first", "then", "compare")


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Say who owns a key; an unknown key is refused."""
    key = api_key.removeprefix("Bearer ")
    if key not in OWNERS:
        raise PermissionError("unknown key")
    return UserAPIKeyAuth(api_key=key, **OWNERS[key])


def made_up_reply(prompt: str) -> dict[str, Any]:
    """A chat completion whose length depends on the prompt and nothing else."""
    seed = hashlib.sha256(prompt.encode()).digest()
    words = 20 + len(prompt) // 10 + seed[0]
    text = " ".join(WORDS[seed[i % 32] % len(WORDS)] for i in range(words))
    asked, answered = len(prompt) // 4 + 1, len(text) // 4
    return {
        "model": "made-up",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
    }


class PayloadLog(CustomLogger):  # type: ignore[misc]  # the base class is untyped here
    """Appends each payload to exchanges.jsonl."""

    def __init__(self) -> None:
        super().__init__()
        self._file = (FOLDER / "exchanges.jsonl").open("a", encoding="utf-8")

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> Any:
        """Answer in the model's place; about one prompt in 300 always fails, as upstream models do."""
        prompt = str(data["messages"][-1]["content"])
        fails = hashlib.sha256(prompt.encode()).digest()[-1] == 0 and len(prompt) % 4 != 0
        data["mock_response"] = "litellm.InternalServerError" if fails else made_up_reply(prompt)
        return data

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Log an answered request."""
        self._write(kwargs)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Log a failed request."""
        self._write(kwargs)

    def _write(self, kwargs: dict[str, Any]) -> None:
        self._file.write(json.dumps(kwargs["standard_logging_object"], default=str) + "\n")
        self._file.flush()


payload_log = PayloadLog()
