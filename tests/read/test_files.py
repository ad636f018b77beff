import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally, find_accounts, read_accounts, read_identity
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]


def write(path: Path, *ids: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"exchange_id": i, "ts": 1770120000, "account_id": "a", "model": "m"} for i in ids]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_folder_is_read_without_hidden_files_labels_and_accounts(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "b/day1.jsonl", "1", "2")
    write(tmp_path / "a/day2.jsonl", "3")
    for left_out in (".hidden.jsonl", "labels/exchanges.jsonl", "accounts.jsonl", "notes.txt"):
        write(tmp_path / left_out, "never")
    rows, tally = read(tmp_path)
    assert [row["exchange_id"] for row in rows] == ["3", "1", "2"]
    assert len(tally.files) == 2


def report(folder: Path) -> None:
    """As a scan leaves it."""
    for name in ("campaigns.json", "coverage.json", "indicators.json", "report.html"):
        write(folder / name, "never")
    for name in ("members", "exchanges", "groups_tested", "group_tests", "accounts_tested"):
        write(folder / f"{name}.parquet", "never")


def test_what_stillwatch_wrote_among_the_logs_is_no_log_and_is_noted(read: Read, tmp_path: Path) -> None:
    """A report, the state of `watch`, and the gateway's folder."""
    write(tmp_path / "day.jsonl", "1")
    report(tmp_path / "a/stillwatch-out")
    for name in ("made_by", "lock", "parts/x/sketched.parquet", "parts/x/part.json", "counted/y/seen.parquet"):
        write(tmp_path / "kept" / name, "never")
    for name in ("ledger.sqlite", "decisions.snapshot", "indicators.json"):
        write(tmp_path / "gateway" / name, "never")
    write(tmp_path / "gateway/seen/day.jsonl", "2")
    rows, tally = read(tmp_path)
    assert [row["exchange_id"] for row in rows] == ["1", "2"]
    assert tally.notes() == tuple(
        f"{tmp_path / own}: left out, since Stillwatch itself wrote it"
        for own in ("a/stillwatch-out", "gateway", "kept")
    )


def test_logs_beside_a_report_or_a_state_and_folders_that_are_like_them_are_read(read: Read, tmp_path: Path) -> None:
    """`--out .` and `--state .` among the logs; somebody's own campaigns.json, exchanges and parts."""
    report(tmp_path)
    for name in ("made_by", "lock"):
        write(tmp_path / name, "never")
    write(tmp_path / "day.jsonl", "1")
    write(tmp_path / "other/day.jsonl", "2")
    for number, name in enumerate(("campaigns.json", "exchanges.jsonl", "indicators.json", "parts/x.jsonl"), 3):
        write(tmp_path / "own" / name, str(number))
    rows, _ = read(tmp_path)
    assert sorted(row["exchange_id"] for row in rows) == ["1", "2", "3", "4", "5", "6"]


def test_a_report_is_no_log_and_says_so(read: Read, tmp_path: Path) -> None:
    report(tmp_path / "out")
    with pytest.raises(InputError, match="out: no log files in there"):
        read(tmp_path / "out")


def test_a_file_named_twice_is_read_once(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "day.jsonl", "1")
    rows, _ = read(path, tmp_path)
    assert len(rows) == 1


def test_the_fingerprint_does_not_depend_on_names_or_order(read: Read, tmp_path: Path) -> None:
    one, two = write(tmp_path / "x/1.jsonl", "1"), write(tmp_path / "x/2.jsonl", "2")
    three, four = write(tmp_path / "y/1.jsonl", "2"), write(tmp_path / "y/2.jsonl", "1")
    assert read(one, two)[1].fingerprint() == read(three, four)[1].fingerprint()
    assert read(one)[1].fingerprint() != read(two)[1].fingerprint()


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_read_is_an_error_that_names_the_path(read: Read, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)


def test_accounts_beside_the_logs_are_found_and_each_counts_once(tmp_path: Path) -> None:
    logs = write(tmp_path / "logs/day.jsonl", "1")
    path = tmp_path / "logs/accounts.csv"
    path.write_text("account_id,org_id,created_at\na,o1,2025-01-01\nb,,\na,o2,\n,o3,\n")
    assert find_accounts([logs]) == path
    assert find_accounts([logs.parent]) == path
    tally = Tally()
    accounts = read_accounts(path, Settings(), tally)
    assert [(row["account_id"], row["org_id"]) for row in accounts.to_pylist()] == [("a", "o1"), ("b", None)]
    assert tally.rows_quarantined == 1
    assert tally.notes() == ("1 repeated rows of accounts were left out",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "it is empty"),
        ("account_id,org_id\n", "it is empty"),
        ("account_id,org_id\n,o1\n", "first fault: row 1: required column account_id has no value"),
    ],
)
def test_accounts_or_identities_of_nobody_are_an_error(tmp_path: Path, content: str, why: str) -> None:
    """As a log without an exchange is: an export that failed must not be judged by."""
    path = tmp_path / "accounts.csv"
    path.write_text(content)
    for read_file, table in ((read_accounts, "accounts"), (read_identity, "identity")):
        with pytest.raises(InputError, match=rf"accounts\.csv: no row of {table} could be read; {why}"):
            read_file(path, Settings(), Tally())


def test_coverage_counts_empty_strings_as_missing(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [
        {"exchange_id": str(i), "ts": 1770120000, "account_id": "a", "model": "m", "ip": "" if i else "::1"}
        for i in range(4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fractions = read(path)[1].column_fraction()
    assert (fractions["ip"], fractions["model"], fractions["prompt_text"]) == (0.25, 1.0, 0.0)


def test_a_damaged_file_costs_itself_only(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "1")
    (tmp_path / "b.jsonl").write_bytes(b"\x00\x01\x02")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and nothing")
    write(tmp_path / "d.jsonl", "2")
    rows, tally = read(tmp_path)
    assert [row["exchange_id"] for row in rows] == ["1", "2"]
    assert [(Path(q.file).name, q.row) for q in tally.quarantined] == [("b.jsonl", 1), ("c.parquet", 1)]
    assert all(q.reason.startswith("the whole file") for q in tally.quarantined)


def test_only_damaged_files_are_an_error(read: Read, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"\x00\x01\x02")
    with pytest.raises(InputError, match=r"a\.jsonl"):
        read(tmp_path)


def test_an_accounts_file_among_the_logs_named_is_no_log(read: Read, tmp_path: Path) -> None:
    """As a shell gives it: scan logs/*."""
    logs, accounts = write(tmp_path / "day.jsonl", "1"), tmp_path / "accounts.csv.gz"
    accounts.write_bytes(gzip.compress(b"account_id\na\n"))
    rows, _ = read(accounts, logs)
    assert len(rows) == 1
    assert find_accounts([accounts, logs]) == accounts
    assert read_accounts(accounts, Settings(), Tally()).num_rows == 1
