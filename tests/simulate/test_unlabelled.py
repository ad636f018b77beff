"""Nothing that carries no meaning tells campaign from innocent, and no meaningful column does so alone."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata

BUSY = 30
SIGMAS = 4.5


def _auc(value: np.ndarray, guilty: np.ndarray) -> float:
    rank = rankdata(value)
    a, b = guilty.sum(), (~guilty).sum()
    return float((rank[guilty].sum() - a * (a + 1) / 2) / (a * b))


def _at_chance(value: np.ndarray, guilty: np.ndarray) -> bool:
    a, b = guilty.sum(), (~guilty).sum()
    return abs(_auc(value, guilty) - 0.5) < SIGMAS * np.sqrt((a + b + 1) / (12 * a * b))


def _guilty(log: Any) -> np.ndarray:
    return np.array(log.account_labels["operator"].to_pylist()) != ""


@pytest.mark.parametrize("place", [0, 4, 8])
def test_account_ids_say_nothing(demo: Any, place: int) -> None:
    value = np.array([int(a[place : place + 4], 16) for a in demo.accounts["account_id"].to_pylist()])
    assert _at_chance(value, _guilty(demo))


def test_the_order_of_accounts_says_nothing(demo: Any) -> None:
    assert _at_chance(np.arange(demo.accounts.num_rows), _guilty(demo))


@pytest.mark.parametrize("place", [0, 4, 8])
def test_exchange_ids_say_nothing(demo: Any, place: int) -> None:
    guilty = np.array(demo.exchange_labels["operator"].to_pylist()) != ""
    value = np.array([int(e[place : place + 4], 16) for e in demo.exchanges["exchange_id"].to_pylist()])
    assert _at_chance(value, guilty)


@pytest.mark.parametrize("column", ["status", "cut", "microsecond", "host", "delay"])
def test_technical_columns_say_nothing(demo: Any, column: str) -> None:
    """Outcome, finish, fraction of a second, last byte of the address, and latency beyond what its tokens explain."""
    guilty = np.array(demo.exchange_labels["operator"].to_pylist()) != ""
    table = demo.exchanges
    served = table["status"].to_numpy() == 200
    kept = served if column in ("cut", "delay") else np.ones(len(guilty), bool)
    if column == "status":
        value = served
    elif column == "cut":
        value = np.array(table["finish_reason"].to_pylist()) == "length"
    elif column == "microsecond":
        value = table["ts"].cast("int64").to_numpy() % 1_000_000
    elif column == "host":
        value = np.array([int(ip.rsplit(".", 1)[1]) if ip else -1 for ip in table["ip"].to_pylist()])
        first = np.unique(np.array(table["ip"].fill_null("").to_pylist()), return_index=True)[1]
        kept = np.isin(np.arange(len(value)), first) & (value >= 0)  # each address once
    else:
        tokens = table["output_tokens"].to_numpy() + table["reasoning_tokens"].to_numpy()
        pace = np.array([{"atlas-1": 14.0, "atlas-mini": 6.0, "atlas-2": 18.0}[m] for m in table["model"].to_pylist()])
        value = table["latency_ms"].to_numpy() / (250 + tokens * pace)
    assert _at_chance(value[kept], guilty[kept])


def test_missing_values_say_nothing(demo: Any) -> None:
    guilty = _guilty(demo)
    for column in ("created_at", "email_domain", "declared_country", "verification"):
        assert _at_chance(np.array([v is None for v in demo.accounts[column].to_pylist()]), guilty), column


def _per_account(log: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Means of what one account shows, for accounts with some traffic."""
    account = np.array(log.exchanges["account_id"].to_pylist())
    names, index = np.unique(account, return_inverse=True)
    count = np.bincount(index)
    table = log.exchanges
    shown = {
        "volume": np.ones(len(account)),
        "prompt": np.array([len(p) for p in table["prompt_text"].to_pylist()]),
        "input": table["input_tokens"].to_numpy(),
        "output": table["output_tokens"].to_numpy(),
        "latency": table["latency_ms"].to_numpy(),
        "new_model": np.array(table["model"].to_pylist()) == "atlas-2",
        "turn": table["turn"].to_numpy(),
        "hour": table["ts"].cast("int64").to_numpy() // 3_600_000_000 % 24,
        "tools": np.array([t is not None for t in table["tools_hash"].to_pylist()]),
        "system": np.array([t is not None for t in table["system_text"].to_pylist()]),
        "organisation": np.array([t is not None for t in table["org_id"].to_pylist()]),
        "session": np.array([t is not None for t in table["session_id"].to_pylist()]),
    }
    means = {n: np.bincount(index, v) / (1 if n == "volume" else count) for n, v in shown.items()}
    truth = dict(zip(*(log.account_labels[c].to_pylist() for c in ("account_id", "operator")), strict=True))
    guilty = np.array([truth[name] != "" for name in names])
    busy = count >= BUSY
    return {name: value[busy] for name, value in means.items()}, guilty[busy]


def test_no_single_column_separates_busy_accounts(demo: Any) -> None:
    """Among accounts with 30 exchanges or more, the best single column stays below an AUC of 0.93."""
    means, guilty = _per_account(demo)
    found = {name: round(max(_auc(v, guilty), 1 - _auc(v, guilty)), 3) for name, v in means.items()}
    assert max(found.values()) < 0.93, found


def test_campaigns_use_what_innocents_use(demo: Any) -> None:
    """Most campaign accounts sign up and connect with values that innocent accounts have too."""
    guilty = _guilty(demo)
    for column in ("email_shape", "verification", "plan", "declared_country"):
        values = np.array([str(v) for v in demo.accounts[column].to_pylist()])
        assert np.isin(values[guilty], values[~guilty]).mean() > 0.95, column
    of_exchange = np.array(demo.exchange_labels["operator"].to_pylist()) != ""
    for column, least in (("user_agent", 0.5), ("params", 0.7), ("model", 1.0), ("country", 0.95)):
        values = np.array([str(v) for v in demo.exchanges[column].to_pylist()])
        assert np.isin(values[of_exchange], values[~of_exchange]).mean() >= least, column
