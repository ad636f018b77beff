"""The bits of a score are honest for exchangeable strangers, and as high as their number allows."""

from math import log2

import numpy as np
import pytest

from stillwatch.known.lifts import family_odds, lifts


def test_what_strangers_show_as_often_has_no_lift() -> None:
    """Below 8 times as often among members a value is no indicator."""
    assert lifts(np.array([50, 50]), 100, np.array([500, 60]), 1000).tolist()[0] == 0.0
    assert lifts(np.array([50, 50]), 100, np.array([500, 60]), 1000).tolist()[1] > 3.0


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_e_value_of_strangers_is_at_most_one(seed: int) -> None:
    """Bits learnt from some strangers, met by others of the same kind: an e-value, whatever members look like."""
    rng = np.random.default_rng(seed)

    def draw(count: int) -> np.ndarray:
        return np.where(rng.random(count) < 0.1, rng.exponential(4.0, count), 0.0)

    members, means = rng.exponential(8.0, 50), []
    for _ in range(400):
        odds = family_odds("application", members, draw(300))
        means.append(np.mean(np.exp2([odds.bits(score) for score in draw(300)])))
    assert np.mean(means) <= 1.0 + 3 * np.std(means) / np.sqrt(len(means)), f"seed {seed}"


def test_no_score_says_more_than_the_number_of_strangers_allows() -> None:
    odds = family_odds("application", np.full(50, 40.0), np.zeros(1023))
    assert 9.5 < odds.bits(40.0) <= log2(1024)
    assert odds.bits(0.0) < 0


def test_members_that_nobody_can_tell_from_strangers_leave_no_bits() -> None:
    odds = family_odds("application", np.full(50, 6.0), np.full(1000, 6.0))
    assert odds.bits(6.0) <= 0.01


def test_a_campaign_without_marks_has_no_steps() -> None:
    assert family_odds("identity", np.zeros(50), np.zeros(1000)).steps == ()
