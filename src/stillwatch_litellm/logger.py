"""A LiteLLM logger that writes every payload to disk first and sends it when the receiver is there.

In: LiteLLM's log events. Out: JSON lines to STILLWATCH_URL/seen, by way of the folder STILLWATCH_SPOOL. LiteLLM's own
`generic_api` logger deletes a batch even when sending it failed; this one deletes what was confirmed.
"""

import json
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger  # type: ignore[import-not-found]  # there in the proxy

from stillwatch_litellm.spool import Spool

_SEND_SECONDS = 2.0
_TIMEOUT_SECONDS = 10.0


class StillwatchLogger(CustomLogger):  # type: ignore[misc]  # the base class is untyped
    """Register an instance in `litellm_settings.callbacks`."""

    def __init__(self, url: str = "", spool: str = "") -> None:
        super().__init__()
        self._url = (url or os.environ.get("STILLWATCH_URL", "http://127.0.0.1:8088")).rstrip("/") + "/seen"
        self._spool = Spool(Path(spool or os.environ.get("STILLWATCH_SPOOL", "stillwatch-spool")))
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="stillwatch-logger", daemon=True).start()

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Keep an answered request."""
        self._keep(kwargs)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Keep a failed request."""
        self._keep(kwargs)

    def _keep(self, kwargs: Any) -> None:
        payload = kwargs.get("standard_logging_object")
        if payload is not None:
            self._spool.add(json.dumps(payload, default=str).encode())

    def _run(self) -> None:
        while True:
            self._wake.wait(_SEND_SECONDS)
            self._spool.send(self._deliver)

    def _deliver(self, rows: bytes) -> bool:
        kind = {"content-type": "application/x-ndjson"}
        request = urllib.request.Request(self._url, rows, kind)  # noqa: S310 - the operator's own URL
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as reply:  # noqa: S310 - same
                return bool(reply.status == 200)
        except (OSError, urllib.error.URLError):
            return False


logger = StillwatchLogger()
