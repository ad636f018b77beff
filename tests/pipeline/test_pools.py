"""Two operators that buy their addresses from one proxy service."""

from dataclasses import replace
from pathlib import Path

from stillwatch import simulate
from stillwatch.bench.truth import read_truth
from stillwatch.pipeline import Source, scan
from stillwatch.settings import Settings
from stillwatch.types import TraitKind


def test_two_operators_on_one_proxy_pool_are_two_campaigns_and_a_pool(tmp_path: Path) -> None:
    """Operators A and E of the September disclosure, small, among 1,000 innocent accounts and all twins."""
    whole = simulate.load_scenario("september")
    some = tuple(
        replace(operator, accounts=40, exchanges=4000, exit_addresses=40, start_hour=0.0)
        for operator in whole.operators
        if operator.proxy_pool
    )
    small = replace(whole.scaled(1000 / whole.accounts), exchanges=16_000, days=14, release_hour=200.0, operators=some)
    log = tmp_path / "log"
    simulate.simulate(small, log, 1, simulate.load_pool("all", None))
    truth = read_truth(log)
    result = scan(
        Source((log / "exchanges",), log / "accounts.parquet"), Settings(threads=1), tmp_path / "out", lambda _: None
    )
    owners = {c.campaign_id: {truth.owner[member.account_id] for member in c.members} for c in result.campaigns}
    assert sorted(map(sorted, owners.values())) == [[operator.name] for operator in some]
    (pool,) = result.pools
    assert set(pool.campaign_ids) == set(owners)
    assert pool.kind is TraitKind.NETWORK
