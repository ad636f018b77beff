"""What support reads to a customer: golden pages, and promises about every one of them.

Mend the pages with: STILLWATCH_WRITE_GOLDEN=1 pytest tests/report/explained, and read the difference.
"""

import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from stillwatch.errors import InputError
from stillwatch.report import explanation_json, print_explanation
from stillwatch.report.explained import (
    Explanation,
    Looked,
    Stored,
    explain_account,
    explain_campaign,
    explain_exchange,
    open_folder,
)
from stillwatch.types import AccountId, CampaignId, Continuation, ContinuedAccount, Scan

GOLDEN = Path(__file__).parent / "golden"
MEMBER, ORG_MEMBER = "acct_north_00000", "acct_org_00000"
UNANSWERED = Looked(MEMBER, "atlas-1", 429, "coding", 0.71)
PLAIN = Looked(MEMBER, "atlas-1", 200, None, 0.0)
CASES: dict[str, Callable[[Stored], Explanation | None]] = {
    "campaign": lambda stored: explain_campaign(stored, "c_north_5f3a"),
    "member": lambda stored: explain_account(stored, MEMBER),
    "twin": lambda stored: explain_account(stored, "acct_twin"),
    "likely": lambda stored: explain_account(stored, "acct_likely"),
    "stranger": lambda stored: explain_account(stored, "acct_stranger"),
    "seat": lambda stored: explain_account(stored, "acct_seat"),
    "organisation": lambda stored: explain_account(stored, ORG_MEMBER),
    "taken": lambda stored: explain_exchange(stored, "ex_taken"),
    "taken_without_words": lambda stored: explain_exchange(stored, "ex_bare"),
    "not_taken": lambda stored: explain_exchange(
        stored, "ex_other", Looked("acct_twin", "atlas-1", 200, "coding", 0.7)
    ),
    "unanswered": lambda stored: explain_exchange(stored, "ex_other", UNANSWERED),
    "honest_among_members": lambda stored: explain_exchange(stored, "ex_other", PLAIN),
}


def explained(stored: Stored, case: str) -> Explanation:
    found = CASES[case](stored)
    assert found is not None
    return found


def printed(explanation: Explanation, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None, legacy_windows=False)
    print_explanation(explanation, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.parametrize("case", CASES)
def test_the_page_is_the_golden_one(stored: Stored, case: str) -> None:
    """Every word of it was read by a person once."""
    path = GOLDEN / f"{case}.txt"
    text = printed(explained(stored, case))
    if os.environ.get("STILLWATCH_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_bits_of_a_waterfall_add_up(stored: Stored, case: str) -> None:
    """Where a section has a sum, its lines give it."""
    for section in explained(stored, case).sections:
        if section.total_bits is not None and section.lines:
            assert sum(line.bits or 0 for line in section.lines) == pytest.approx(section.total_bits, abs=0.05)


@pytest.mark.parametrize("case", CASES)
def test_json_and_terminal_say_the_same(stored: Stored, case: str) -> None:
    """No sentence is in one of them alone."""
    explanation = explained(stored, case)
    shown = re.sub(r"\s+", " ", printed(explanation, 4_000))
    values = explanation_json(explanation)
    assert json.loads(json.dumps(values)) == values
    for section in values["sections"]:
        for sentence in (*section["text"], *(line["sentence"] for line in section["lines"])):
            assert re.sub(r"\s+", " ", sentence) in shown


def test_every_line_has_its_null_and_its_innocent_explanation(stored: Stored) -> None:
    """Of a campaign's evidence, each line but bookkeeping and facts is compared with something innocent."""
    together, hidden, taking = explained(stored, "campaign").sections[1:4]
    assert {line.test for line in together.lines} >= {"volume", "hour", "reply", "client", "email_shape"}
    for line in together.lines:
        assert "innocent groups" in line.null or line.test == "choice_of_group"
        assert line.innocent or line.test == "choice_of_group"
    for line in (*hidden.lines, *taking.lines):
        assert line.null
        assert line.innocent


@pytest.mark.parametrize("case", ["member", "twin", "likely", "stranger", "seat", "organisation"])
def test_every_line_of_an_account_has_them_too(stored: Stored, case: str) -> None:
    """All lines that add up to something, but for where the odds begin, which speaks for nobody."""
    sums = [section for section in explained(stored, case).sections if section.total_bits is not None]
    for line in (line for section in sums for line in section.lines):
        assert line.null
        assert line.innocent or line.test == "prior"


def test_who_is_likelier_a_member_than_not_is_not_called_cleared(stored: Stored) -> None:
    """It is too little to accuse, and too much to apologise for."""
    explanation = explained(stored, "likely")
    assert explanation.answer.startswith("Not accused, not cleared")
    assert "68.2\N{NO-BREAK SPACE}%" in explanation.answer
    assert explanation.facts["undecided"] is True
    assert explained(stored, "twin").facts["undecided"] is False
    assert explained(stored, "seat").facts["undecided"] is False


def test_a_family_whose_kept_test_points_the_other_way_says_so(stored: Stored) -> None:
    """Only an account's strongest tests are kept: what the family says comes first."""
    weighed = explained(stored, "likely").sections[1]
    line = next(line for line in weighed.lines if line.test == "identity")
    assert line.sentence.endswith("taken together like theirs; network operator unlike theirs (-0.5)")


@pytest.mark.parametrize("case", [case for case in CASES if case != "campaign"])
def test_no_other_account_is_named(scan: Scan, stored: Stored, case: str) -> None:
    """What is read to one customer says nothing about who the others are."""
    explanation = explained(stored, case)
    own = {explanation.subject_id, explanation.facts.get("account_id")}
    others = {str(m.account_id) for c in scan.campaigns for m in c.members} | {
        "acct_twin",
        "acct_likely",
        "acct_stranger",
    }
    text = json.dumps(explanation_json(explanation))
    assert [name for name in others - own if name in text] == []


def test_an_innocent_is_told_why(stored: Stored) -> None:
    """What it shares, how far it was from an accusation, who shares that innocently, and that the check held."""
    text = re.sub(r"\s+", " ", printed(explained(stored, "twin")))
    assert "Cleared" in text
    assert "was then weighed by itself and does not belong" in text
    assert "a company or a family that pays for several accounts with one card" in text
    assert "look again when there is more traffic" in text
    assert "they held" in text
    assert explained(stored, "twin").facts["member"] is False


def test_uncalibrated_bits_accuse_nobody(
    uncalibrated_scan: Scan, write_folder: Callable[[Scan, Path], Stored], tmp_path: Path
) -> None:
    """The answer itself says that nothing may be enforced."""
    stored = write_folder(uncalibrated_scan, tmp_path)
    for case in ("campaign", "member", "taken"):
        assert "nothing may be enforced" in explained(stored, case).answer


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_is_wider_than_the_terminal(stored: Stored, width: int) -> None:
    """Narrow terminals break sentences, not the page."""
    for case in CASES:
        assert max(cell_len(line) for line in printed(explained(stored, case), width).splitlines()) <= width


def test_hostile_strings_stay_strings(
    hostile_scan: Scan, write_folder: Callable[[Scan, Path], Stored], tmp_path: Path
) -> None:
    """No control character, bidi mark or console markup of a log reaches the terminal; JSON is ASCII."""
    stored = write_folder(hostile_scan, tmp_path)
    worst = next(c for c in hostile_scan.campaigns if c.verdict == "distillation")
    found = [
        explain_campaign(stored, str(worst.campaign_id)),
        explain_account(stored, str(worst.members[0].account_id)),
        explain_exchange(stored, "ex_taken"),
    ]
    for explanation in found:
        if explanation is not None:
            text = printed(explanation)
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", text)
            assert json.dumps(explanation_json(explanation)).isascii()
    assert found[1] is not None


def test_an_unknown_id_is_nothing(stored: Stored) -> None:
    """Neither a campaign nor an account nor an exchange."""
    assert explain_campaign(stored, "x") is None
    assert explain_account(stored, "x") is None
    assert explain_exchange(stored, "x") is None


def test_a_folder_without_a_report_says_how_to_get_one(stored: Stored, tmp_path: Path) -> None:
    """The message names the file and the command; a broken file is no stack trace."""
    with pytest.raises(InputError, match=r"no campaigns.json in there; write it with stillwatch scan"):
        open_folder(tmp_path)
    for file in stored.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "accounts_tested.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="scan again with --out"):
        explain_account(open_folder(tmp_path), "x")
    (tmp_path / "campaigns.json").write_text("[]")
    with pytest.raises(InputError, match="is no result of a scan"):
        open_folder(tmp_path)


def test_a_fresh_account_of_an_earlier_campaign_is_not_told_that_nothing_is_alleged(
    scan: Scan, write_folder: Callable[[Scan, Path], Stored], tmp_path: Path
) -> None:
    """Its campaign is in an earlier report only; it is accused all the same, and told why."""
    moment = datetime(2026, 6, 30, tzinfo=UTC)
    fresh = ContinuedAccount(
        AccountId("acct_stranger"), CampaignId("c_earlier"), moment, moment, 5, 2, 14.25, ("scaffold +11.2 bits",)
    )
    continued = Continuation(("c_earlier",), (), 10, 0.002, 9.0, (fresh,))
    found = explain_account(write_folder(replace(scan, continued=continued), tmp_path / "out"), "acct_stranger")
    assert found is not None
    said = printed(found)
    assert found.answer.startswith("Counted: this account continues c_earlier, a campaign of an earlier report")
    assert "after 2 exchanges, by 14.2 bits" in found.answer
    assert "It was named for this: scaffold +11.2 bits" in " ".join(said.split())
