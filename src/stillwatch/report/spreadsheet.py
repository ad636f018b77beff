"""Members as CSV for a spreadsheet: what looks like a formula stays a text, numbers stay numbers.

In: a `Scan`. Out: CSV lines. Source of the trigger characters: OWASP, CSV Injection.
"""

import csv
import io
import re
from collections.abc import Iterator

from stillwatch import tables
from stillwatch.report.clean import visible
from stillwatch.report.words import ranked
from stillwatch.types import Member, Scan

_TRIGGERS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width twins are triggers too
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
_LIMIT = 2_000  # cells of one text; spreadsheets cut at 32,767


def members_csv(scan: Scan) -> Iterator[str]:
    """Give CSV lines of all members, a header first; text cells are quoted, and formulas become text."""
    yield _line(tables.REPORTED_MEMBERS.names)
    continued = scan.continued.accounts if scan.continued else ()
    named = {account.account_id: account.exchanges_until_named for account in continued}
    for campaign in ranked(scan):
        for member in sorted(campaign.members, key=lambda m: (-m.bits, m.account_id)):
            yield _line((cell(campaign.campaign_id), *_cells(member), named.get(member.account_id, "")))


def cell(text: str) -> str:
    """Make a text harmless in a spreadsheet; a plain number, negative ones included, stays what it is."""
    shown = visible(text, _LIMIT)
    harmless = _NUMBER.fullmatch(shown) or not shown.lstrip(" '\"↵").startswith(_TRIGGERS)
    return shown if harmless else f"'{shown}"


def _cells(member: Member) -> tuple[str | float, ...]:
    return (
        cell(member.account_id),
        member.bits,
        member.first_seen.isoformat(),
        member.last_seen.isoformat(),
        member.exchanges,
        member.taking_exchanges,
        cell("; ".join(member.top_reasons)),
    )


def _line(cells: tuple[str | float, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
