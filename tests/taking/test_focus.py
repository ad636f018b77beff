"""Three capabilities and nothing else stands out; a mix does not, and `other` is no capability."""

from collections.abc import Callable

import pytest

from stillwatch.taking.focus import FOCUS

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [
    {"exchanges": 200, "target_coding": 60 + n, "target_reasoning": 30, "target_knowledge": 30, "target_other": 80 - n}
    for n in range(80)
]


def test_a_campaign_after_three_capabilities_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    mix = {
        "exchanges": 2_000,
        "target_coding": 900,
        "target_grading": 700,
        "target_formatting": 350,
        "target_other": 50,
    }
    p, words = p_and_words(FOCUS, mix, STRANGERS)
    assert p == pytest.approx(1 / 81)
    assert "1,950 of 2,000 (98 %) prompts aim at coding, grading, formatting" in words


def test_its_twin_that_asks_about_everything_is_not(p_and_words: Ranked) -> None:
    names = ("coding", "grading", "formatting", "reasoning", "knowledge", "data_analysis", "instruction_following")
    p, _ = p_and_words(FOCUS, {"exchanges": 1_400, **{f"target_{name}": 200 for name in names}}, STRANGERS)
    assert p > 0.2


def test_small_talk_is_no_capability(p_and_words: Ranked) -> None:
    p, words = p_and_words(FOCUS, {"exchanges": 5_000, "target_other": 5_000}, STRANGERS)
    assert p == 1.0
    assert "0 of 5,000 (0 %) prompts aim at no capability" in words
