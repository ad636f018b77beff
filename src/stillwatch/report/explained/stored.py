"""The folder of a scan, read back: only the rows that one explanation needs.

In: a folder that `write_scan` wrote. Out: `Stored`, which looks up campaigns, accounts, groups and taken exchanges.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.report.clean import storable
from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS_TESTED, GROUP_TESTS, GROUPS_TESTED, REPORTED_MEMBERS, TAKEN, Table

Row = dict[str, Any]

_FILES = {
    ACCOUNTS_TESTED: "accounts_tested.parquet",
    GROUP_TESTS: "group_tests.parquet",
    GROUPS_TESTED: "groups_tested.parquet",
    REPORTED_MEMBERS: "members.parquet",
    TAKEN: "exchanges.parquet",
}
_MOST_ROWS = 100_000  # taken exchanges of one account that are looked at


@dataclass(frozen=True, slots=True)
class Stored:
    """One result folder. overview, coverage: what `campaigns.json` and `coverage.json` hold."""

    folder: Path
    overview: Row
    coverage: Row

    def campaign(self, campaign_id: str) -> Row | None:
        """Give one campaign."""
        return next((c for c in self.overview["campaigns"] if c["campaign_id"] == campaign_id), None)

    def account(self, account_id: str) -> Row | None:
        """Say how an account was judged; None if it had no traffic."""
        rows = self._rows(ACCOUNTS_TESTED, "account_id", storable(account_id))
        return rows[0] if rows else None

    def member(self, account_id: str) -> Row | None:
        """Give an account's row as a member."""
        rows = self._rows(REPORTED_MEMBERS, "account_id", storable(account_id))
        return rows[0] if rows else None

    def taken(self, exchange_id: str) -> Row | None:
        """Give an exchange that was counted as taken."""
        rows = self._rows(TAKEN, "exchange_id", storable(exchange_id))
        return rows[0] if rows else None

    def taken_of(self, account_id: str) -> list[Row]:
        """List what one account took."""
        return self._rows(TAKEN, "account_id", storable(account_id))[:_MOST_ROWS]

    def groups(self, numbers: list[int]) -> list[Row]:
        """Give groups by their numbers, in that order."""
        found = {row["group"]: row for row in self._rows(GROUPS_TESTED, "group", numbers)}
        return [found[number] for number in numbers if number in found]

    def leading(self, campaign_id: str) -> Row | None:
        """Give the group that a campaign's evidence is about."""
        rows = self._rows(GROUPS_TESTED, "campaign_id", campaign_id)
        return next((row for row in rows if row["leads"]), None)

    def campaign_groups(self, campaign_id: str) -> list[Row]:
        """List the accused groups that half belong to a campaign, most bits first."""
        return [row for row in self._rows(GROUPS_TESTED, "campaign_id", campaign_id) if row["accused"]]

    def tests(self, group: int) -> list[Row]:
        """List what each test said about a group, strongest first."""
        rows = self._rows(GROUP_TESTS, "group", group)
        return sorted(rows, key=lambda row: (-row["bits"], row["test"]))

    def _rows(self, table: Table, column: str, wanted: Any) -> list[Row]:
        path = self.folder / _FILES[table]
        test = (column, "in", wanted) if isinstance(wanted, list) else (column, "=", wanted)
        try:
            found = pq.read_table(path, schema=arrow_schema(table), filters=[test]) if wanted != [] else None
        except (OSError, pa.ArrowException) as fault:
            raise InputError(f"{path}: cannot be read; scan again with --out {self.folder}") from fault
        return [] if found is None else [_rounded(row) for row in found.to_pylist()]


def open_folder(folder: Path) -> Stored:
    """Open the folder that a scan wrote.

    Raises:  InputError: there is no result in it, or one of another version that kept less.
    """
    missing = [name for name in ("campaigns.json", "coverage.json", *_FILES.values()) if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder}: no {missing[0]} in there; write it with stillwatch scan LOGS --out {folder}")
    return Stored(folder, _json(folder / "campaigns.json"), _json(folder / "coverage.json"))


def _json(path: Path) -> Row:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise InputError(f"{path}: cannot be read as JSON; scan again with --out {path.parent}") from fault
    if not isinstance(content, dict):
        raise InputError(f"{path}: is no result of a scan; scan again with --out {path.parent}")
    return content


def _rounded(row: Row) -> Row:
    """Undo what 32 bits add to a rounded number."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in row.items()}
