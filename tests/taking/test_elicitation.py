"""Asking for reasoning all the time stands out; asking for it now and then does not."""

from collections.abc import Callable

from stillwatch.taking.elicitation import ELICITATION

Ranked = Callable[..., tuple[float, str]]


STRANGERS = [{"exchanges": 200, "elicits": n % 10} for n in range(99)]


def test_a_campaign_that_elicits_reasoning_is_more_extreme_than_any_stranger(p_and_words: Ranked) -> None:
    p, words = p_and_words(ELICITATION, {"exchanges": 1_000, "elicits": 600}, STRANGERS)
    assert p == 1 / 100
    asked = "600 of 1,000 (60 %) prompts ask for the reasoning to be written out"
    assert words == f"{asked}; 0 of 99 ordinary accounts take as much this way"


def test_a_large_customer_with_the_usual_share_is_not(p_and_words: Ranked) -> None:
    audited = {"exchanges": 2_000, "elicits": 1_000}
    p, _ = p_and_words(ELICITATION, {"exchanges": 20_000, "elicits": 500}, [*STRANGERS, audited])
    assert p > 1 / 101


def test_the_stream_under_common_words_is_looked_at_alone(p_and_words: Ranked) -> None:
    relay = {"exchanges": 1_000, "elicits": 310, "stream_exchanges": 300, "stream_elicits": 300}
    assert "300 of 300 (100 %)" in p_and_words(ELICITATION, relay, STRANGERS)[1]
