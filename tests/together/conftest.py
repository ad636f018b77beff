"""A small population made of numbers: benign accounts, and operators whose accounts are clones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.profile import FACET_BINS
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import TRAITS
from stillwatch.together import Accounts, Nulls, accounts_of, learn

START = 1_760_000_000
DAY = 86_400
DAYS = 14


@dataclass(frozen=True)
class World:
    accounts: Accounts
    operator: npt.NDArray[np.int64]


Make = Callable[..., World]


def make_world(seed: int, operators: Sequence[int] = (), size: int = 2000, crowd: int = 0) -> World:
    """Draw accounts; the k-th operator (from 1) runs operators[k - 1] of them at 50 exchanges a day each.

    Behind them stands a crowd of another sort: two exchanges an account, all of one kind, no shared value.
    """
    rng = np.random.default_rng(seed)
    operator = np.zeros(size, np.int64)
    order = rng.permutation(size)
    for number, count in enumerate(operators, 1):
        operator[order[:count]], order = number, order[count:]
    clone = operator > 0
    exchanges = np.maximum(1, rng.lognormal(2.0, 1.6, size)).astype(np.int64)
    exchanges[clone] = rng.poisson(50 * DAYS, clone.sum())
    length = np.where(clone, DAYS - rng.uniform(0, 2, size), rng.uniform(0.5, DAYS, size))
    begin = np.where(clone, rng.uniform(0, 1.5, size), rng.uniform(0, DAYS - length))
    first = (START + begin * DAY).astype(np.int64)
    last = np.minimum(first + (length * DAY).astype(np.int64), START + DAYS * DAY)
    facets = {name: _facet(rng, bins, exchanges, operator) for name, bins in FACET_BINS.items()}
    traits = _traits(rng, operator, exchanges)
    if crowd:
        begun = START + rng.integers(0, (DAYS - 1) * DAY, crowd)
        first, last = np.append(first, begun), np.append(last, begun + DAY // 2)
        exchanges, operator = np.append(exchanges, np.full(crowd, 2)), np.append(operator, np.zeros(crowd, np.int64))
        facets = {name: np.vstack([part, _alike(crowd, part.shape[1])]) for name, part in facets.items()}
    return World(accounts_of(exchanges, (first, last), facets, [traits], np.arange(len(operator))), operator)


def _alike(accounts: int, bins: int) -> npt.NDArray[np.float32]:
    counts = np.zeros((accounts, bins), np.float32)
    counts[:, 0] = 2
    return counts


def _facet(
    rng: np.random.Generator, bins: int, exchanges: npt.NDArray[np.int64], operator: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    shares = rng.dirichlet(np.full(bins, 0.5), len(exchanges))
    for number in range(1, operator.max() + 1):
        shares[operator == number] = np.random.default_rng(number).dirichlet(np.full(bins, 0.5))
    return rng.multinomial(exchanges, shares).astype(np.float32)


def _traits(rng: np.random.Generator, operator: npt.NDArray[np.int64], exchanges: npt.NDArray[np.int64]) -> pa.Table:
    size, clone = len(operator), operator > 0

    def popular(values: int) -> npt.NDArray[np.int64]:
        return np.minimum((1 / rng.uniform(size=size) ** 1.2).astype(np.int64), values)

    def own(values: npt.NDArray[np.int64], choices: int) -> npt.NDArray[np.int64]:
        return np.where(
            clone & (rng.uniform(size=size) < 0.5), 10_000 + 10 * operator + rng.integers(0, choices, size), values
        )

    columns = {
        "client": popular(40),
        "parameters": popular(60),
        "asn": popular(300),
        "email_domain": own(popular(400), 3),
        "email_shape": popular(30),
        "model": popular(5),
        "sign_up": np.where(clone, 500 + 10 * operator + rng.integers(0, 4, size), rng.integers(0, 400, size)),
        "scaffold": np.where(
            clone, 700 + operator, np.where(rng.uniform(size=size) < 0.3, rng.integers(0, 60, size), -1)
        ),
    }
    parts = []
    for kind, values in columns.items():
        rows = np.flatnonzero(values >= 0)
        parts.append(
            pa.table(
                [pa.array([kind] * len(rows)), pa.array([f"{v}" for v in values[rows]]), rows, exchanges[rows]],
                schema=arrow_schema(TRAITS),
            )
        )
    return pa.concat_tables(parts)


@pytest.fixture(scope="session")
def world() -> Make:
    return make_world


@pytest.fixture(scope="session")
def nulls() -> Nulls:
    return learn([make_world(seed).accounts for seed in (901, 902)], Settings(), "test population")
