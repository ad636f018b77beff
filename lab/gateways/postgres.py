"""A fresh PostgreSQL on loopback, for as long as a block runs.

In: nothing. Out: its URL. Needs the program: `apt install postgresql`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways import own


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


@contextmanager
def postgres() -> Iterator[str]:
    """Start it, as the user `postgres` where we are root."""
    place, port = programs(), own.free_port()
    if place is None:
        raise FileNotFoundError("PostgreSQL is not installed; apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="stillwatch-postgres-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    cluster, options = str(folder / "cluster"), f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    made = [*as_user, str(place / "initdb"), "-D", cluster, "-A", "trust", "-U", "postgres"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    begin = [*as_user, str(place / "pg_ctl"), "-D", cluster, "-w", "-o", options, "-l", str(folder / "log"), "start"]
    subprocess.run(begin, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        end = [*as_user, str(place / "pg_ctl"), "-D", cluster, "-m", "immediate", "stop"]
        subprocess.run(end, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        shutil.rmtree(folder)
