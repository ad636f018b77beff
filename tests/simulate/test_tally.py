"""Totals per operator are those of the rows, in whatever blocks and order they come."""

import numpy as np

from stillwatch.simulate.layout import ROW, blank
from stillwatch.simulate.tally import OperatorTally


def test_any_blocks_give_the_same_totals() -> None:
    rng = np.random.default_rng(3)
    accounts = blank(20)
    accounts["operator"] = rng.integers(0, 3, 20)
    rows = np.zeros(500, ROW)
    rows["account"], rows["target"] = rng.integers(0, 20, 500), rng.integers(0, 4, 500)
    rows["purpose"], rows["ts"] = rng.integers(0, 3, 500), rng.integers(1, 10**9, 500)
    whole, parts = OperatorTally.of(accounts), OperatorTally.of(accounts)
    whole.add(rows)
    for block in np.array_split(rng.permutation(rows), 7):
        parts.add(block)
    for name in ("exchanges", "taken", "first", "last"):
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist(), name
    mine = accounts["operator"][rows["account"]] == 1
    assert whole.exchanges[1] == mine.sum()
    assert whole.taken[1].sum() == (mine & (rows["purpose"] == 0)).sum()
    assert whole.last[1] == rows["ts"][mine].max()
