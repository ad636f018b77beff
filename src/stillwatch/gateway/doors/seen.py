"""Rows that a logger sends: POST /seen, JSON lines; kept for the next scan.

In: one LiteLLM payload a line. Out: files by hour in the gateway's folder, which `stillwatch scan` reads. A row is on
disk before it is confirmed; a sender that got no answer sends again, and a scan counts a repeated row once.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from stillwatch.gateway.doors.reply import Called, Reply, json_reply

PATH = "/seen"


def reply(folder: Path | None, called: Called, now: float) -> Reply:
    """Append the rows and confirm them."""
    if folder is None or called.method != "POST":
        return json_reply({"detail": "rows are not kept here"}, 404)
    lines = [line for line in (called.body or b"").split(b"\n") if line.strip()]
    if not append(folder, lines, now):
        return json_reply({"detail": "the rows could not be written; send them again"}, 503)
    return json_reply({"kept": len(lines)})


def append(folder: Path, lines: Sequence[bytes], now: float, prefix: str = "") -> bool:
    """Write lines into the file of this hour and wait until they are on the disk; False if they could not be."""
    name = prefix + datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H.jsonl")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("ab") as sink:
            sink.write(b"".join(line + b"\n" for line in lines))
            sink.flush()
            os.fsync(sink.fileno())
    except OSError:
        return False
    return True
