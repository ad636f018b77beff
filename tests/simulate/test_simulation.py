"""What a simulation promises: the tables, the same bytes for one seed, labels that fit, sizes that were asked for."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import UsageError
from stillwatch.schemas import arrow_schema
from stillwatch.simulate import PromptPool, load_scenario, simulate
from stillwatch.tables import ACCOUNTS, EXCHANGES
from stillwatch.types import TARGETS


def _bytes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_tables_are_as_declared_and_required_columns_are_full(demo: Any) -> None:
    for table, declared in ((demo.exchanges, EXCHANGES), (demo.accounts, ACCOUNTS)):
        assert table.schema.equals(arrow_schema(declared))
        assert [c.name for c in declared.columns if c.required and table[c.name].null_count] == []


def test_one_seed_gives_the_same_bytes_and_another_does_not(pool: PromptPool, tmp_path: Path) -> None:
    scenario = load_scenario("demo").scaled(0.03)
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        simulate(scenario, tmp_path / name, seed, pool)
    first, again, other = (_bytes(tmp_path / name) for name in "abc")
    assert first == again
    assert first["exchanges/part-0000.parquet"] != other["exchanges/part-0000.parquet"]


def test_the_number_of_workers_does_not_change_the_bytes(
    pool: PromptPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker and two write the same bytes, with many small blocks and parts."""
    monkeypatch.setattr("stillwatch.simulate.simulation.BLOCK_EXCHANGES", 700)
    monkeypatch.setattr("stillwatch.simulate.writer.ROWS_PER_PART", 900)
    scenario = load_scenario("demo").scaled(0.03)
    for workers in (1, 2):
        simulate(scenario, tmp_path / str(workers), 5, pool, workers=workers)
    first, second = (_bytes(tmp_path / name) for name in "12")
    assert len(first) > 8
    assert first == second


def test_some_hours_alone_are_those_of_the_whole(pool: PromptPool, tmp_path: Path) -> None:
    """Who asks, and when, does not depend on which hours are written."""
    scenario = load_scenario("demo").scaled(0.03)
    simulate(scenario, tmp_path / "whole", 5, pool)
    simulate(scenario.between(100, 130), tmp_path / "part", 5, pool)
    asked = [
        list(zip(table["ts"].to_pylist(), table["account_id"].to_pylist(), strict=True))
        for table in (pq.read_table(tmp_path / name / "exchanges") for name in ("whole", "part"))
    ]
    first, last = (scenario.start + timedelta(hours=hour) for hour in (100, 130))
    assert asked[1] == [row for row in asked[0] if first <= row[0] < last]
    assert len(asked[1]) > 100
    assert json.loads((tmp_path / "part/labels/scenario.json").read_text())["written_hours"] == [100, 130]


def test_parts_of_one_scenario_have_ids_of_their_own(pool: PromptPool, tmp_path: Path) -> None:
    scenario = load_scenario("demo").scaled(0.03)
    for first in (0, 100):
        simulate(scenario.between(first, first + 100), tmp_path / str(first), 5, pool)
    one, other = (
        set(pq.read_table(tmp_path / str(first) / "exchanges")["exchange_id"].to_pylist()) for first in (0, 100)
    )
    assert len(one) > 100
    assert not one & other


def test_hours_in_which_nobody_asks_are_refused(pool: PromptPool, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody asks anything between these hours"):
        simulate(load_scenario("demo").scaled(0.03).between(5, 5.0000001), tmp_path / "none", 5, pool)


def test_a_folder_with_exchanges_is_refused_and_left_alone(pool: PromptPool, tmp_path: Path) -> None:
    (tmp_path / "exchanges").mkdir()
    with pytest.raises(UsageError, match="give an empty folder"):
        simulate(load_scenario("demo").scaled(0.01), tmp_path, 1, pool)
    assert [path.name for path in tmp_path.iterdir()] == ["exchanges"]


def test_every_exchange_and_account_has_one_label(demo: Any) -> None:
    ids = demo.exchanges["exchange_id"].to_pylist()
    assert len(set(ids)) == len(ids) == demo.written.exchanges
    assert ids == demo.exchange_labels["exchange_id"].to_pylist()
    accounts = demo.accounts["account_id"].to_pylist()
    assert len(set(accounts)) == len(accounts) == demo.written.accounts
    assert accounts == demo.account_labels["account_id"].to_pylist()
    assert set(demo.exchanges["account_id"].to_pylist()) <= set(accounts)
    assert set(demo.exchange_labels["target"].to_pylist()) <= set(TARGETS)


def test_labels_of_exchanges_follow_their_accounts(demo: Any) -> None:
    """An operator's exchanges are campaign, cover or probe; an innocent's are of the innocent's kind."""
    owner = dict(zip(demo.account_labels["account_id"].to_pylist(), demo.account_labels.to_pylist(), strict=True))
    for account, label in zip(demo.exchanges["account_id"].to_pylist(), demo.exchange_labels.to_pylist(), strict=True):
        truth = owner[account]
        assert label["operator"] == truth["operator"]
        wanted = {"campaign", "cover", "probe"} if truth["operator"] else {truth["kind"]}
        assert label["kind"] in wanted


def test_sizes_are_what_the_scenario_says(demo: Any) -> None:
    scenario = demo.scenario
    operators = np.array(demo.exchange_labels["operator"].to_pylist())
    members = np.array(demo.account_labels["operator"].to_pylist())
    for operator in scenario.operators:
        assert (members == operator.name).sum() == operator.accounts
        assert (operators == operator.name).sum() == pytest.approx(operator.exchanges, rel=0.05)
    assert (members == "").sum() == scenario.accounts
    assert (operators == "").sum() == pytest.approx(scenario.exchanges, rel=0.05)


def test_all_twins_are_there_and_benign_has_nothing_else(demo: Any, benign: Any) -> None:
    for log in (demo, benign):
        kinds = set(log.account_labels["kind"].to_pylist())
        assert {twin.kind for twin in log.scenario.twins} <= kinds
    assert set(benign.account_labels["operator"].to_pylist()) == {""}
    assert "campaign" not in benign.account_labels["kind"].to_pylist()


def test_exchanges_are_in_order_of_time_within_the_window(demo: Any) -> None:
    seconds = demo.exchanges["ts"].cast("int64").to_numpy() / 1e6
    start = demo.scenario.start.timestamp()
    assert (np.diff(seconds) >= 0).all()
    assert seconds[0] >= start
    assert seconds[-1] < start + demo.scenario.days * 86_400


def test_nobody_asks_before_sign_up_or_after_closing(demo: Any) -> None:
    ts = demo.exchanges["ts"].cast("int64").to_numpy()
    account = np.array(demo.exchanges["account_id"].to_pylist())
    order = np.argsort(account, kind="stable")
    names, first = np.unique(account[order], return_index=True)
    span = {n: (a.min(), a.max()) for n, a in zip(names, np.split(ts[order], first[1:]), strict=True)}
    outage = 6 * 3600 * 1_000_000  # who is turned away by an outage comes back later, closed account or not
    for row in demo.accounts.to_pylist():
        low, high = span.get(row["account_id"], (None, None))
        if low is not None and row["created_at"] is not None:
            assert low >= row["created_at"].timestamp() * 1e6 - 1
        if high is not None and row["closed_at"] is not None:
            assert high <= row["closed_at"].timestamp() * 1e6 + outage


def test_nobody_is_served_during_the_outage_and_many_return_in_the_same_minute(demo: Any) -> None:
    down, up = demo.scenario.outage_hours
    hours = (demo.exchanges["ts"].cast("int64").to_numpy() / 1e6 - demo.scenario.start.timestamp()) / 3600
    assert not ((hours >= down) & (hours < up)).any()
    minute = ((hours >= up) & (hours < up + 1 / 60)).sum()
    usual = ((hours >= up + 6) & (hours < up + 12)).sum() / 360
    assert minute > 5 * usual


def test_the_scenario_is_described_with_its_seed(demo: Any) -> None:
    described = json.loads((demo.written.labels_path / "scenario.json").read_text())
    assert (described["name"], described["seed"], described["written"]) == ("demo", 11, demo.written.exchanges)
