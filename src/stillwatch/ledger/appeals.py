"""Appeals: what an accused customer says, and what a person makes of it.

In: a reference or an account, words. Out: an appeal; overturned, it releases the value everywhere for good and makes
the account a labelled innocent.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stillwatch.errors import UsageError
from stillwatch.ledger.acts import exempt
from stillwatch.ledger.chain import Signed, append
from stillwatch.ledger.connection import Ledger
from stillwatch.ledger.rows import moment_text
from stillwatch.types import Exemption, Scope

Outcome = Literal["upheld", "overturned"]


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal. state: open, upheld or overturned."""

    appeal_id: str
    scope: Scope
    value: str
    campaign_id: str
    made_at: datetime
    words: str
    state: str
    closed_by: str | None
    closed_at: str | None


def appeal(ledger: Ledger, reference: str, words: str, now: datetime) -> Appeal:
    """Open an appeal against the decision of that id, or the account's latest one; an open one is given again.

    Raises:  UsageError: no decision has that reference.
    """
    with ledger.write():
        found = ledger.rows(
            "SELECT scope, value, campaign_id FROM decisions WHERE decision_id = ? "
            "OR (scope = 'account' AND value = ?) ORDER BY (decision_id = ?) DESC, entry DESC, decision_id LIMIT 1",
            (reference, reference, reference),
        )
        if not found:
            raise UsageError(f"{reference}: no decision has this reference, and none is about such an account")
        scope, value, campaign = found[0]
        held = [a for a in appeals(ledger) if (a.scope, a.value, a.state) == (scope, value, "open")]
        if held:
            return held[0]
        seed = "\0".join((scope, value, moment_text(now)))
        made = "p-" + hashlib.sha256(seed.encode()).hexdigest()[:12]
        row = (made, scope, value, campaign, moment_text(now), words)
        ledger.run("INSERT INTO appeals VALUES (?, ?, ?, ?, ?, ?, 'open', NULL, NULL)", row)
        append(ledger, Signed("customer", now, "appeal"), {"appeal": made, "scope": scope, "value": value})
    return Appeal(made, Scope(scope), value, campaign, now, words, "open", None, None)


def appeals(ledger: Ledger) -> list[Appeal]:
    """Give every appeal, oldest first."""
    rows = ledger.rows("SELECT * FROM appeals ORDER BY made_at, appeal_id")
    return [Appeal(r[0], Scope(r[1]), r[2], r[3], datetime.fromisoformat(r[4]), *r[5:]) for r in rows]


def settle(ledger: Ledger, appeal_id: str, outcome: Outcome, by: str, now: datetime) -> Appeal:
    """Close an appeal; overturned, its value is released from every decision, now and later.

    Raises:  UsageError: there is no such appeal, it was settled otherwise, or nobody is named.
    """
    found = [a for a in appeals(ledger) if a.appeal_id == appeal_id]
    if not found or not by.strip():
        raise UsageError(f"{appeal_id}: no such appeal, or nobody is named; `stillwatch appeal list` shows them")
    if found[0].state not in ("open", outcome):
        raise UsageError(f"{appeal_id} was {found[0].state} by {found[0].closed_by}")
    with ledger.write():
        closed = "UPDATE appeals SET state = ?, closed_by = ?, closed_at = ? WHERE appeal_id = ? AND state = 'open'"
        if ledger.run(closed, (outcome, by, moment_text(now), appeal_id)):
            place = {}
            if outcome == "overturned":
                why = f"appeal {appeal_id}"
                place = exempt(ledger, Exemption(found[0].scope, found[0].value, by, now, why, released=True))
            append(ledger, Signed(by, now, outcome), {"appeal": appeal_id, **place})
    return next(a for a in appeals(ledger) if a.appeal_id == appeal_id)


def innocents(ledger: Ledger) -> list[str]:
    """Accounts whose appeals were overturned: labelled innocents, for calibration."""
    rows = ledger.rows("SELECT DISTINCT value FROM appeals WHERE state = 'overturned' AND scope = 'account' ORDER BY 1")
    return [value for (value,) in rows]
