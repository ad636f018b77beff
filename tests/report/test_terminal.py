"""The terminal report fits, says what matters, and lets no string of a log touch the terminal."""

import io
import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from stillwatch.report import print_scan
from stillwatch.types import Scan


def _printed(scan: Scan, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None, legacy_windows=False)
    print_scan(scan, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_is_wider_than_the_terminal(scan: Scan, hostile_scan: Scan, width: int) -> None:
    """Neither with ordinary nor with hostile strings."""
    for result in (scan, hostile_scan):
        assert max(cell_len(line) for line in _printed(result, width).splitlines()) <= width


def test_a_reader_finds_what_counts(scan: Scan) -> None:
    """Verdicts in order, sizes, odds, hiding, targets, leak, evidence, gaps, coverage, calibration."""
    text = _printed(scan, 160).replace("\u00a0", " ")
    places = [
        text.index(verdict) for verdict in (" 1  distillation", " 2  relay", " 3  declared harvest", " 5  organisation")
    ]
    assert places == sorted(places)
    for expected in (
        "3 campaigns found among 48,120 accounts",
        "1 in 10¹³",
        "Yes, posing as unrelated",
        "reasoning 62 %",
        "+31.0 bits  A task list is walked once",
        "needs column ip of exchanges",
        "7 quarantined, 1,902 duplicates",
        "ts is missing",
        "columns missing: ip, accounts.phone_country",
        "bits checked on 812 benign groups: holds",
        "A pool shared by ",
        "2 campaigns send through 3 networks in common.",
    ):
        assert expected in text


def test_a_hypothesis_that_claims_share_is_printed_once(scan: Scan) -> None:
    """Five sentences about one group name it once, below them; where they differ, each keeps its own."""
    worst = scan.campaigns[1]

    def ending(tails: str) -> Scan:
        claims = [
            replace(e, claim=f"{e.claim}; hypothesis: of {t}") for e, t in zip(worst.evidence, tails, strict=False)
        ]
        return replace(scan, campaigns=(replace(worst, evidence=tuple(claims)),))

    assert _printed(ending("aaaa"), 160).count("hypothesis: of a") == 1
    assert _printed(ending("aabb"), 160).count("hypothesis: of") == 4


def test_organisations_are_listed_but_not_argued(scan: Scan) -> None:
    """Evidence is printed for what needs a decision; where nothing does, for the largest organisations."""
    text = _printed(scan, 160)
    assert "c_north_5f3a" in text
    assert "c_org_5f3a" not in text
    assert "evidence on 1 more: report.html" in text
    assert "c_org_5f3a" in _printed(replace(scan, campaigns=scan.campaigns[:1]), 160)


def test_nothing_found_is_said_plainly(quiet_scan: Scan) -> None:
    """With what was tested, so that silence is not taken for safety."""
    text = " ".join(_printed(quiet_scan).split())
    assert "No campaign found" in text
    assert "3,911 groups of accounts with something in common were tested" in text
    assert "Tested: hours of day, gaps between requests, task list split." in text


def test_uncalibrated_bits_are_shouted(uncalibrated_scan: Scan) -> None:
    """At the top and at the end, and no odds are printed."""
    text = _printed(uncalibrated_scan)
    assert text.count("UNCALIBRATED: nothing may be enforced") >= 2
    assert "1 in 10" not in text


def test_hostile_strings_do_not_reach_the_terminal(hostile_scan: Scan) -> None:
    """No control, bidi or invisible character is printed besides line ends, whatever the log held."""
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert {c for c in _printed(hostile_scan, 160) if unicodedata.category(c) in unseen} == {"\n"}


def test_console_markup_in_a_log_stays_text(make_scan) -> None:  # type: ignore[no-untyped-def]
    """`[red]` in an excerpt is four letters in brackets, and a broken tag is no fault."""
    assert "[/bold] [link=x]" in _printed(make_scan(lambda _: "[/bold] [link=x]"), 160)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_is_not_utf8_gets_a_report_too(scan: Scan, hostile_scan: Scan, encoding: str) -> None:
    """No fault over a letter, and a power of ten stays a power: 10^13, never 1013."""
    for result in (scan, hostile_scan):
        sink = io.BytesIO()
        console = Console(file=io.TextIOWrapper(sink, encoding=encoding), width=100, legacy_windows=False)
        print_scan(result, console)
        console.file.flush()
        assert "1 in 10^13" in sink.getvalue().decode(encoding)


def test_colour_is_only_decoration(scan: Scan) -> None:
    """With colours on, removing them gives the same words."""
    console = Console(
        file=io.StringIO(), width=160, force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    print_scan(scan, console)
    coloured = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == _printed(scan, 160)
