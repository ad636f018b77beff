"""New tasks in the same words stand out; a bot with few tasks and people with own words do not."""

from collections.abc import Callable

from stillwatch.taking.sweep import SWEEP

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "tasks": 180, "stream_tasks": n} for n in range(99)]


def test_a_campaign_that_sweeps_a_task_space_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(SWEEP, {"exchanges": 2_000, "tasks": 1_900, "stream_tasks": 1_850}, STRANGERS)
    assert p == 1 / 100
    assert "1,850 of 1,900 (97 %) distinct tasks are put into words that recur" in words


def test_a_bot_that_asks_few_tasks_again_and_again_is_not(p_and_words: Ranked) -> None:
    assert p_and_words(SWEEP, {"exchanges": 20_000, "tasks": 40, "stream_tasks": 20}, STRANGERS)[0] > 0.2


def test_a_large_organisation_with_its_own_words_is_not(p_and_words: Ranked) -> None:
    assert p_and_words(SWEEP, {"exchanges": 50_000, "tasks": 45_000, "stream_tasks": 4_500}, STRANGERS)[0] > 0.5
