"""An empty ledger in SQLite and, where the program is installed, in a real PostgreSQL started for the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateways import postgres

from stillwatch.ledger import Ledger, open_ledger


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL on loopback, for as long as the tests run."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is in the extra 'gateway'")
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed; apt install postgresql")
    with postgres.postgres() as url:
        yield url


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
