"""A campaign behaves like one scheduler: equal volumes, one queue, replaced accounts, a move to the new model."""

from typing import Any

import numpy as np
import pytest

from stillwatch.simulate.library import load_library
from stillwatch.simulate.recipes import TASKS
from stillwatch.types import Target


@pytest.fixture(scope="module")
def exchanges(demo: Any) -> dict[str, np.ndarray]:
    table = demo.exchanges
    return {
        "operator": np.array(demo.exchange_labels["operator"].to_pylist()),
        "kind": np.array(demo.exchange_labels["kind"].to_pylist()),
        "target": np.array(demo.exchange_labels["target"].to_pylist()),
        "account": np.array(table["account_id"].to_pylist()),
        "prompt": np.array(table["prompt_text"].to_pylist()),
        "model": np.array(table["model"].to_pylist()),
        "hour": (table["ts"].cast("int64").to_numpy() / 1e6 - demo.scenario.start.timestamp()) / 3600,
    }


def test_accounts_that_live_equally_long_ask_equally_much(demo: Any, exchanges: dict[str, np.ndarray]) -> None:
    """The middle half of operator C's accounts differ by less than a fifth; innocents of one kind by far more."""
    of_c = exchanges["account"][exchanges["operator"] == "operator C"]
    low, high = np.quantile(np.unique(of_c, return_counts=True)[1], (0.5, 0.85))
    assert high / low < 1.2
    of_bot = exchanges["account"][exchanges["kind"] == "customer_bot"]
    low, high = np.quantile(np.unique(of_bot, return_counts=True)[1], (0.5, 0.85))
    assert high / low > 1.5


def test_one_list_of_tasks_is_split_without_overlap(exchanges: dict[str, np.ndarray]) -> None:
    mine = (exchanges["operator"] == "operator C") & (exchanges["kind"] == "campaign")
    prompts = exchanges["prompt"][mine]
    assert len(set(prompts)) > 0.995 * len(prompts)


def test_operator_a_asks_each_task_four_times_through_several_accounts(exchanges: dict[str, np.ndarray]) -> None:
    mine = (exchanges["operator"] == "operator A") & (exchanges["kind"] == "campaign")
    prompts, inverse, counts = np.unique(exchanges["prompt"][mine], return_inverse=True, return_counts=True)
    assert np.bincount(counts).argmax() == 4
    often = counts[inverse] == 4
    pairs = len(set(zip(inverse[often], exchanges["account"][mine][often], strict=True)))
    assert pairs > 2 * (counts == 4).sum()
    assert len(prompts) > 20


def test_targets_have_their_shares(demo: Any, exchanges: dict[str, np.ndarray]) -> None:
    for operator in demo.scenario.operators[1:]:
        mine = (exchanges["operator"] == operator.name) & (exchanges["kind"] == "campaign")
        for target, share in operator.targets.items():
            assert (exchanges["target"][mine] == target).mean() == pytest.approx(share, abs=0.04)


def test_cover_has_its_share(demo: Any, exchanges: dict[str, np.ndarray]) -> None:
    for operator in demo.scenario.operators:
        mine = exchanges["operator"] == operator.name
        assert (exchanges["kind"][mine] == "cover").mean() == pytest.approx(operator.cover_fraction, abs=0.03)


def test_probing_is_first_and_slow(demo: Any, exchanges: dict[str, np.ndarray]) -> None:
    operator = demo.scenario.operators[2]
    mine = exchanges["operator"] == operator.name
    probes, rest = (exchanges["hour"][mine & (exchanges["kind"] == k)] for k in ("probe", "campaign"))
    assert 0 < len(probes) < 0.05 * len(rest)
    assert probes.max() <= rest.min() + 1e-6


def test_operator_c_moves_half_of_its_traffic_within_a_day_of_the_release(
    demo: Any, exchanges: dict[str, np.ndarray]
) -> None:
    release = demo.scenario.release_hour
    mine = exchanges["operator"] == "operator C"
    before, after = mine & (exchanges["hour"] < release), mine & (exchanges["hour"] > release + 20)
    assert (exchanges["model"][before] == "atlas-2").sum() == 0
    assert (exchanges["model"][after] == "atlas-2").mean() == pytest.approx(0.55, abs=0.05)


def test_closed_accounts_are_continued_by_fresh_ones(demo: Any) -> None:
    guilty = np.array(demo.account_labels["operator"].to_pylist()) == "operator C"
    rows = [row for row, mine in zip(demo.accounts.to_pylist(), guilty, strict=True) if mine]
    closed = [row for row in rows if row["closed_at"]]
    expected = demo.scenario.operators[2].replaced_fraction / (1 + demo.scenario.operators[2].replaced_fraction)
    assert len(closed) == pytest.approx(expected * len(rows), abs=1)


def test_every_target_can_be_aimed_at() -> None:
    library = load_library("A", np.random.default_rng(1))
    for target in Target:
        assert library.bank_of("operator", target.value), target
    assert set(TASKS) == set(Target)


def test_no_operator_is_one_organisation_or_one_card(demo: Any) -> None:
    guilty = np.array(demo.account_labels["operator"].to_pylist()) == "operator C"
    for column, most in (("org_id", 1), ("payment_fingerprint", 41)):
        values = np.array([v or "" for v in demo.accounts[column].to_pylist()])[guilty]
        assert np.unique(values[values != ""], return_counts=True)[1].max() <= most, column
