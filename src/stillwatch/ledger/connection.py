"""One face for SQLite and PostgreSQL: a transaction that one writer at a time holds, and rows.

In: a path or a `postgresql://` URL. Out: `Ledger`. SQL here is the part that both speak, with `?` for parameters.
A transaction is durable when it has ended, and as if it never began when the process dies before.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from stillwatch.errors import UsageError

Row = tuple[Any, ...]

_TABLES = """
CREATE TABLE IF NOT EXISTS acts (act_id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, made_by TEXT NOT
  NULL, made_at TEXT NOT NULL, plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decisions (decision_id TEXT NOT NULL, act_id TEXT NOT NULL, entry BIGINT NOT NULL,
  scope TEXT NOT NULL, value TEXT NOT NULL, action TEXT NOT NULL, reason_code TEXT NOT NULL, campaign_id TEXT NOT NULL,
  bits DOUBLE PRECISION NOT NULL, start_at TEXT NOT NULL, end_at TEXT NOT NULL, requests BIGINT NOT NULL,
  message TEXT NOT NULL, approved_by TEXT, approved_at TEXT, state TEXT NOT NULL,
  PRIMARY KEY (act_id, decision_id));
CREATE INDEX IF NOT EXISTS decisions_by_entry ON decisions (entry);
CREATE INDEX IF NOT EXISTS decisions_by_target ON decisions (scope, value);
CREATE TABLE IF NOT EXISTS follow_ups (act_id TEXT NOT NULL, campaign_id TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL, PRIMARY KEY (act_id, campaign_id));
CREATE TABLE IF NOT EXISTS exemptions (scope TEXT NOT NULL, value TEXT NOT NULL, made_by TEXT NOT NULL,
  made_at TEXT NOT NULL, why TEXT NOT NULL, released BIGINT NOT NULL, PRIMARY KEY (scope, value));
CREATE TABLE IF NOT EXISTS appeals (appeal_id TEXT PRIMARY KEY, scope TEXT NOT NULL, value TEXT NOT NULL,
  campaign_id TEXT NOT NULL, made_at TEXT NOT NULL, words TEXT NOT NULL, state TEXT NOT NULL, closed_by TEXT,
  closed_at TEXT);
CREATE TABLE IF NOT EXISTS log (entry BIGINT PRIMARY KEY, made_at TEXT NOT NULL, made_by TEXT NOT NULL,
  kind TEXT NOT NULL, act_id TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)
"""

_SQLITE_GUARDS = """
CREATE TRIGGER IF NOT EXISTS log_unchanged BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_kept BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END
"""

_POSTGRES_GUARDS = """
CREATE OR REPLACE FUNCTION log_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;
CREATE OR REPLACE TRIGGER log_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON log
  FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()
"""


class Ledger(Protocol):
    """An open ledger. Reads outside a transaction see what was committed last."""

    def write(self) -> Any:
        """Enter a transaction that one writer at a time holds; what raises inside leaves nothing behind."""
        ...

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        ...

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one statement and give how many rows it touched."""
        ...

    def many(self, sql: str, values: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


def open_ledger(place: str) -> Ledger:
    """Open the ledger at a path or a `postgresql://` URL; an absent one is made.

    Raises:  UsageError: it cannot be opened, or PostgreSQL's driver is not installed.
    """
    return _Postgres(place) if place.startswith(("postgresql://", "postgres://")) else _SQLite(Path(place))


class _SQLite:
    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._held = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._held.execute("PRAGMA journal_mode = WAL")
            self._held.execute("PRAGMA synchronous = FULL")
            self._held.executescript(_TABLES + ";" + _SQLITE_GUARDS)
        except (OSError, sqlite3.Error) as fault:
            raise UsageError(f"{path}: no ledger can be opened there ({fault})") from fault

    @contextmanager
    def write(self) -> Iterator[None]:
        self._held.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._held.execute("ROLLBACK")
            raise
        self._held.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._held.execute(sql, tuple(values)).fetchall()

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        return self._held.execute(sql, tuple(values)).rowcount

    def many(self, sql: str, values: Sequence[Sequence[object]]) -> None:
        self._held.executemany(sql, values)

    def close(self) -> None:
        self._held.close()


class _Postgres:
    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra: only ledgers on PostgreSQL need it
        except ImportError as fault:
            raise UsageError("a ledger on PostgreSQL needs: pip install 'stillwatch[gateway]'") from fault
        try:
            self._held = psycopg.connect(url, autocommit=True, connect_timeout=10)
            with self._held.transaction():
                self._held.execute("SELECT pg_advisory_xact_lock(7461)")
                for statement in (*_TABLES.split(";"), _POSTGRES_GUARDS):
                    self._held.execute(statement.encode())
        except psycopg.Error as fault:
            raise UsageError(f"the ledger's database cannot be used ({type(fault).__name__})") from fault

    @contextmanager
    def write(self) -> Iterator[None]:
        with self._held.transaction():
            self._held.execute("SELECT pg_advisory_xact_lock(7462)")
            yield

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        found: list[Row] = self._held.execute(_marked(sql), tuple(values)).fetchall()
        return found

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        return int(self._held.execute(_marked(sql), tuple(values)).rowcount)

    def many(self, sql: str, values: Sequence[Sequence[object]]) -> None:
        with self._held.cursor() as cursor:
            cursor.executemany(_marked(sql), values)

    def close(self) -> None:
        self._held.close()


def _marked(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
