"""Every task asked the same number of times stands out; people who repeat themselves do not."""

from collections.abc import Callable

from stillwatch.taking.resampling import RESAMPLING

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "modal_times": 2, "modal_exchanges": n} for n in range(99)]


def test_a_campaign_that_asks_each_task_four_times_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(RESAMPLING, {"exchanges": 2_000, "modal_times": 4, "modal_exchanges": 1_800}, STRANGERS)
    assert p == 1 / 100
    assert "1,800 of 2,000 (90 %) prompts are tasks asked exactly 4 times each" in words


def test_people_who_repeat_themselves_differently_are_not(p_and_words: Ranked) -> None:
    repeating = {"exchanges": 20_000, "modal_times": 2, "modal_exchanges": 2_000}
    assert p_and_words(RESAMPLING, repeating, STRANGERS)[0] > 0.3


def test_nothing_asked_twice_is_said_plainly(p_and_words: Ranked) -> None:
    p, words = p_and_words(RESAMPLING, {"exchanges": 2_000}, STRANGERS)
    assert p == 1.0
    assert "0 of 2,000 (0 %) prompts are re-asked" in words
