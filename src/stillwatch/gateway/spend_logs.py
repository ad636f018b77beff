"""A LiteLLM proxy's own table, LiteLLM_SpendLogs, copied by cursor into files that `scan` and `watch` read.

In: the URL of its PostgreSQL. Out: JSON lines in a folder, a file a page, and the place where the next pull goes on.
The cursor is (startTime, request_id), which the table has an index for. A row is written when its request ends, so rows
come late: those younger than `settle` wait for the next pull. Nothing is written to the database.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.gateway.database import reading
from stillwatch.whole import write_whole

PAGE_ROWS = 10_000
_PLACE = ".pulled.json"  # hidden: it is no log
_BEGINNING = ("0001-01-01T00:00:00", "")
_QUERY = """
SELECT * FROM "LiteLLM_SpendLogs"
WHERE ("startTime", request_id) > (%s::timestamp, %s)
  AND "startTime" <= (now() AT TIME ZONE 'UTC') - %s::interval
ORDER BY "startTime", request_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull copied; `up_to`: time of the last row ever copied, or None."""

    rows: int
    files: int
    up_to: str | None


def pull_spend_logs(url: str, folder: Path, settle: timedelta, page_rows: int = PAGE_ROWS) -> Pulled:
    """Copy the rows that came since the last pull into this folder.

    A page is one file, renamed into its place when it is whole and named by where it begins: a pull that was killed
    writes the same file again.

    Raises:  UsageError: the driver is not installed. InputError: the database cannot be read, the folder cannot be
             written, or its note of the last row is damaged.
    """
    rows = files = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = _place(folder)
        for page in _pages(url, place, settle, page_rows):
            write_whole(folder / f"spend-logs-{_digest(place)}.jsonl", b"".join(map(_line, page)))
            place = (page[-1]["startTime"].isoformat(), str(page[-1]["request_id"]))
            write_whole(folder / _PLACE, json.dumps(place).encode())
            rows, files = rows + len(page), files + 1
    except OSError as fault:
        raise InputError(f"{folder}: cannot be written ({fault.strerror})") from fault
    return Pulled(rows, files, place[0] if place != _BEGINNING else None)


def _place(folder: Path) -> tuple[str, str]:
    path = folder / _PLACE
    if not path.exists():
        return _BEGINNING
    try:
        moment, request_id = json.loads(path.read_bytes())
        return datetime.fromisoformat(moment).isoformat(), str(request_id)
    except (ValueError, TypeError) as fault:
        raise InputError(f"{path}: is damaged; delete it, and the pull begins anew") from fault


def _pages(url: str, place: tuple[str, str], settle: timedelta, page_rows: int) -> Iterator[list[dict[str, Any]]]:
    with reading(url, "the proxy's database") as held:
        while page := held.execute(_QUERY, (*place, settle, page_rows)).fetchall():
            held.rollback()
            yield page
            place = (page[-1]["startTime"].isoformat(), page[-1]["request_id"])


def _line(row: Mapping[str, Any]) -> bytes:
    """One row as JSON. A key that the proxy left as it is becomes its hash, as the proxy makes it."""
    key = row.get("api_key")
    if isinstance(key, str) and key.startswith("sk-"):
        row = {**row, "api_key": hashlib.sha256(key.encode()).hexdigest()}
    return json.dumps(row, default=str, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _digest(place: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(place).encode("utf-8", "replace")).hexdigest()[:16]
