"""Values of known campaigns are met in the right exchange of the right account."""

import pyarrow as pa

from stillwatch.engine import DuckDBEngine
from stillwatch.known import COLUMNS, LOOKED, first_exchanges, met
from stillwatch.settings import Settings


def _log(exchanges: int) -> pa.Table:
    """One account; exchange n (from 1) has scaffold n in its tail; later exchanges stand first."""
    numbers = list(range(exchanges, 0, -1))
    names = [column for columns in COLUMNS.values() for column in columns]
    whole = {n: pa.array([0] * exchanges, pa.int64()) for n in names if n.endswith("hash") or "any_hash" in n}
    text = {n: pa.array([None] * exchanges, pa.string()) for n in names if n not in whole}
    return pa.table({
        **whole, **text, "tail_hash": pa.array(numbers), "ts": pa.array(numbers, pa.timestamp("us", tz="UTC")),
        "exchange_key": pa.array(numbers), "account_key": pa.array([5] * exchanges),
    })  # fmt: skip


def test_places_follow_time_and_end_where_looking_ends() -> None:
    with DuckDBEngine(Settings(threads=1)) as engine:
        log, fresh = engine.adopt(_log(LOOKED + 3), "log"), engine.adopt(pa.table({"account_key": [5]}), "fresh")
        values = pa.table({"kind": ["scaffold"] * 3 + ["client"], "value": ["2", "7", f"{LOOKED + 1}", "3"]})
        found = engine.run(met(first_exchanges(log, fresh), engine.adopt(values, "values"))).sort_by("place")
    assert found.to_pylist() == [
        {"account_key": 5, "kind": "scaffold", "value": "2", "place": 2},
        {"account_key": 5, "kind": "scaffold", "value": "7", "place": 7},
    ]
