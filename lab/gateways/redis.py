"""A real Redis on loopback, for as long as a block runs.

In: nothing. Out: its URL. Needs: `apt install redis-server`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways import own


def program() -> str | None:
    """The program, on the path."""
    return shutil.which("redis-server")


@contextmanager
def redis() -> Iterator[str]:
    """Start it, without files."""
    port = own.free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [program() or "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        with own.started(command, port, Path(folder) / "redis.log"):
            yield f"redis://127.0.0.1:{port}/0"
