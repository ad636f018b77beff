"""A student that improves is seen in the prompts that grade it; gradings without a direction are not."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.taking.course.student import MOST_SPANS, drift_p, judge_student

SEED = 12


def _grading(lengths: dict[int, float], *, streams: int = 3, prompts: int = 40, seed: int = SEED) -> pa.Table:
    """Grading prompts of each day under several opening words, which have lengths of their own."""
    pick = np.random.default_rng(seed)
    rows = [
        {
            "customer": "campaign",
            "accused": True,
            "head_hash": stream,
            "day": day,
            "prompts": prompts,
            "words": int(pick.normal(prompts * (100 * stream + mean), 20 * prompts**0.5)),
        }
        for day, mean in lengths.items()
        for stream in range(1, streams + 1)
    ]
    return pa.Table.from_pylist(rows)


def test_answers_that_get_longer_by_the_day_give_bits() -> None:
    found = judge_student(_grading({day: 100.0 + 10 * day for day in range(12)}), "campaign")
    assert found is not None
    assert found[0] > 6.6
    assert "are longer on the later day in 66 of 66 pairs of days" in found[1]


def test_gradings_that_wander_without_a_direction_give_none() -> None:
    """A nightly evaluation: the same suite every night, whatever hour of the day or week it is."""
    found = judge_student(_grading(dict.fromkeys(range(12), 100.0)), "campaign")
    assert found is not None
    assert found[0] < 2


def test_a_change_of_opening_words_is_no_drift() -> None:
    """Each day more prompts have the longer opening; under the same words nothing changes."""
    rows = _grading(dict.fromkeys(range(12), 100.0), streams=2).to_pylist()
    for row in rows:
        more = 1 + row["day"] if row["head_hash"] == 2 else 12 - row["day"]
        row["prompts"], row["words"] = row["prompts"] * more, row["words"] * more
    found = judge_student(pa.Table.from_pylist(rows), "campaign")
    assert found is not None
    assert found[0] < 2


def test_too_few_prompts_or_days_are_not_evaluated() -> None:
    assert judge_student(_grading({0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}), "campaign") is None
    assert judge_student(_grading(dict.fromkeys(range(12), 1.0), streams=1, prompts=4), "campaign") is None


def test_p_is_that_of_all_orders_of_the_days() -> None:
    """Kendall's law by counting, for every order of six days."""
    every = {order: drift_p(np.array(order, float)) for order in itertools.permutations(range(6))}
    for level in set(every.values()):
        share = sum(p <= level for p in every.values()) / len(every)
        assert share == pytest.approx(min(level, share))
        assert share <= level + 1e-12


@pytest.mark.parametrize("days", [5, 9, 17, 40])
def test_p_is_that_of_the_law_added_up_place_by_place(days: int) -> None:
    """Every number of pairs against the trend, from none to half of them."""
    law = np.ones(1)
    for place in range(2, days + 1):
        law = np.convolve(law, np.full(place, 1.0 / place))
    ordered = list(range(days))
    for against in range(days // 2):
        ordered[2 * against], ordered[2 * against + 1] = ordered[2 * against + 1], ordered[2 * against]
        assert drift_p(ordered) == pytest.approx(min(1.0, 2 * law[: against + 2].sum()), rel=1e-12)
    shuffled = np.random.default_rng(SEED).permutation(days)
    least = min((np.triu(np.sign(shuffled[None, :] - shuffled[:, None]) == sign, 1)).sum() for sign in (1, -1))
    assert drift_p(shuffled) == pytest.approx(min(1.0, 2 * law[: least + 1].sum()), rel=1e-12)


def test_the_days_of_many_years_are_compared_by_spans_of_them() -> None:
    """3,000 days: as many spans as may be, of 8 days each."""
    rising = judge_student(_grading({day: 100 + 0.1 * day for day in range(3_000)}, streams=1), "campaign")
    level = judge_student(_grading(dict.fromkeys(range(3_000), 100.0), streams=1), "campaign")
    assert rising is not None
    assert level is not None
    spans = 3_000 // 8
    assert spans <= MOST_SPANS
    assert f"of {spans * (spans - 1) // 2:,} pairs of spans of 8 days" in rising[1]
    assert rising[0] > 20
    assert level[0] < 3


def test_equal_days_are_no_trend() -> None:
    assert drift_p([5.0] * 8) == 1.0


def test_shuffled_days_give_an_honest_e_value() -> None:
    """Over 400 draws without a direction the mean of 2^bits is at most 1, within its error."""
    found = [judge_student(_grading(dict.fromkeys(range(9), 100.0), seed=seed), "campaign") for seed in range(400)]
    bits = np.array([one[0] for one in found if one])
    assert np.mean(np.exp2(bits)) <= 1.2, "seeds 0 to 399"
    assert np.mean(bits >= 4) <= 2**-4
