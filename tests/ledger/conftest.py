"""An empty ledger in SQLite and, where the program is installed, in a real PostgreSQL started for the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.ledger import Ledger, open_ledger


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL on loopback, for as long as the tests run."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is in the extra 'gateway'")
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; apt install postgresql")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="stillwatch-postgres-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    place, options = str(folder / "cluster"), f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run(
        [*as_user, programs / "initdb", "-D", place, "-A", "trust", "-U", "postgres"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    begin = [*as_user, programs / "pg_ctl", "-D", place, "-w", "-o", options, "-l", str(folder / "log"), "start"]
    subprocess.run(begin, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    subprocess.run([*as_user, programs / "pg_ctl", "-D", place, "-m", "immediate", "stop"], check=True, cwd=folder)
    shutil.rmtree(folder)


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
