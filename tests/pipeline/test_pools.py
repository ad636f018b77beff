"""Two operators that buy their addresses from one proxy service, and one operator that buys from two."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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


def test_one_operator_with_two_pools_is_one_campaign(tmp_path: Path) -> None:
    """Half of its accounts come through another service, in another country's network."""
    log = tmp_path / "log"
    simulate.simulate(simulate.load_scenario("demo").scaled(0.3), log, 5, simulate.load_pool("all", None))
    truth = read_truth(log)
    operator = min(set(truth.owner.values()) - {""})
    own = sorted(account for account, owner in truth.owner.items() if owner == operator)
    for part in sorted((log / "exchanges").glob("*.parquet")):
        pq.write_table(_through_another_pool(pq.read_table(part), own[::2]), part)
    source = Source((log / "exchanges",), log / "accounts.parquet")
    result = scan(source, Settings(threads=1), tmp_path / "out", lambda _: None)
    found = [{str(member.account_id) for member in c.members} & set(own) for c in result.campaigns]
    (whole,) = [accounts for accounts in found if accounts]
    assert len(whole) >= 0.9 * len(own)


def _through_another_pool(rows: pa.Table, accounts: list[str]) -> pa.Table:
    """Give these accounts addresses of 203.0.113.0/24 and a network operator of their own."""
    moved = pc.is_in(rows["account_id"], value_set=pa.array(accounts))
    exits = pa.array([f"203.0.113.{number % 250}" for number in np.arange(len(rows))])
    changed = {"ip": exits, "asn": pa.scalar("AS65000"), "country": pa.scalar("NL")}
    for name, value in changed.items():
        column = rows.schema.get_field_index(name)
        rows = rows.set_column(column, name, pc.if_else(moved, value, rows[name]))
    return rows
