"""An empty ledger in SQLite and, where the program is installed, in a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.ledger import Ledger, open_ledger


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty ledger can be opened: a path or a URL."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.sqlite")
    url: str = request.getfixturevalue("postgres_url")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(url, autocommit=True) as held:
        held.execute("DROP SCHEMA public CASCADE")
        held.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An open, empty ledger."""
    held = open_ledger(place)
    yield held
    held.close()
