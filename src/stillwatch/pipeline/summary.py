"""The coverage report: what the input held, and which tests that turned on.

In: `Intake`, `Behaviour`, `Found`. Out: `Coverage`.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from stillwatch.pipeline.behaviour import Behaviour
from stillwatch.pipeline.intake import Intake, seen_columns
from stillwatch.together import Found
from stillwatch.types import Coverage, NotEvaluated

_YEAR_SECONDS = 366 * 86_400


def coverage(intake: Intake, known: Behaviour, found: Found) -> Coverage:
    """Say what was read, what was not, and what could therefore be tested."""
    tally, account_tally = intake.tally, intake.account_tally
    profiles = known.profiles
    with_traffic = len(profiles) - known.table["account_id"].null_count
    unused = len(intake.accounts) - len(set(intake.accounts["account_id"].to_pylist()) & set(profiles.ids.to_pylist()))
    notes = [f"{unused:,} declared accounts have no exchange in this log"] if unused else []
    exchanges = int(profiles.exchanges.sum())
    if left := tally.rows_read - intake.duplicated - intake.strays - exchanges:
        notes.append(f"{left:,} rows were not judged: later than --as-of, or older than retention_days")
    notes += _odd_clock(known)
    return Coverage(
        files=tuple(tally.files) + tuple(account_tally.files),
        exchanges=exchanges,
        rows_read=tally.rows_read,
        rows_quarantined=tally.rows_quarantined + account_tally.rows_quarantined,
        rows_duplicated=intake.duplicated,
        quarantined=(*tally.quarantined, *account_tally.quarantined),
        column_fraction=tally.column_fraction(),
        account_column_fraction=account_tally.column_fraction(),
        accounts=with_traffic,
        accounts_declared=len(intake.accounts),
        first_seen=datetime.fromtimestamp(int(profiles.first_second.min()), UTC),
        last_seen=datetime.fromtimestamp(int(profiles.last_second.max()), UTC),
        tests_on=found.tests_on,
        tests_off=tuple(_needing(test, seen_columns((tally, account_tally))) for test in found.tests_off),
        notes=(*tally.notes(), *account_tally.notes(), *notes),
    )


def _odd_clock(known: Behaviour) -> list[str]:
    """Say when the log begins or ends more than a year from where most accounts do: perhaps a clock was wrong."""
    first, last = known.profiles.first_second, known.profiles.last_second
    early, late = np.median(first) - first.min(), last.max() - np.median(last)
    if max(early, late) <= _YEAR_SECONDS:
        return []
    which, days = ("first", early) if early >= late else ("last", late)
    far = f"the {which} exchange is {days / 86_400:,.0f} days from that of the middle account"
    return [f"{far}: if a clock was wrong, leave such rows out, or little can be said of when accounts are active"]


def _needing(test: NotEvaluated, seen: AbstractSet[str]) -> NotEvaluated:
    """Say what a test lacks where it has its column: groups of accounts that it could say something about."""
    return (
        replace(test, missing=f"groups that it can compare; {test.missing} is there") if test.missing in seen else test
    )
