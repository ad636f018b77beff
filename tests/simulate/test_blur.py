"""Classifiers that see only metadata which should carry nothing find nothing, and would find a small leak.

Campaign accounts are compared with innocent ones of a similar number of exchanges. Each feature is a sum over an
account's exchanges, scaled to unit variance, so that the number of exchanges does not show.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from stillwatch.simulate import PromptPool, load_scenario, simulate
from stillwatch.simulate.layout import MODELS
from stillwatch.simulate.replies import MODEL_MS_PER_TOKEN

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SEEDS = (3, 4)
LEAST_EXCHANGES = 10
INNOCENTS_EACH = 4  # innocent accounts compared with each campaign account
SIGMAS = 3.0
LONG = 400  # characters; in shorter texts the rounding of tokens shows, half a token of which is put back


def _digits(ids: pa.ChunkedArray) -> Floats:
    """Hex digits of ids as numbers, (ids, digits)."""
    raw = np.frombuffer("".join(ids.to_pylist()).encode(), np.uint8).reshape(len(ids), -1).astype(np.float64)
    return np.where(raw < 97, raw - 48, raw - 87)


def _scaled(value: Floats, account: NDArray[np.int64], size: int, kept: Bools | None = None) -> Floats:
    """Sum per account of what deviates from the mean of all, divided by its standard error; noise where nothing is.

    Whether an account has conversations or a system prompt is a habit, not a leak: so their lack must not show here.
    """
    kept = np.ones(len(value), bool) if kept is None else kept
    value, account = value[kept], account[kept]
    deviation = (value - value.mean()) / (value.std() + 1e-12)
    count = np.bincount(account, minlength=size)
    scaled = np.bincount(account, deviation, size) / np.sqrt(np.maximum(count, 1))
    return np.where(count == 0, np.random.default_rng(size).normal(size=size), scaled)


def _of_exchanges(table: pa.Table, account: NDArray[np.int64], size: int, told: Bools) -> dict[str, Floats]:
    """Features of an account's exchanges; `told`: exchanges of those who send metadata at all."""
    number = {c: table[c].to_numpy().astype(np.float64) for c in ("input_tokens", "cached_tokens", "latency_ms")}
    spent = table["output_tokens"].to_numpy() + table["reasoning_tokens"].to_numpy()
    model = np.searchsorted(MODELS[:2], np.array(table["model"].to_pylist()))
    model = np.where(np.array(table["model"].to_pylist()) == MODELS[2], 2, model)
    prompt, system = (
        pc.call_function("utf8_length", [table[c]]).fill_null(0).to_numpy() for c in ("prompt_text", "system_text")
    )
    served = table["status"].to_numpy() == 200
    delay = np.log(number["latency_ms"] / (250 + spent * MODEL_MS_PER_TOKEN[model]))
    ratio = (number["input_tokens"] - 7.5) / np.maximum(1, prompt + system) * 4
    share = table["reasoning_tokens"].to_numpy() / np.maximum(1, table["output_tokens"].to_numpy())
    first = (table["turn"].to_numpy() == 0) & (prompt + system > LONG)
    cut = np.array(table["finish_reason"].to_pylist()) == "length"
    rows = np.arange(len(table))
    instant = table["ts"].cast("int64").to_numpy()
    found = {
        "fraction of a second": _scaled(instant % 1_000_000, account, size),
        "microsecond": _scaled(instant % 1_000, account, size),
        "row": _scaled(rows % 97, account, size),
        "served": _scaled(served.astype(float), account, size),
        "delay": _scaled(delay, account, size, served),
        "input tokens": _scaled(ratio, account, size, first),
        "reasoning share": _scaled(share, account, size, served & (model != 1) & (spent > 50)),
        "cached": _scaled((number["cached_tokens"] > 0).astype(float), account, size, system > 40),
        "cut": _scaled(cut.astype(float), account, size, served),
    }
    for column in ("user_agent", "tls_fingerprint", "params", "ip"):
        found[f"no {column}"] = _scaled(table[column].is_null().to_numpy().astype(float), account, size, told)
    digits = _digits(table["exchange_id"])
    return found | {f"exchange id {i}": _scaled(digits[:, i], account, size) for i in range(digits.shape[1])}


def _of_ids(table: pa.Table, accounts: pa.Table, account: NDArray[np.int64]) -> dict[str, Floats]:
    """Features of what each account has once: its ids, its line in the file, gaps in its row, its time of sign-up."""
    size = accounts.num_rows
    once = np.unique(account, return_index=True)
    keys = np.full((size, 12), 7.5)
    keys[once[0]] = _digits(table["key_id"].take(once[1]))
    names = _digits(accounts["account_id"])
    found = {f"account id {i}": names[:, i] for i in range(16)} | {f"key {i}": keys[:, i] for i in range(12)}
    spoken = np.flatnonzero(table["session_id"].is_valid().to_numpy())
    session, where = np.unique(table["session_id"].take(spoken).to_numpy(zero_copy_only=False), return_index=True)
    digits = _digits(pa.chunked_array([pa.array(session)]))
    found |= {f"session {i}": _scaled(digits[:, i], account[spoken[where]], size) for i in range(16)}
    created = accounts["created_at"].cast("int64").fill_null(1).to_numpy()
    found |= {
        "line": np.arange(size, dtype=float),
        "sign-up within its second": created % 1_000_000,
        "sign-up on the second": (created % 1_000_000 == 0) * 1.0,
    }
    for column in ("created_at", "email_shape", "declared_country", "verification"):
        found[f"no {column}"] = accounts[column].is_null().to_numpy().astype(float)
    return found


def _comparable(count: NDArray[np.int64], guilty: Bools, usable: Bools, rng: np.random.Generator) -> NDArray[np.int64]:
    """Campaign accounts, and for each a few innocent ones with the nearest numbers of exchanges."""
    free = np.flatnonzero(usable & ~guilty)
    chosen = np.flatnonzero(usable & guilty)
    kept = list(chosen)
    for number in rng.permutation(chosen):
        near = np.argsort(np.abs(np.log(count[free] / count[number])), kind="stable")[:INNOCENTS_EACH]
        kept += free[near].tolist()
        free = np.delete(free, near)
    return np.array(kept)


def _sample(pool: PromptPool, folder: Path, seed: int) -> tuple[list[str], Floats, Bools]:
    written = simulate(load_scenario("demo"), folder, seed, pool)
    table = pa.concat_tables([pq.ParquetFile(path).read() for path in sorted(written.exchanges_path.iterdir())])
    accounts = pq.ParquetFile(written.accounts_path).read()
    labels = pq.ParquetFile(written.labels_path / "accounts.parquet").read()
    account = pc.call_function("index_in", [table["account_id"]], pc.SetLookupOptions(accounts["account_id"]))
    account = account.to_numpy().astype(np.int64)
    size = accounts.num_rows
    count = np.bincount(account, minlength=size)
    silent = np.bincount(account, table["user_agent"].is_null().to_numpy(), size) > 0.5 * count
    features = _of_exchanges(table, account, size, ~silent[account]) | _of_ids(table, accounts, account)
    guilty = np.array(labels["operator"].to_pylist()) != ""
    kept = _comparable(count, guilty, (count >= LEAST_EXCHANGES) & ~silent, np.random.default_rng(seed))
    columns = np.column_stack(list(features.values()))[kept]
    return list(features), (columns - columns.mean(0)) / (columns.std(0) + 1e-12), guilty[kept]


@pytest.fixture(scope="module")
def sample(pool: PromptPool, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Floats, Bools]:
    """Features of comparable accounts of two simulations, in random order."""
    folder = tmp_path_factory.mktemp("blur")
    parts = [_sample(pool, folder / str(seed), seed) for seed in SEEDS]
    features, guilty = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
    order = np.random.default_rng(1).permutation(len(guilty))
    return parts[0][0], features[order], guilty[order]


def _logistic(features: Floats, guilty: Bools) -> Callable[[Floats], Floats]:
    """Ridge logistic regression by Newton's method."""
    wide = np.column_stack([features, np.ones(len(features))])
    weights = np.zeros(wide.shape[1])
    for _ in range(12):
        likely = 1 / (1 + np.exp(-wide @ weights))
        slope = wide.T @ (guilty - likely) - weights
        bend = (wide * (likely * (1 - likely))[:, None]).T @ wide + np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return lambda x: np.column_stack([x, np.ones(len(x))]) @ weights


def _stumps(features: Floats, guilty: Bools) -> Callable[[Floats], Floats]:
    """Sixty boosted stumps: each splits one column where the classes, so far misjudged, differ most."""
    edges = np.quantile(features, np.linspace(0.1, 0.9, 9), axis=0)
    above = (features[None] > edges[:, None]).astype(np.float64)
    score = np.full(len(guilty), np.log(guilty.mean() / (1 - guilty.mean())))
    chosen: list[tuple[int, float, float]] = []
    for _ in range(60):
        residue = guilty - 1 / (1 + np.exp(-score))
        gain = np.einsum("ers,r->es", above, residue) - above.mean(1) * residue.sum()
        spread = np.sqrt(above.mean(1) * (1 - above.mean(1)) + 1e-3)
        edge, column = np.unravel_index(np.argmax(np.abs(gain) / spread), gain.shape)
        step = 0.3 * np.sign(gain[edge, column])
        chosen.append((int(column), float(edges[edge, column]), float(step)))
        score += step * (above[edge, :, column] - 0.5)
    return lambda x: sum((s * (x[:, c] > e) for c, e, s in chosen), np.zeros(len(x)))


def _found(learn: Callable[[Floats, Bools], Callable[[Floats], Floats]], features: Floats, guilty: Bools) -> float:
    """How many standard errors the AUC on the second half, learnt on the first, lies above chance."""
    half = len(guilty) // 2
    rank = rankdata(learn(features[:half], guilty[:half])(features[half:]))
    a, b = guilty[half:].sum(), (~guilty[half:]).sum()
    auc = (rank[guilty[half:]].sum() - a * (a + 1) / 2) / (a * b)
    return float((auc - 0.5) / np.sqrt((a + b + 1) / (12 * a * b)))


@pytest.mark.parametrize("learn", [_logistic, _stumps])
def test_metadata_that_should_carry_nothing_carries_nothing(
    sample: tuple[list[str], Floats, Bools], learn: Callable[..., Callable[[Floats], Floats]]
) -> None:
    """Learnt on half of the accounts, a classifier is within three standard errors of chance on the others."""
    _, features, guilty = sample
    assert abs(_found(learn, features, guilty)) < SIGMAS


def test_no_single_column_carries_anything(sample: tuple[list[str], Floats, Bools]) -> None:
    """No column's means differ by more than four standard errors: about the most that eighty chances give."""
    names, features, guilty = sample
    error = np.sqrt(1 / guilty.sum() + 1 / (~guilty).sum())
    distance = (features[guilty].mean(0) - features[~guilty].mean(0)) / error
    assert {n: round(float(d), 1) for n, d in zip(names, distance, strict=True) if abs(d) > 4} == {}


@pytest.mark.parametrize("learn", [_logistic, _stumps])
def test_a_small_leak_would_be_found(
    sample: tuple[list[str], Floats, Bools], learn: Callable[..., Callable[[Floats], Floats]]
) -> None:
    """One column that differs by 0.8 standard deviations is enough to be found."""
    _, features, guilty = sample
    leaking = features.copy()
    leaking[:, 0] += 0.8 * guilty
    assert _found(learn, leaking, guilty) > SIGMAS
