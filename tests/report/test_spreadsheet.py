"""CSV for spreadsheets: no cell of a log becomes a formula, numbers stay numbers."""

import csv
import io

import pytest

from stillwatch import tables
from stillwatch.report.spreadsheet import cell, members_csv
from stillwatch.tables import REPORTED_MEMBERS
from stillwatch.types import Scan

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width twins


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+2", "@SUM(1)", "＝1+1", " =1+1", '"=1+1', "\t=1", "\n=1", "--1"])  # noqa: RUF001
def test_a_formula_becomes_text(text: str) -> None:
    """An apostrophe in front makes spreadsheets show it."""
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-5", "+7", "-3.25", "-0,5", "acct_1", "a=b", "10-20"])
def test_plain_numbers_and_names_stay(text: str) -> None:
    """Negative numbers are not formulas."""
    assert cell(text) == text


def test_no_hostile_cell_starts_a_formula(hostile_scan: Scan) -> None:
    """Over the whole corpus, in every text column; and every row has every column."""
    rows = list(csv.reader(io.StringIO("".join(members_csv(hostile_scan)), newline="")))
    assert {len(row) for row in rows} == {len(REPORTED_MEMBERS.names)}
    texts = [row[i] for row in rows[1:] for i in (0, 1, 7)]
    bad = [t for t in texts if t.startswith(FORMULA_STARTS) and not t.lstrip("+-").replace(".", "").isdigit()]
    assert bad == []


def test_negative_bits_stay_numbers(scan: Scan) -> None:
    """The header is that of members.parquet, and bits are read back as they were."""
    rows = list(csv.DictReader(io.StringIO("".join(members_csv(scan)), newline="")))
    assert tuple(rows[0]) == tables.REPORTED_MEMBERS.names
    assert sorted(float(r["bits"]) for r in rows) == sorted(m.bits for c in scan.campaigns for m in c.members)
