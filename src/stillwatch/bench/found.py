"""What a detector found: the files it wrote, checked once.

In: a folder with `members.parquet`, and optionally `exchanges.parquet` and `campaigns.json`. Out: a `Found`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.types import DISGUISED, Verdict


@dataclass(frozen=True, slots=True)
class Found:
    """campaigns: accounts by campaign. exchanges: target by exchange, "" when it named none; None: it lists none.

    named: accounts by verdict, of campaigns whose verdict does not accuse.
    exceedance: (groups, groups that reached b bits) by b, of a detector that checks its own bits.
    """

    campaigns: Mapping[str, frozenset[str]]
    exchanges: Mapping[str, str] | None = None
    exceedance: Mapping[int, tuple[int, int]] | None = None
    named: Mapping[Verdict, frozenset[str]] = field(default_factory=dict)

    @property
    def accused(self) -> frozenset[str]:
        """Every account of every campaign."""
        return frozenset[str]().union(*self.campaigns.values())


def read_found(out: Path, accounts: Collection[str]) -> Found:
    """Read what a detector wrote about a log with these accounts.

    When there is a `campaigns.json` as `stillwatch scan` writes it, only campaigns whose verdict accuses count.
    Raises:  InputError: a file is missing or unreadable, lacks a column, or names an account that is not in the log.
    """
    verdicts, exceedance = _overview(out / "campaigns.json")
    members: dict[str, set[str]] = {}
    named: dict[Verdict, set[str]] = {}
    for name, account in _pairs(out / "members.parquet", "account_id"):
        verdict = Verdict.DISTILLATION if verdicts is None else verdicts.get(name, Verdict.NO_CAMPAIGN)
        if verdict in DISGUISED:
            members.setdefault(name, set()).add(account)
        else:
            named.setdefault(verdict, set()).add(account)
    campaigns = {name: frozenset(ids) for name, ids in members.items()}
    quiet = {verdict: frozenset(ids) for verdict, ids in named.items()}
    strangers = frozenset[str]().union(*campaigns.values(), *quiet.values()) - frozenset(accounts)
    if strangers:
        raise InputError(f"members.parquet: {len(strangers)} accounts are not in the log; write account_id as read")
    path = out / "exchanges.parquet"
    return Found(campaigns, _exchanges(path, campaigns) if path.exists() else None, exceedance, quiet)


def found_folders(out: Path) -> dict[str, Path]:
    """Give the folders in which one command left results: "" for `out` itself, else by name of the detector."""
    if (out / "members.parquet").exists():
        return {"": out}
    return {path.parent.name: path.parent for path in sorted(out.glob("*/members.parquet"))}


def _pairs(path: Path, other: str) -> list[tuple[str, str]]:
    table = _table(path, ["campaign_id", other])
    return list(zip(table["campaign_id"].to_pylist(), table[other].to_pylist(), strict=True))


def _table(path: Path, required: list[str]) -> pa.Table:
    try:
        file = pq.ParquetFile(path)
        lacking = [name for name in required if name not in file.schema_arrow.names]
        if lacking:
            raise InputError(f"{path.name}: has no column {', '.join(lacking)}; docs/how-to/judge-your-detector.md")
        optional = [name for name in ("target",) if name in file.schema_arrow.names]
        table = file.read(columns=[*required, *optional])
        table = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
    except (OSError, pa.ArrowException) as fault:
        raise InputError(f"{path.name}: cannot be read as Parquet with columns of text ({fault})") from fault
    if any(table[name].null_count for name in required):
        raise InputError(f"{path.name}: an empty value in {' or '.join(required)}; leave such rows out")
    return table


def _exchanges(path: Path, campaigns: Mapping[str, frozenset[str]]) -> dict[str, str]:
    table = _table(path, ["campaign_id", "exchange_id"])
    targets = table["target"].to_pylist() if "target" in table.column_names else [""] * len(table)
    rows = zip(table["campaign_id"].to_pylist(), table["exchange_id"].to_pylist(), targets, strict=True)
    return {exchange: target or "" for campaign, exchange, target in rows if campaign in campaigns}


def _overview(path: Path) -> tuple[dict[str, Verdict] | None, dict[int, tuple[int, int]] | None]:
    """Give each campaign's verdict and the self-check, of a detector that writes them."""
    if not path.exists():
        return None, None
    try:
        overview: dict[str, Any] = json.loads(path.read_text("utf-8"))
        verdicts = {str(c["campaign_id"]): Verdict(c["verdict"]) for c in overview["campaigns"]}
        checked = overview.get("calibration", {}).get("exceedance", {}).values()
        return verdicts, {int(e["bits"]): (int(e["groups"]), int(e["exceeding"])) for e in checked}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(f"{path.name}: not as stillwatch scan writes it ({type(fault).__name__})") from fault
