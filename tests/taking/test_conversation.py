"""Opening conversations that nobody goes on with stands out; people who ask back do not."""

from collections.abc import Callable

from stillwatch.taking.conversation import CONVERSATION

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "single": 50 + n, "turned": 200} for n in range(99)]


def test_a_campaign_without_conversation_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(CONVERSATION, {"exchanges": 2_000, "single": 1_990, "turned": 2_000}, STRANGERS)
    assert p == 1 / 100
    assert "1,990 of 2,000 (100 %) exchanges open a conversation" in words


def test_a_large_customer_whose_people_ask_back_is_not(p_and_words: Ranked) -> None:
    assert p_and_words(CONVERSATION, {"exchanges": 20_000, "single": 6_000, "turned": 20_000}, STRANGERS)[0] > 0.4


def test_unknown_turns_are_left_out_of_the_share(p_and_words: Ranked) -> None:
    words = p_and_words(CONVERSATION, {"exchanges": 2_000, "single": 500, "turned": 500}, STRANGERS)[1]
    assert "500 of 500 (100 %)" in words
