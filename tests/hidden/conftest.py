"""Accounts to judge."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.hidden.population import Population, population
from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]


@pytest.fixture
def accounts() -> Accounts:
    """Make a population of rows; ids count up as a0, a1, ..."""

    def build(rows: Iterable[Mapping[str, Any]]) -> Population:
        schema = arrow_schema(ACCOUNTS).append(pa.field("country", pa.string()))
        filled = [{"account_id": f"a{place}", **row} for place, row in enumerate(rows)]
        return population(pa.Table.from_pylist(filled, schema))

    return build
