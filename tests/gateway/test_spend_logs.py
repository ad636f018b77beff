"""The table of a LiteLLM proxy in a real PostgreSQL is copied row by row, once, whatever happens in between."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.gateway import spend_logs
from stillwatch.gateway.identity_query import pull_identity
from stillwatch.gateway.spend_logs import pull_spend_logs
from stillwatch.read import Tally, read_exchanges, read_identity
from stillwatch.settings import Settings

pytestmark = pytest.mark.slow
SCHEMA = Path(__file__).parent / "litellm_spend_logs.sql"
SETTLED = timedelta(minutes=15)
Insert = Callable[..., None]


@pytest.fixture
def proxy(postgres_url: str) -> str:
    """A database with the table as LiteLLM's own migrations make it."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as held:
        held.execute("DROP SCHEMA public CASCADE")
        held.execute("CREATE SCHEMA public")
        held.execute(SCHEMA.read_text(encoding="utf-8"))
    return postgres_url


@pytest.fixture
def insert(proxy: str) -> Insert:
    psycopg = pytest.importorskip("psycopg")

    def add(*names: str, minutes_ago: float = 60, **changes: Any) -> None:
        begin = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes_ago)
        row = {
            "call_type": "acompletion", "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
            "startTime": begin, "endTime": begin + timedelta(seconds=1), "model": "atlas-1", "user": "a1",
            "prompt_tokens": 9, "completion_tokens": 4, "request_duration_ms": 1_000,
            "messages": json.dumps([{"role": "user", "content": "Où est 東京?"}]),
        } | changes  # fmt: skip
        columns = ", ".join(f'"{name}"' for name in ["request_id", *row])
        marks = ", ".join(["%s"] * (len(row) + 1))
        with psycopg.connect(proxy, autocommit=True) as held:
            for name in names:
                held.execute(f'INSERT INTO "LiteLLM_SpendLogs" ({columns}) VALUES ({marks})', (name, *row.values()))  # noqa: S608

    return add


def read(folder: Path) -> list[dict[str, Any]]:
    return [row for batch in read_exchanges([folder], Settings(), Tally()) for row in batch.to_pylist()]


def test_rows_are_read_as_exchanges(proxy: str, insert: Insert, tmp_path: Path) -> None:
    insert("r1")
    assert pull_spend_logs(proxy, tmp_path, SETTLED).rows == 1
    (row,) = read(tmp_path)
    assert (row["exchange_id"], row["account_id"], row["prompt_text"]) == ("r1", "a1", "Où est 東京?")
    assert (row["input_tokens"], row["output_tokens"], row["latency_ms"]) == (9, 4, 1_000)
    assert row["key_id"].startswith("88dc28d0")


def test_each_row_is_copied_once_over_pages_and_pulls_even_at_the_same_moment(
    proxy: str, insert: Insert, tmp_path: Path
) -> None:
    moment = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
    insert(*(f"r{n}" for n in range(7)), startTime=moment)
    first = pull_spend_logs(proxy, tmp_path, SETTLED, page_rows=3)
    assert (first.rows, first.files) == (7, 3)
    assert pull_spend_logs(proxy, tmp_path, SETTLED, page_rows=3).rows == 0
    insert("r8", "r9", startTime=moment)
    assert pull_spend_logs(proxy, tmp_path, SETTLED, page_rows=3).rows == 2
    assert sorted(row["exchange_id"] for row in read(tmp_path)) == [f"r{n}" for n in (*range(7), 8, 9)]


def test_rows_wait_until_earlier_ones_have_been_written(proxy: str, insert: Insert, tmp_path: Path) -> None:
    """A long request is logged when it ends, under the time when it began."""
    insert("young", minutes_ago=1)
    assert pull_spend_logs(proxy, tmp_path, SETTLED).rows == 0
    insert("late", minutes_ago=10)
    assert pull_spend_logs(proxy, tmp_path, timedelta(0)).rows == 2


def test_a_pull_that_is_killed_is_done_again(
    proxy: str, insert: Insert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert("r1", "r2", "r3")
    write = spend_logs.write_whole

    def killed(path: Path, content: bytes) -> None:
        if path.name == spend_logs._PLACE:
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(spend_logs, "write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            pull_spend_logs(proxy, tmp_path, SETTLED)
    pull_spend_logs(proxy, tmp_path, SETTLED)
    assert sorted(row["exchange_id"] for row in read(tmp_path)) == ["r1", "r2", "r3"]


def test_a_key_in_clear_is_never_written(proxy: str, insert: Insert, tmp_path: Path) -> None:
    """LiteLLM has logged raw keys (BerriAI/litellm#30736); they are hashed as it hashes them."""
    insert("r1", api_key="sk-1234")
    pull_spend_logs(proxy, tmp_path, SETTLED)
    assert "sk-1234" not in "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.jsonl"))
    assert read(tmp_path)[0]["key_id"] == "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"


def test_a_database_that_cannot_be_read_is_one_sentence(proxy: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        pull_spend_logs("postgresql://127.0.0.1:1/x", tmp_path, SETTLED)
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(proxy, autocommit=True) as held:
        held.execute('DROP TABLE "LiteLLM_SpendLogs"')
    with pytest.raises(InputError, match="UndefinedTable"):
        pull_spend_logs(proxy, tmp_path, SETTLED)


def test_a_damaged_note_of_the_last_row_is_said(proxy: str, tmp_path: Path) -> None:
    (tmp_path / spend_logs._PLACE).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="delete it"):
        pull_spend_logs(proxy, tmp_path, SETTLED)


QUERY = """
SELECT k.token AS key_id, COALESCE(k.user_id, k.token) AS account_id, COALESCE(k.organization_id, k.team_id) AS org_id,
       split_part(u.user_email, '@', 2) AS email_domain, u.created_at
FROM "LiteLLM_VerificationToken" k LEFT JOIN "LiteLLM_UserTable" u USING (user_id)
"""
KEYS = """
CREATE TABLE "LiteLLM_VerificationToken" (token text, user_id text, organization_id text, team_id text);
CREATE TABLE "LiteLLM_UserTable" (user_id text, user_email text, created_at timestamp);
INSERT INTO "LiteLLM_VerificationToken" VALUES ('k1', 'u1', NULL, 't1'), ('k2', NULL, NULL, NULL);
INSERT INTO "LiteLLM_UserTable" VALUES ('u1', 'ann@example.com', '2026-01-05');
"""


def test_a_query_of_the_operator_says_who_stands_behind_keys(proxy: str, insert: Insert, tmp_path: Path) -> None:
    """The file it makes joins what was pulled: key to account, organisation and e-mail."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(proxy, autocommit=True) as held:
        held.execute(KEYS)
    insert("r1", api_key="k1", user="")
    pull_spend_logs(proxy, tmp_path / "logs", SETTLED)
    assert pull_identity(proxy, QUERY, tmp_path / "who.jsonl") == 2
    who = read_identity(tmp_path / "who.jsonl", Settings(), Tally())
    (batch,) = read_exchanges([tmp_path / "logs"], Settings(), Tally())
    (row,) = who.identify(batch).to_pylist()
    assert (row["account_id"], row["org_id"]) == ("u1", "t1")
    assert [row["email_domain"] for row in who.rows.to_pylist()] == ["example.com", None]


@pytest.mark.parametrize(
    ("query", "kind", "told"),
    [
        ("SELECT 1 AS key_id", UsageError, "no column account_id"),
        ("SELECT 1 AS account_id, 2 AS shoe_size", UsageError, "shoe_size"),
        ("SELEKT", InputError, "SyntaxError"),
        ('DELETE FROM "LiteLLM_SpendLogs" RETURNING request_id AS account_id', InputError, "ReadOnlySqlTransaction"),
    ],
)
def test_a_query_that_says_nobody_or_writes_is_refused(
    proxy: str, tmp_path: Path, query: str, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        pull_identity(proxy, query, tmp_path / "who.jsonl")
    assert list(tmp_path.iterdir()) == []
