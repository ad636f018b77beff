"""Each innocent twin shows the sign it is there for."""

from typing import Any

import numpy as np
import pytest

from stillwatch.simulate.scenario import TWIN_KINDS


def _members(log: Any, kind: str) -> list[dict]:
    kinds = log.account_labels["kind"].to_pylist()
    return [row for row, k in zip(log.accounts.to_pylist(), kinds, strict=True) if k == kind]


def _of(log: Any, kind: str, column: str) -> np.ndarray:
    mine = np.array(log.exchange_labels["kind"].to_pylist()) == kind
    return np.array([str(v) for v in log.exchanges[column].to_pylist()])[mine]


def test_seats_of_a_company_declare_it(benign: Any) -> None:
    seats = _members(benign, "company_seats")
    organisations = {row["org_id"] for row in seats}
    assert None not in organisations
    assert len(organisations) < len(seats) / 4
    assert len({row["payment_fingerprint"] for row in seats}) <= len(organisations)


def test_users_of_a_tool_share_its_words_and_nothing_else(benign: Any) -> None:
    assert len(set(_of(benign, "coding_tool", "system_text"))) == 1
    assert len(set(_of(benign, "coding_tool", "tools_hash"))) == 1
    users = _members(benign, "coding_tool")
    assert len({row["payment_fingerprint"] for row in users}) > 0.8 * len(users)


def test_a_classroom_signs_up_in_one_afternoon_behind_one_address(benign: Any) -> None:
    pupils = _members(benign, "classroom")
    addresses = set(_of(benign, "classroom", "ip")) - {"None"}
    assert len(pupils) >= 30
    assert len(addresses) <= 3
    assert {row["org_id"] for row in pupils} == {None}


def test_ci_runners_use_one_account_and_many_addresses(benign: Any) -> None:
    account, ip = _of(benign, "ci_runners", "account_id"), _of(benign, "ci_runners", "ip")
    assert len(set(ip)) > 8 * len(set(account))


def test_a_carrier_puts_strangers_behind_few_addresses(benign: Any) -> None:
    assert len(set(_of(benign, "carrier_nat", "ip"))) < len(_members(benign, "carrier_nat")) / 10


def test_stripped_metadata_is_not_there(benign: Any) -> None:
    for column in ("ip", "user_agent", "tls_fingerprint", "params"):
        assert set(_of(benign, "stripped_metadata", column)) == {"None"}


def test_a_reseller_has_many_end_users(benign: Any) -> None:
    assert len(set(_of(benign, "reseller", "end_user_id"))) > 30 * len(_members(benign, "reseller"))


def test_strangers_at_a_public_benchmark_share_exact_prompts(benign: Any) -> None:
    account, prompt = _of(benign, "public_benchmark", "account_id"), _of(benign, "public_benchmark", "prompt_text")
    owners: dict[str, set[str]] = {}
    for a, p in zip(account, prompt, strict=True):
        owners.setdefault(p, set()).add(a)
    assert max(map(len, owners.values())) >= 2


def test_release_benchmarks_run_on_the_new_model_on_its_day(benign: Any) -> None:
    hours = _of(benign, "release_benchmark", "ts")
    assert set(_of(benign, "release_benchmark", "model")) == {"atlas-2"}
    assert len({h[:10] for h in hours}) <= 3


@pytest.mark.parametrize("kind", ["nightly_evaluation", "migrated_workload", "drift_monitor", "rag_backfill"])
def test_busy_twins_are_busy(benign: Any, kind: str) -> None:
    counts = np.unique(_of(benign, kind, "account_id"), return_counts=True)[1]
    everybody = np.unique(benign.exchanges["account_id"].to_pylist(), return_counts=True)[1]
    assert counts.mean() > 2 * np.median(everybody)


def test_the_benchmark_has_every_twin(bench: Any) -> None:
    assert set(TWIN_KINDS) <= set(bench.account_labels["kind"].to_pylist())
    benign_names = {"", "operator A"}
    assert set(bench.account_labels["operator"].to_pylist()) == benign_names


def test_bots_of_one_platform_share_tools_client_and_address_but_not_their_words(bench: Any) -> None:
    members = _members(bench, "bot_platform")
    assert len(members) >= 25
    assert len(set(_of(bench, "bot_platform", "tools_hash"))) == 1
    assert len(set(_of(bench, "bot_platform", "user_agent")) - {"None"}) == 1
    assert len(set(_of(bench, "bot_platform", "ip")) - {"None"}) <= 6
    assert len(set(_of(bench, "bot_platform", "system_text"))) > 0.9 * len(members)
    assert {row["org_id"] for row in members} == {None}


def test_after_an_outage_strangers_return_in_the_same_minute(bench: Any) -> None:
    """More of them ask in that minute than in the twelve hours before the outage."""
    down, up = bench.scenario.outage_hours
    mine = np.array(bench.exchange_labels["kind"].to_pylist()) == "outage_return"
    seconds = bench.exchanges["ts"].cast("int64").to_numpy()[mine] / 1e6 - bench.scenario.start.timestamp()
    account = np.array(bench.exchanges["account_id"].to_pylist())[mine]
    back = (seconds >= up * 3600) & (seconds < up * 3600 + 60)
    before = (seconds >= (down - 12.5) * 3600) & (seconds < (down - 0.5) * 3600)
    assert len(set(account[back])) > max(3, 0.2 * len(set(account)))
    assert back.sum() > before.sum()
