"""Numbers, odds and times are phrased once and never flatter the accuser."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.report import words
from stillwatch.types import ACCUSING, Scan, Verdict


@pytest.mark.parametrize(
    ("bits", "phrase"),
    [
        (-4.0, "no evidence"),
        (0.0, "no evidence"),
        (float("nan"), "no evidence"),
        (1.0, "1 in 2"),
        (6.6, "1 in 97"),
        (10.0, "1 in 1,000"),
        (13.3, "1 in 10⁴"),
        (43.6, "1 in 10¹³"),
        (5000.0, "1 in 10³⁰"),
        (math.inf, "1 in 10³⁰"),
    ],
)
def test_odds_are_rounded_towards_doubt(bits: float, phrase: str) -> None:
    """The phrase never claims rarer odds than 2**-bits, and stops where assumptions are the larger doubt."""
    assert words.odds_of_chance(bits) == phrase


@pytest.mark.parametrize("tenth", range(10, 132))
def test_small_odds_never_exceed_the_bound(tenth: int) -> None:
    """For every tenth of a bit, '1 in n' has n <= 2**bits and n above half of it."""
    bits = tenth / 10
    number = int(words.odds_of_chance(bits).removeprefix("1 in ").replace(",", ""))
    assert 2**bits / 2 < number <= 2**bits


@pytest.mark.parametrize(
    ("fraction", "phrase"),
    [
        (0.0, "0 %"),
        (0.001, "<1 %"),
        (0.5, "50 %"),
        (0.9999, ">99 %"),
        (1.0, "100 %"),
        (None, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(fraction: float | None, phrase: str) -> None:
    """0 % and 100 % are said only of nothing and everything."""
    assert words.share(fraction).replace("\u00a0", " ") == phrase


@pytest.mark.parametrize(
    ("number", "phrase"),
    [(0, "0"), (1234, "1,234"), (999_999, "999,999"), (28_800_000, "28.80 M"), (826_000_000, "826 M")],
)
def test_counts_are_exact_up_to_a_million(number: int, phrase: str) -> None:
    """Above that, three digits."""
    assert words.count(number).replace("\u00a0", " ") == phrase


@pytest.mark.parametrize(
    ("amount", "phrase"), [(None, "price unknown"), (0.5, "$0.50"), (9358.4, "$9,358"), (12_340_000.0, "$12.34 M")]
)
def test_an_unknown_price_is_not_zero(amount: float | None, phrase: str) -> None:
    """A missing price is said to be missing."""
    assert words.usd(amount).replace("\u00a0", " ") == phrase


@pytest.mark.parametrize(
    ("hours", "phrase"), [(0, "0 seconds"), (0.5, "30 minutes"), (1, "1 hour"), (47, "47 hours"), (24 * 45, "45 days")]
)
def test_a_length_has_its_natural_unit(hours: float, phrase: str) -> None:
    """From seconds to days."""
    assert words.length(timedelta(hours=hours)) == phrase


def test_campaigns_are_ranked_by_severity_then_size(scan: Scan) -> None:
    """Worst verdict first; the order of the input does not matter."""
    expected = [
        Verdict.DISTILLATION,
        Verdict.RELAY,
        Verdict.DECLARED_HARVEST,
        Verdict.NOT_EVALUATED,
        Verdict.ORGANISATION,
    ]
    turned = replace(scan, campaigns=scan.campaigns[::-1])
    assert [c.verdict for c in words.ranked(scan)] == expected
    assert words.ranked(scan) == words.ranked(turned)


def test_every_verdict_has_its_words() -> None:
    """A verdict added to the types must be ranked, named and explained."""
    for mapped in (set(words.SEVERITY), set(words.VERDICT_NAMES), set(words.VERDICT_MEANINGS)):
        assert mapped == set(Verdict)


def test_no_technique_is_alleged_without_an_accusation() -> None:
    """Standard ids are given to accusing verdicts only."""
    assert set(words.STANDARD_IDS) == ACCUSING


def test_a_short_period_is_told_to_the_minute() -> None:
    """Days would hide a burst of minutes."""
    start = datetime(2026, 6, 1, 3, 14, tzinfo=UTC)
    assert words.period(start, start + timedelta(minutes=9)) == "2026-06-01 03:14 to 2026-06-01 03:23 (9 minutes)"
    assert words.period(None, None) == "unknown"


@pytest.mark.parametrize(
    ("bits", "phrase", "fraction"),
    [
        (0.0, "50 %", 0.5),
        (6.6, "99 %", 0.9898),
        (12.0, "more than 99.9 %", 0.9998),
        (-5.5, "2.2 %", 0.0216),
        (-8.4, "1 in 339", 0.00295),
        (-25.0, "less than 1 in a million", 0.0),
        (-5_000.0, "less than 1 in a million", 0.0),
        (5_000.0, "more than 99.9 %", 1.0),
    ],
)
def test_odds_are_said_as_a_chance(bits: float, phrase: str, fraction: float) -> None:
    """Log2 odds become a probability in one place; small ones are said as one in so many, never as 0 %."""
    assert words.likelihood(bits).replace("\u00a0", " ") == phrase
    assert words.membership_fraction(bits) == pytest.approx(fraction, abs=1e-4)
