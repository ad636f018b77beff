"""The result folder: eight files, whole or not at all, equal for equal input."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch import tables
from stillwatch.errors import UsageError
from stillwatch.report import check_writable, write_scan
from stillwatch.schemas import arrow_schema
from stillwatch.types import Scan

NAMES = [
    "campaigns.json",
    "members.parquet",
    "exchanges.parquet",
    "indicators.json",
    "coverage.json",
    "report.html",
    "groups_tested.parquet",
    "group_tests.parquet",
    "accounts_tested.parquet",
]


def test_the_promised_files_are_written(scan: Scan, tmp_path: Path) -> None:
    """Exactly the nine of the contract, into a folder that is made when it is missing."""
    out = tmp_path / "deep" / "out"
    written = write_scan(scan, out, None)
    assert [p.name for p in written] == NAMES
    assert sorted(p.name for p in out.iterdir()) == sorted(NAMES)


def test_equal_scans_give_equal_bytes(hostile_scan: Scan, tmp_path: Path) -> None:
    """No clock, no random name, no order of a set enters a file."""
    first = [p.read_bytes() for p in write_scan(hostile_scan, tmp_path / "a", None)]
    second = [p.read_bytes() for p in write_scan(hostile_scan, tmp_path / "b", None)]
    assert first == second


def test_an_unlisted_exchange_is_not_a_silent_zero(scan: Scan, tmp_path: Path) -> None:
    """Without a stream the exchanges file is empty, and campaigns.json says that it was not made."""
    empty = pa.RecordBatch.from_pylist([], schema=arrow_schema(tables.TAKEN))
    for taken, listed in ((None, False), ([empty], True)):
        write_scan(scan, tmp_path, taken)
        assert json.loads((tmp_path / "campaigns.json").read_text())["exchanges_listed"] is listed


def test_whether_a_report_can_be_written_shows_before_and_leaves_nothing(tmp_path: Path) -> None:
    """Where it could: no folder is made. Under a file it cannot, as `write_scan` would say."""
    check_writable(tmp_path / "deep/out")
    check_writable(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file/deep/out"):
        with pytest.raises(UsageError, match=r"cannot be written to \(Not a directory\); give another folder"):
            check_writable(out)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_fault_half_way_leaves_the_old_result(scan: Scan, tmp_path: Path) -> None:
    """When the stream breaks, the files of the last run stand untouched and no half file is left."""
    before = {p.name: p.read_bytes() for p in write_scan(scan, tmp_path, None)}

    def breaking() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist([], schema=arrow_schema(tables.TAKEN))
        raise RuntimeError("the engine stopped")

    with pytest.raises(RuntimeError):
        write_scan(scan, tmp_path, breaking())
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_file_in_the_place_of_the_folder_is_the_users_mistake(scan: Scan, tmp_path: Path) -> None:
    """The message says what and how to mend it."""
    blocked = tmp_path / "out"
    blocked.write_text("")
    with pytest.raises(UsageError, match="give another folder with --out"):
        write_scan(scan, blocked, None)
