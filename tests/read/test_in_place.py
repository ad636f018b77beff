"""Tables read where they lie: rows are checked as those of a file are, and a database's faults are told plainly."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally, is_database, read_database, read_map, read_table, shown_url, used_columns
from stillwatch.settings import Settings

MOMENT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MAP = """
[columns]
exchange_id = "id"
ts = "at"
account_id = "who"
model = "model"
"""


def batch(*names: str) -> pa.RecordBatch:
    rows = {"exchange_id": list(names), "ts": [MOMENT] * len(names), "account_id": ["a"] * len(names)}
    return pa.RecordBatch.from_pydict(rows | {"model": ["m"] * len(names), "unknown": [1] * len(names)})


def test_rows_of_a_table_are_those_of_a_file() -> None:
    tally = Tally()
    rows = [
        row for b in read_table([batch("x", "y"), batch("z")], "lake.t", Settings(), tally) for row in b.to_pylist()
    ]
    assert [row["exchange_id"] for row in rows] == ["x", "y", "z"]
    assert rows[0]["ts"] == MOMENT
    assert (tally.rows_read, tally.values["account_id"]) == (3, 3)


def test_a_row_that_does_not_fit_is_named_by_table_and_number() -> None:
    tally = Tally()
    bad = batch("x", "y", "z").set_column(2, "account_id", pa.array(["a", None, "c"]))
    kept = list(read_table([batch("w"), bad], "lake.t", Settings(), tally))
    assert sum(b.num_rows for b in kept) == 3
    assert [(fault.file, fault.row) for fault in tally.quarantined] == [("lake.t", 3)]


def test_a_table_without_a_required_column_says_which() -> None:
    with pytest.raises(InputError, match=r"lake\.t: has no column model; it has: .*--map"):
        list(read_table([batch("x").drop_columns(["model"])], "lake.t", Settings(), Tally()))


def test_a_column_map_names_the_columns_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    rows = pa.RecordBatch.from_pydict({"id": ["x"], "at": [MOMENT], "who": ["a"], "model": ["m"]})
    found = list(read_table([rows], "lake.t", Settings(), Tally(), read_map(tmp_path / "map.toml")))
    assert [row["account_id"] for b in found for row in b.to_pylist()] == ["a"]


def test_only_declared_columns_are_read_unless_a_map_may_need_others() -> None:
    have = ["exchange_id", "ts", "account_id", "model", "cost", "reply_text"]
    assert used_columns(have, mapped=False) == have[:4]
    assert used_columns(have, mapped=True) == have
    assert used_columns(["id", "cost"], mapped=False) == ["id", "cost"]


def test_a_url_is_shown_without_its_secrets() -> None:
    url = "clickhouse://watch:secret@lake:8123/llm/exchanges?password=secret"
    assert shown_url(url) == "clickhouse://lake:8123/llm/exchanges"
    assert is_database(url)
    assert not is_database("lake.llm.exchanges")


@pytest.mark.parametrize("url", ["oracle://lake/llm/exchanges", "clickhouse://lake", "clickhouse://lake/llm/"])
def test_a_url_that_names_no_table_says_what_does(url: str) -> None:
    with pytest.raises(InputError, match=r"no such table; a URL begins with clickhouse://, bigquery://"):
        list(read_database(url, Settings(), Tally()))
