"""Hits weigh by how many they are and by how little else there is."""

import numpy as np
import pytest

from stillwatch.taking.answer import TESTS
from stillwatch.taking.harvest import Reading, share_words


def test_hits_are_weighed_by_their_share() -> None:
    reading = Reading(np.array([100.0, 100.0, 0.0]), np.array([100.0, 200.0, 0.0]))
    assert reading.harvest(3.0).tolist() == pytest.approx([100.0, 12.5, 0.0])


def test_half_of_a_hundred_thousand_is_less_than_all_of_a_thousand() -> None:
    reading = Reading(np.array([50_000.0, 1_000.0]), np.array([100_000.0, 1_000.0]))
    large, pure = reading.harvest(8.0)
    assert large < pure


def test_shares_are_written_with_their_numbers() -> None:
    assert share_words(412, 430) == "412 of 430 (96 %)"
    assert share_words(0, 0) == "0 of 0 (0 %)"


def test_every_test_says_what_turns_it_on_and_has_a_name_of_its_own() -> None:
    assert len({test.name for test in TESTS}) == len(TESTS)
    assert {test.missing for test in TESTS} == {"prompt_text", "turn"}
