from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.read import Tally, read_exchanges
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]


def read_all(*paths: Path, settings: Settings | None = None) -> tuple[list[dict[str, Any]], Tally]:
    """Read logs to the end and give their rows and the tally."""
    tally = Tally()
    batches: Sequence[pa.RecordBatch] = list(read_exchanges(paths, settings or Settings(), tally))
    rows = pa.Table.from_batches(batches, arrow_schema(EXCHANGES)).to_pylist()
    assert len(rows) == tally.rows_read
    return rows, tally


@pytest.fixture(scope="session")
def read() -> Read:
    return read_all
