"""A result folder written by hand: one campaign, a member, an innocent twin, a stranger, a seat of an organisation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch import tables
from stillwatch.report import write_scan
from stillwatch.report.explained import Stored, open_folder
from stillwatch.schemas import arrow_schema
from stillwatch.types import Campaign, Evidence, ExchangeId, Question, Scan, Verdict

NORTH, ORG = "c_north_5f3a", "c_org_5f3a"
FIRST, LAST = datetime(2026, 6, 2, 8, tzinfo=UTC), datetime(2026, 6, 30, 17, tzinfo=UTC)
FAMILIES = {
    "volume": "pace",
    "hour": "rhythm",
    "gap": "rhythm",
    "reply": "content",
    "client": "application",
    "email_shape": "identity",
}
WriteFolder = Callable[[Scan, Path], Stored]


def _group(number: int, kind: str, value: str, accounts: int, bits: float, **more: Any) -> dict[str, Any]:
    own = {"accused": False, "campaign_id": None, "campaign_accounts": 0, "leads": False, "needed_bits": 12.5}
    own |= {"group": number, "kinds": [kind], "values": [value], "accounts": accounts, "bits": bits}
    return own | more


def _tests(number: int, kind: str, alike: float, family_bits: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "group": number,
            "test": test,
            "family": family,
            "accounts": 40,
            "bits": family_bits[family] + (0.5 if test == "hour" else -0.25),
            "family_bits": family_bits[family],
            "alike_fraction": alike,
            "usual_fraction": 0.85,
            "rare_fraction": 0.12,
            "null_kind": "*" if test == "client" else kind,
            "null_mean": -0.16,
            "null_scatter": 0.7,
            "null_groups": 19_177 if test == "client" else 655,
        }
        for test, family in FAMILIES.items()
    ]


def _account(name: str, strongest: list[int], weights: tuple[float, ...] | None, **more: Any) -> dict[str, Any]:
    families = ("prior", "pace", "rhythm", "content", "application", "identity")
    bits = dict.fromkeys((f"{family}_bits" for family in families), None)
    row: dict[str, Any] = {"account_id": name, "exchanges": 61, "first_seen": FIRST, "last_seen": LAST}
    row |= {"groups": len(strongest), "strongest": strongest, "nearest_campaign_id": None, "membership_bits": None}
    row |= {**bits, "speaks_for": None, "speaks_against": None, "declares_seats": False}
    if weights is not None:
        row |= {f"{family}_bits": weight for family, weight in zip(families, weights, strict=True)}
        row |= {"nearest_campaign_id": NORTH, "membership_bits": sum(weights)}
    return row | more


def tested(member: str, seat: str) -> dict[str, pa.Table]:
    families = {"pace": 8.0, "rhythm": 11.5, "content": 4.0, "application": -0.5, "identity": 2.0}
    quiet = {"pace": -0.75, "rhythm": 2.5, "content": -0.5, "application": -0.5, "identity": -0.5}
    groups = [
        _group(0, "payment", "pf_7c1e", 430, 25.0, accused=True, campaign_id=NORTH, campaign_accounts=412, leads=True),
        _group(1, "client", "python-httpx/0.27 | t13d1516h2", 900, 0.25, campaign_accounts=412),
        _group(2, "network", "203.0.113.0/24", 30, -2.5),
    ]
    accounts = [
        _account(
            member, [0, 1], (-6.9, 3.1, 9.0, 4.5, 6.0, 5.0),
            speaks_for=["hour +8.1", "client +6.9", "payment +5.2"], speaks_against=["model -0.4"],
        ),
        _account(
            "acct_twin", [0, 1], (-6.9, 1.0, 2.5, -3.0, 0.5, 0.4),
            speaks_for=["hour +4.0"], speaks_against=["reply -3.3", "target -2.0"],
        ),
        _account(
            "acct_likely", [1], (-6.9, 1.0, 3.5, 3.0, -0.5, 1.0),
            speaks_for=["hour +4.0"], speaks_against=["asn -0.5"],
        ),
        _account("acct_stranger", [], (-6.9, -4.0, -3.0, -6.0, -5.0, -5.0), speaks_against=["client -3.3"]),
        _account(seat, [2], (-6.9, -1.0, -2.0, -3.0, -1.0, -2.0), declares_seats=True, nearest_campaign_id=ORG),
        _account("acct_seat", [2], (-6.9, 4.0, -2.0, 3.0, 1.0, 2.0), declares_seats=True, speaks_for=["client +6.0"]),
    ]  # fmt: skip
    made = {
        tables.GROUPS_TESTED: groups,
        tables.GROUP_TESTS: [
            *_tests(0, "payment", 0.04, families),
            *_tests(1, "client", 1.3, quiet),
            *_tests(2, "network", 0.9, dict.fromkeys(quiet, -0.5)),
        ],
        tables.ACCOUNTS_TESTED: accounts,
    }
    return {table.name: pa.Table.from_pylist(rows, schema=arrow_schema(table)) for table, rows in made.items()}


def with_evidence(campaign: Campaign) -> Campaign:
    """Give a campaign the evidence of its leading group, as a scan does: one line a family."""
    said: tuple[tuple[str, Question, float, str], ...] = (
        ("volume", "together", 8.0, "412 accounts send 45 exchanges a day each, within a factor of 1.06"),
        ("hour", "together", 11.5, "hours of the day of 412 accounts differ by 4 %; hypothesis: of one card"),
        ("reply", "together", 4.0, "reply lengths of 412 accounts differ by 4 %; hypothesis: of one card"),
        ("client", "together", -0.5, "12 of 412 accounts share one client fingerprint; hypothesis: of one card"),
        ("email_shape", "together", 2.0, "98 of 412 accounts share one shape of e-mail address"),
        ("choice_of_group", "together", -3.2, "9 groups of these accounts were accused; charged log2(9) bits"),
        ("declared relation", "hidden", 0.0, "None of 412 accounts names an organisation."),
        ("disposable e-mail", "hidden", 2.0, "Disposable addresses: 170 of 412; 0.8 % of the others."),
        ("harvest content", "taking", 5.0, "88 % of prompts ask for the reasoning to be written out."),
        ("harvest structure", "taking", 4.5, "92 % of tasks are put into words that recur."),
    )
    evidence = (Evidence(test, asked, bits, claim, (ExchangeId(f"ex {test}"),)) for test, asked, bits, claim in said)
    return replace(campaign, evidence=tuple(evidence), together_bits=21.8, taking_bits=9.5)


@pytest.fixture(scope="session")
def write_folder() -> WriteFolder:
    """Give a writer of a result folder; the first members of the accusing and of the organisation are explained."""

    def write(scan: Scan, out: Path) -> Stored:
        campaigns = tuple(with_evidence(c) if c.verdict is Verdict.DISTILLATION else c for c in scan.campaigns)
        scan = replace(scan, campaigns=campaigns)
        chosen = {c.verdict.value: c for c in scan.campaigns}
        member = chosen["distillation"].members[0].account_id
        campaign = chosen["distillation"].campaign_id
        rows = [
            {"campaign_id": campaign, "exchange_id": "ex_taken", "account_id": member, "target": "reasoning",
             "target_fraction": 0.93, "scaffold": 8123412},
            {"campaign_id": campaign, "exchange_id": "ex_bare", "account_id": member, "target": "coding",
             "target_fraction": 0.55, "scaffold": None},
        ]  # fmt: skip
        taken = pa.RecordBatch.from_pylist(rows, schema=arrow_schema(tables.TAKEN))
        write_scan(scan, out, [taken], tested(member, chosen["organisation"].members[0].account_id))
        return open_folder(out)

    return write


@pytest.fixture(scope="session")
def stored(scan: Scan, write_folder: WriteFolder, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Give the folder with harmless strings."""
    return write_folder(scan, tmp_path_factory.mktemp("report"))
