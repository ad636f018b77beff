"""Grading answers all the time stands out; grading now and then does not."""

from collections.abc import Callable

from stillwatch.taking.judge_use import JUDGE_USE

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "judged": n % 5} for n in range(99)]


def test_a_campaign_that_has_answers_graded_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(JUDGE_USE, {"exchanges": 1_000, "judged": 400}, STRANGERS)
    assert p == 1 / 100
    assert "400 of 1,000 (40 %) prompts hold a candidate answer and a rubric" in words


def test_an_evaluation_now_and_then_is_not(p_and_words: Ranked) -> None:
    p, _ = p_and_words(JUDGE_USE, {"exchanges": 1_000, "judged": 5}, STRANGERS)
    assert p > 0.5
