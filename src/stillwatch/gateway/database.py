"""A database of somebody else's, read and never written; and files that are there whole or not at all.

In: the URL of a PostgreSQL. Out: a connection that only reads. Its faults are one sentence each, without values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stillwatch.errors import InputError, UsageError

_PATIENCE_SECONDS = 10


@contextmanager
def reading(url: str, what: str) -> Iterator[Any]:
    """Have a connection whose rows are objects by name.

    Args:    what: is being read, for the error.
    Raises:  UsageError: the driver is not installed. InputError: the database cannot be read.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra
        from psycopg.rows import dict_row  # noqa: PLC0415 - same
    except ImportError as fault:
        raise UsageError("reading a database needs: pip install 'stillwatch[postgres]'") from fault
    try:
        with psycopg.connect(url, connect_timeout=_PATIENCE_SECONDS, row_factory=dict_row) as held:
            held.read_only = True
            yield held
    except psycopg.Error as fault:
        raise InputError(f"{what} cannot be read ({type(fault).__name__})") from fault
