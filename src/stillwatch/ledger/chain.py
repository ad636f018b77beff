"""The log of acts: append-only, each entry holding the hash of the one before.

In: who did what, inside a transaction. Out: entries, and whether they and the decisions are as they were written.
An entry that brings decisions holds their digest, so that a changed decision shows as well. A chain cannot show that
its end was cut off: keep the last hash somewhere else, and give it to `verify`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stillwatch.ledger.connection import Ledger, Row
from stillwatch.ledger.rows import COLUMNS

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Signed:
    """Who does what, when; act_id: to which act, or empty."""

    by: str
    at: datetime
    kind: str
    act_id: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry. body: JSON, what was done."""

    entry: int
    made_at: str
    made_by: str
    kind: str
    act_id: str
    body: str
    previous: str
    hash: str


def append(ledger: Ledger, signed: Signed, body: Mapping[str, Any]) -> int:
    """Write the next entry and give its number; inside a transaction."""
    last = ledger.rows("SELECT entry, hash FROM log ORDER BY entry DESC LIMIT 1")
    entry, previous = (last[0][0] + 1, last[0][1]) if last else (1, _FIRST)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    moment = signed.at.astimezone(UTC).isoformat()
    values = (entry, moment, signed.by, signed.kind, signed.act_id, text, previous)
    ledger.run("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, _hash(values)))
    return entry


def next_number(ledger: Ledger) -> int:
    """The number that the next entry gets; inside a transaction."""
    return last_number(ledger) + 1


def last_number(ledger: Ledger) -> int:
    """The number of the last entry, 0 for an empty log: the version of what the ledger holds."""
    return int(ledger.rows("SELECT COALESCE(MAX(entry), 0) FROM log")[0][0])


def entries(ledger: Ledger, after: int = 0) -> list[LogEntry]:
    """Give the entries after a number, in order."""
    return [LogEntry(*row) for row in ledger.rows("SELECT * FROM log WHERE entry > ? ORDER BY entry", (after,))]


def verify(ledger: Ledger, last_hash: str | None = None) -> list[str]:
    """Say what is wrong with the log, what it brought or what holds; nothing, if all is as it was written.

    Args:    last_hash: the hash of an entry that was noted down; the log must still hold it.
    """
    found = entries(ledger)
    wrong, previous, number = [], _FIRST, 0
    for entry in found:
        number += 1
        values = (entry.entry, entry.made_at, entry.made_by, entry.kind, entry.act_id, entry.body, entry.previous)
        if entry.entry != number or entry.previous != previous or entry.hash != _hash(values):
            wrong.append(f"entry {entry.entry}: does not follow from the one before, or was changed")
        previous, number = entry.hash, entry.entry
        wrong += _brought(ledger, entry)
    wrong += [*_states(ledger, found), *_exempt(ledger, found)]
    if last_hash is not None and last_hash not in {entry.hash for entry in found}:
        wrong.append("the log no longer holds the entry that was noted down: its end was cut off")
    return wrong


def _brought(ledger: Ledger, entry: LogEntry) -> Iterator[str]:
    """What an entry brought: its decisions and follow-ups."""
    stated = json.loads(entry.body)
    decisions = f"SELECT {COLUMNS} FROM decisions WHERE entry = ? ORDER BY decision_id"  # noqa: S608 - fixed
    if "digest" in stated and digest(ledger.rows(decisions, (entry.entry,))) != stated["digest"]:
        yield f"entry {entry.entry}: the decisions it brought were changed"
    ups = "SELECT campaign_id, body FROM follow_ups WHERE act_id = ? ORDER BY campaign_id"
    if "follow_ups" in stated and digest(ledger.rows(ups, (entry.act_id,))) != stated["follow_ups"]:
        yield f"entry {entry.entry}: what follows up on it was changed"


def _states(ledger: Ledger, found: Sequence[LogEntry]) -> Iterator[str]:
    """What an act brought holds until an entry undoes it, and never after."""
    undone = {entry.act_id for entry in found if entry.kind == "undo"}
    states = "SELECT DISTINCT act_id, state FROM {} ORDER BY act_id, state"
    for table in ("decisions", "follow_ups"):
        for act_id, state in ledger.rows(states.format(table)):
            if (state == "undone") != (act_id in undone):
                yield f"{act_id}: {table.replace('_', '-')} are {state}, and the log does not say so"


def _exempt(ledger: Ledger, found: Sequence[LogEntry]) -> Iterator[str]:
    """The exemptions that the log tells of, no more and no fewer. (Early entries of appeals do not name the value.)"""
    told: set[tuple[str, str]] = set()
    for entry in found:
        body = json.loads(entry.body)
        place = body.get("scope", ""), body.get("value", "")
        if entry.kind == "withdraw allowance":
            told.discard(place)
        elif entry.kind in ("allow", "overturned"):
            told.add(place)
    held = set(ledger.rows("SELECT scope, value FROM exemptions"))
    unnamed = {("", "")} & told
    if not unnamed:
        yield from (f"{scope} {value}: its exemption is not in the log" for scope, value in sorted(held - told))
    yield from (f"{scope} {value}: its exemption is gone" for scope, value in sorted(told - held - unnamed))


def digest(rows: Sequence[Row]) -> str:
    """Hash the unchanging columns of decisions, in order of their id."""
    return hashlib.sha256(json.dumps([list(row) for row in rows]).encode()).hexdigest()


def _hash(values: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()
