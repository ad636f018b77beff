"""What has gone is counted exactly, and what it teaches is an interval that published students fall into."""

from itertools import combinations

import ibis
import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.leaked import (
    INTERVAL_FRACTION,
    SLOTS,
    Dose,
    ModelVolume,
    dose_response,
    leak,
    leaked_tasks,
    leaked_texts,
    leaked_volumes,
    learning_estimate,
    predict,
    price_of,
)
from stillwatch.settings import DEFAULT_PRICES, Price
from stillwatch.taking import taken_counts

_TAKEN = [  # campaign_id, model, task_hash, input_tokens, output_tokens
    ("c1", "atlas-1", 11, 100, 10),
    ("c1", "atlas-1", 11, 100, 20),
    ("c1", "atlas-2", 12, 50, None),
    ("c1", "atlas-2", 0, None, None),
    ("c2", "atlas-1", 11, None, None),
]


def _taken() -> ibis.expr.types.Table:
    names = ("campaign_id", "model", "task_hash", "input_tokens", "output_tokens", *SLOTS)
    types = ("string", "string", "int64", "int64", "int64", *("int64" for _ in SLOTS))
    rows = ibis.memtable(
        [(*row, 0, 0, 0, 0) for row in _TAKEN], schema=ibis.schema(dict(zip(names, types, strict=True)))
    )
    return rows.mutate(account_key=rows.task_hash, target=ibis.literal("coding"))


def test_volumes_are_counted_per_campaign_and_model() -> None:
    rows = ibis.duckdb.connect().to_pyarrow(leaked_volumes(taken_counts(_taken()))).to_pylist()
    found = {(r["campaign_id"], r["model"]): (r["exchanges"], r["input_tokens"], r["output_tokens"]) for r in rows}
    assert found == {
        ("c1", "atlas-1"): (2, 200, 30),
        ("c1", "atlas-2"): (2, 50, None),
        ("c2", "atlas-1"): (1, None, None),
    }


def test_a_task_asked_twice_is_one_task_and_a_prompt_without_text_is_none() -> None:
    assert _unique_tasks(_taken()) == {"c1": 2, "c2": 1}


def test_a_task_in_other_words_is_the_same_task() -> None:
    """Three of four shingles agree: one task. Two agree: another one. An empty slot proves nothing."""
    slots = [(1, 2, 3, 4), (1, 2, 3, 9), (1, 2, 6, 7), (0, 0, 3, 4), (0, 0, 3, 4)]
    assert _unique_tasks(_texts([("c", *four) for four in slots])) == {"c": 4}


def test_tasks_in_other_words_are_found_wherever_they_agree() -> None:
    """Counted with all pairs of texts looked at."""
    pick = np.random.default_rng(7)
    shingles = pick.integers(1, 2**62, (4, 5))  # of each slot: a shingle belongs into one
    shingles[:, 0] = 0
    drawn = shingles[np.arange(4), pick.integers(0, 5, (2, 300, 4))].tolist()
    rows = [(name, *four) for name, texts in zip(("c1", "c2"), drawn, strict=True) for four in texts]
    expected = {name: _counted_by_hand(texts) for name, texts in zip(("c1", "c2"), drawn, strict=True)}
    assert _unique_tasks(_texts(rows)) == expected


def _counted_by_hand(texts: list[list[int]]) -> int:
    def alike(own: list[int], three: tuple[int, ...]) -> int:
        return sum(all(own[slot] == other[slot] != 0 for slot in three) for other in texts)

    return round(sum(1 / max(1, *(alike(own, three) for three in combinations(range(4), 3))) for own in texts))


def _texts(rows: list[tuple[object, ...]]) -> ibis.expr.types.Table:
    schema = ibis.schema({"campaign_id": "string", **dict.fromkeys(SLOTS, "int64"), "task_hash": "int64"})
    return ibis.memtable([(*row, number) for number, row in enumerate(rows, 1)], schema=schema)


def _unique_tasks(taken: ibis.expr.types.Table) -> dict[str, int]:
    rows = ibis.duckdb.connect().to_pyarrow(leaked_tasks(leaked_texts(taken))).to_pylist()
    return {row["campaign_id"]: row["unique_tasks"] for row in rows}


def test_the_bill_is_the_list_price_of_counted_tokens() -> None:
    prices = [Price("atlas", 3.0, 15.0)]
    found = leak([ModelVolume("atlas-1", 10, 2_000_000, 1_000_000), ModelVolume("other", 5, 100, 100)], 12, prices)
    assert found.list_price_usd == pytest.approx(2 * 3.0 + 15.0)
    assert found.unpriced_models == ("other",)
    assert (found.exchanges, found.unique_tasks) == (15, 12)
    assert (found.input_tokens, found.output_tokens) == (2_000_100, 1_000_100)


def test_tokens_that_nobody_counted_are_unknown_not_free() -> None:
    found = leak([ModelVolume("atlas-1", 10, None, None)], 10, DEFAULT_PRICES)
    assert (found.input_tokens, found.output_tokens, found.list_price_usd) == (None, None, None)
    assert found.unpriced_models == ()


def test_the_longest_fitting_price_wins() -> None:
    assert price_of("gpt-4o-mini-2024-07-18", DEFAULT_PRICES) == Price("gpt-4o-mini", 0.15, 0.60)
    assert price_of("gpt-4o-2024-08-06", DEFAULT_PRICES) == Price("gpt-4o", 2.5, 10.0)
    assert price_of("nobody-1", DEFAULT_PRICES) is None


def test_the_interval_covers_a_published_student_it_was_not_fitted_on() -> None:
    doses = dose_response()
    trained = [dose for dose in doses if dose.exchanges > 0]
    covered = 0
    for dose in trained:
        rest = tuple(other for other in doses if other is not dose)
        spread = predict(dose.student, dose.benchmark, dose.exchanges, rest)
        covered += abs(spread.expected - dose.accuracy_percent) <= spread.half_width
    assert binom.cdf(covered, len(trained), INTERVAL_FRACTION) > 0.025, f"{covered} of {len(trained)} covered"


def test_a_line_is_recovered_from_students_that_lie_on_it() -> None:
    levels = {"small": 5.0, "large": 20.0}
    line = [Dose(s, "b", n, level + 7.0 * k) for s, level in levels.items() for k, n in ((3, 10**3), (5, 10**5))]
    spread = predict("small", "b", 10**4, line)
    assert spread.expected == pytest.approx(5.0 + 7.0 * 4)
    assert spread.half_width == pytest.approx(0.0, abs=1e-9)


def test_a_thousand_tasks_move_a_large_student_by_tens_of_points() -> None:
    found = {(row.student, row.benchmark): row for row in learning_estimate(1_000, dose_response())}
    row = found["32B", "AIME24"]
    assert row.low_points < row.points < row.high_points
    assert 20 < row.points < 60


def test_more_tasks_never_teach_less() -> None:
    for few, many in ((10, 100), (100, 1_000), (1_000, 30_000), (30_000, 10**9)):
        pairs = zip(learning_estimate(few, dose_response()), learning_estimate(many, dose_response()), strict=True)
        assert all(less.points <= more.points for less, more in pairs), (few, many)


def test_nothing_taken_teaches_nothing() -> None:
    assert learning_estimate(0, dose_response()) == ()
