"""The page as a whole: nothing of a log becomes part of it, it is bounded, and it says what it must."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stillwatch.report import html_page
from stillwatch.report.clean import visible
from stillwatch.types import AccountId, Scan

MakeScan = Callable[..., Scan]
Piece = tuple[str, str, tuple[tuple[str, str | None], ...]]


class _Structure(HTMLParser):
    """Everything of a page that is not text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pieces.append(("start", tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(("end", tag, ()))

    def handle_comment(self, data: str) -> None:
        self.pieces.append(("comment", data, ()))

    def handle_decl(self, decl: str) -> None:
        self.pieces.append(("declaration", decl, ()))

    def handle_pi(self, data: str) -> None:
        self.pieces.append(("instruction", data, ()))

    def unknown_decl(self, data: str) -> None:
        self.pieces.append(("unknown", data, ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _structure(page: str) -> _Structure:
    reader = _Structure()
    reader.feed(page)
    reader.close()
    return reader


def _small(make_scan: MakeScan, paint: Callable[[str], str]) -> Scan:
    """One campaign of a few accounts: every section, few rows."""
    scan = make_scan(paint, 6)
    worst = scan.campaigns[1]
    return replace(scan, campaigns=(replace(worst, timeline=worst.timeline[:30]),))


def test_no_hostile_string_changes_the_structure(make_scan: MakeScan, hostile: tuple[str, ...]) -> None:
    """Each of the corpus in every place a log can reach: the tags and attributes are those of a harmless page."""
    assert len(hostile) >= 500
    expected = _structure(html_page(_small(make_scan, lambda _: "harmless"))).pieces
    changed = [
        text for text in hostile if _structure(html_page(_small(make_scan, lambda _, t=text: t))).pieces != expected
    ]
    assert changed == []


def test_hostile_strings_are_shown_as_text(make_scan: MakeScan, hostile: tuple[str, ...]) -> None:
    """They are evidence: what was in the log can be read, unseen characters spelled out."""
    for text in hostile[::9]:
        shown = "".join(_structure(html_page(_small(make_scan, lambda _, t=text: t))).texts)
        assert visible(text, 60) in shown, text


def test_a_page_of_mixed_hostile_strings_has_our_elements_only(scan: Scan, hostile_scan: Scan) -> None:
    """All at once, in a full report with five campaigns."""
    ours = {(tag, tuple(name for name, _ in attrs)) for _, tag, attrs in _structure(html_page(scan)).pieces}
    theirs = {(tag, tuple(name for name, _ in attrs)) for _, tag, attrs in _structure(html_page(hostile_scan)).pieces}
    assert theirs <= ours


def test_no_attribute_holds_an_address(hostile_scan: Scan) -> None:
    """Links lead within the page; nothing is loaded from anywhere."""
    attributes = [a for _, _, attrs in _structure(html_page(hostile_scan)).pieces for a in attrs]
    assert {value[:10] for name, value in attributes if name == "href" and value} == {"#campaign-"}
    assert not [name for name, _ in attributes if name in {"src", "srcset", "action", "style", "background", "data"}]
    assert not [name for name, _ in attributes if name.startswith("on")]


def test_elements_are_closed_in_order(hostile_scan: Scan) -> None:
    """A browser that mends a broken page may mend it into something else."""
    stack: list[str] = []
    for kind, tag, _ in _structure(html_page(hostile_scan)).pieces:
        if kind == "start" and tag != "meta":
            stack.append(tag)
        elif kind == "end":
            assert stack.pop() == tag
    assert stack == []


def test_equal_scans_give_equal_pages(make_scan: MakeScan) -> None:
    """No clock and no order of a set enters the page; seconds of stages do not either."""
    assert html_page(make_scan()) == html_page(replace(make_scan(), stage_seconds={}))


def test_a_campaign_of_25000_accounts_makes_a_small_page(make_scan: MakeScan) -> None:
    """Lists are cut and say so; the page stays below half a megabyte."""
    page = html_page(make_scan(str, 25_000))
    assert len(page.encode()) < 500_000
    assert "30 of 25,000 accounts" in page


def test_many_campaigns_make_a_bounded_page(scan: Scan) -> None:
    """400 campaigns: articles for the worst 25, a table for 200, and both limits are stated."""
    one = replace(scan.campaigns[1], members=scan.campaigns[1].members[:9])
    page = html_page(replace(scan, campaigns=tuple(replace(one, campaign_id=f"c_{i}") for i in range(400))))  # type: ignore[arg-type]
    assert page.count("<article") == 25
    assert "25 of 400 campaigns shown" in page
    assert "200 of 400 campaigns shown" in page
    assert len(page.encode()) < 3_000_000


def test_the_page_answers_the_four_questions_and_says_what_it_cannot_show(scan: Scan) -> None:
    """What a lawyer, an analyst and the accused look for."""
    text = " ".join("".join(_structure(html_page(scan)).texts).split())
    for expected in (
        "Together?", "Hidden?", "Taking?", "Leaked?",
        "threshold 13.6 bits", "Estimate, not a measurement", "90 % interval",
        "AML.CS0056", "AML.T0024.002", "AML.T0008.005", "AML.T0021", "AML.T0040", "LLM10:2025",
        "What a bit is", "What this cannot show", "Not evaluated", "allowed: 2 to the power -b",
        "Rows that could not be read", "bits checked on 812 benign groups: holds",
    ):  # fmt: skip
        assert expected in text, expected


def test_every_drawing_has_words(scan: Scan) -> None:
    """A drawing is an image with a sentence, for those who do not see it."""
    drawings = [
        dict(attrs) for kind, tag, attrs in _structure(html_page(scan)).pieces if (kind, tag) == ("start", "svg")
    ]
    assert drawings
    assert all(d["role"] == "img" and len(d["aria-label"] or "") > 20 for d in drawings)


def test_a_run_that_found_nothing_says_what_it_tested(quiet_scan: Scan) -> None:
    """And still shows coverage and calibration."""
    text = "".join(_structure(html_page(quiet_scan)).texts)
    assert "Nothing was found. 3,911 groups" in text
    assert "What the input held" in text


def test_uncalibrated_runs_are_marked(uncalibrated_scan: Scan) -> None:
    """No odds of chance anywhere, a red line at the top, and the broken check is named."""
    page = html_page(uncalibrated_scan)
    assert "UNCALIBRATED: nothing may be enforced" in page
    assert "1 in 10¹³" not in page
    assert "BROKEN" in page


def test_strange_numbers_do_not_break_a_drawing(scan: Scan) -> None:
    """Infinite and missing bits, an empty timeline, a zero price: a page is still made, without NaN in it."""
    worst = scan.campaigns[1]
    odd = replace(
        worst, together_bits=float("inf"), taking_bits=float("nan"), timeline=(), evidence=(), traits=(), targets=()
    )
    lonely = replace(
        worst, members=(replace(worst.members[0], account_id=AccountId(""), bits=float("-inf")),), examples=()
    )
    for campaigns in ((odd,), (lonely,), (odd, lonely)):
        page = html_page(replace(scan, campaigns=campaigns))
        assert not re.search(r'="(nan|inf|-inf)"', page)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["kept", "removed"])
def test_a_browser_runs_nothing(hostile_scan: Scan, tmp_path: Path, policy: str) -> None:
    """In headless Chromium no script of the corpus runs, with the page's own policy and with escaping alone."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("needs the program chromium; ends when it is installed")
    page = html_page(hostile_scan)
    if policy == "removed":
        page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--dump-dom",
    ]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=os.environ)
    assert "<title>Stillwatch report: " in done.stdout
    assert "data-owned=" not in re.sub(r">[^<]*<", "><", done.stdout)
    assert "<script" not in done.stdout
    assert done.stdout.count("<article") == len(hostile_scan.campaigns)
