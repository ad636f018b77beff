"""What was decided, by whom, and what was taken back: one transaction an act, in an append-only, hash-chained log.

In: plans, exemptions, appeals. Out: the decisions that hold. SQLite by path, PostgreSQL by URL, the same SQL on both.
Order inside: `connection` (two engines, one face) -> `rows` (values to rows and back) -> `chain` (the log) ->
`acts` (apply, undo, allow) -> `appeals`.
"""

from stillwatch.ledger.acts import (
    Standing,
    allow,
    apply,
    approve,
    link,
    propose,
    proposed,
    standing,
    touched,
    undo,
    withdraw_allowance,
)
from stillwatch.ledger.appeals import Appeal, appeal, appeals, innocents, settle
from stillwatch.ledger.chain import LogEntry, entries, last_number, verify
from stillwatch.ledger.connection import Ledger, open_ledger
from stillwatch.ledger.rows import follow_up_of, follow_up_text

__all__ = [
    "Appeal",
    "Ledger",
    "LogEntry",
    "Standing",
    "allow",
    "appeal",
    "appeals",
    "apply",
    "approve",
    "entries",
    "follow_up_of",
    "follow_up_text",
    "innocents",
    "last_number",
    "link",
    "open_ledger",
    "propose",
    "proposed",
    "settle",
    "standing",
    "touched",
    "undo",
    "verify",
    "withdraw_allowance",
]
