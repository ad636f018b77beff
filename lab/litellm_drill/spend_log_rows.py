"""Runs inside the LiteLLM proxy: the row of LiteLLM_SpendLogs that the proxy makes of each request.

In: SPEND_LOG_ROWS, a file. Out: one row a line there. The proxy makes it by its own function, as it would for its
table; it hands rows to its database through the Prisma engine, a program that is downloaded when it is first needed.
"""

# ruff: noqa: ARG001 - the proxy calls these hooks with fixed arguments, by name
import json
import os
from pathlib import Path
from typing import Any

from fastapi import Request  # type: ignore[import-not-found]  # lives in the drill's own environment
from litellm.integrations.custom_logger import CustomLogger  # type: ignore[import-not-found]  # same
from litellm.proxy._types import UserAPIKeyAuth  # type: ignore[import-not-found]  # same
from litellm.proxy.spend_tracking.spend_tracking_utils import (  # type: ignore[import-not-found]  # same
    get_logging_payload,
)


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """A key is its owner's name behind sk-."""
    key = api_key.removeprefix("Bearer ")
    return UserAPIKeyAuth(api_key=key, user_id=key.removeprefix("sk-"), team_id="team-1")


class Rows(CustomLogger):  # type: ignore[misc]  # the base class is untyped here
    """Appends each row to the file."""

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(os.environ["SPEND_LOG_ROWS"])

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Write the row."""
        row = get_logging_payload(kwargs, response_obj, start_time, end_time)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")


rows = Rows()
