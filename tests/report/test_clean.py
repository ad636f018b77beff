"""Strings of strangers are safe to look at."""

import unicodedata

import pytest

from stillwatch.report.clean import storable, visible

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_no_hostile_string_keeps_an_unseen_character(hostile: tuple[str, ...]) -> None:
    """Controls, bidi marks, invisible and unassigned characters are all spelled out."""
    left = {c for text in hostile for c in visible(text) if unicodedata.category(c) in UNSEEN}
    assert left == set()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acct_001", "acct_001"),
        ("Zoë 漢字 नमस्ते", "Zoë 漢字 नमस्ते"),
        ("a\u202eb", "a\\u{202e}b"),
        ("\x1b[31mred", "\\u{1b}[31mred"),
        ("two\nlines", "two↵lines"),
        ("tab\tand\u3000wide", "tab and wide"),
        ("\ud800", "\\u{d800}"),
        ("\u3164", "\\u{3164}"),
        ("", ""),
    ],
)
def test_what_is_shown_is_what_is_there(text: str, shown: str) -> None:
    """Ordinary writing of any script stays, the rest is spelled out."""
    assert visible(text) == shown


def test_stacked_marks_are_cut_at_four() -> None:
    """A letter with hundreds of accents would be drawn over its neighbours."""
    assert visible("Z" + "\u0301" * 400 + "a") == "Z" + "\u0301" * 4 + "a"


@pytest.mark.parametrize("limit", [1, 2, 10, 79])
def test_nothing_is_wider_than_its_limit(hostile: tuple[str, ...], limit: int) -> None:
    """Cells are counted, wide letters as two; a cut is marked."""
    for text in hostile:
        shown = visible(text, limit)
        cells = sum(
            0 if unicodedata.category(c) in {"Mn", "Me"} else 2 if unicodedata.east_asian_width(c) in "WF" else 1
            for c in shown
        )
        assert cells <= limit or shown == "…", text
    assert visible("abcdef", 4) == "abc…"


def test_looking_twice_changes_nothing(hostile: tuple[str, ...]) -> None:
    """Sections shorten strings before the page's door looks again; that must not spell out twice."""
    assert [visible(visible(text, 300), 4000) for text in hostile] == [visible(text, 300) for text in hostile]


def test_storing_changes_only_what_no_file_can_hold(hostile: tuple[str, ...]) -> None:
    """Account ids must join with the log again, so everything but lone surrogates stays as read."""
    for text in hostile:
        stored = storable(text)
        stored.encode("utf-8")
        assert stored == text or any("\ud800" <= c <= "\udfff" for c in text)
