"""Tasks that never come back stand out; a class with one assignment does not."""

from collections.abc import Callable

from stillwatch.taking.uniqueness import UNIQUENESS

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "stream_once": n} for n in range(99)]


def test_a_list_that_is_never_asked_twice_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(UNIQUENESS, {"exchanges": 2_000, "stream_once": 1_900}, STRANGERS)
    assert p == 1 / 100
    assert "1,900 of 2,000 (95 %) prompts are a task that no account of the group ever asked again" in words


def test_a_class_with_one_assignment_is_not(p_and_words: Ranked) -> None:
    assert p_and_words(UNIQUENESS, {"exchanges": 2_000, "stream_once": 100}, STRANGERS)[0] > 0.5
