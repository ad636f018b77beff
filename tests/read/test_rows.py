import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}


def line(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode() + b"\n"


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-03T12:00:00Z",
        "2026-02-03 12:00:00",
        "2026-02-03T13:00:00+01:00",
        1770120000,
        1770120000.0,
        1770120000000,
        1770120000000000,
        1770120000000000000,
        "1770120000",
        "1770120000.0",
    ],
)
def test_a_time_is_read_in_every_common_notation(read: Read, tmp_path: Path, written: object) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(line(ts=written))
    rows, _ = read(path)
    assert rows[0]["ts"] == NOON


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json\n", "not valid JSON"),
        (b"[1]\n", "not a JSON object"),
        (b'{"exchange_id": "\xff"}\n', "not valid JSON"),
        (line(account_id=""), "required column account_id has no value"),
        (line(model=None), "required column model has no value"),
        (line(ts="yesterday"), "column ts holds a str that is no timestamp"),
        (line(ts=12), "column ts holds a int that is no timestamp"),
        (line(turn="abc"), "column turn holds a str that is no int32"),
        (line(turn=2**40), "column turn holds a int that is no int32"),
        (line(input_tokens=1.5), "column input_tokens holds a float that is no int64"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"\n", "not valid JSON"),
    ],
)
def test_a_bad_row_is_quarantined_with_file_row_and_reason(read: Read, tmp_path: Path, bad: bytes, reason: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(line() + bad + line(exchange_id="e2"))
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e1", "e2"]
    assert [(q.file, q.row) for q in tally.quarantined] == [(str(path), 2)]
    assert reason in tally.quarantined[0].reason


def test_a_reason_never_echoes_content(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(line() + line(turn="SECRET-canary", prompt_text="SECRET-canary") + b'{"SECRET-canary"\n')
    _, tally = read(path)
    assert tally.rows_quarantined == 2
    assert "SECRET" not in str(tally.quarantined)


def test_a_row_beyond_the_limit_is_skipped_without_being_stored(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as file:
        file.write(line())
        file.write(b'{"exchange_id": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n')
        file.write(line(exchange_id="e2"))
    tally = Tally()
    tracemalloc.start()
    rows = sum(batch.num_rows for batch in read_exchanges([path], Settings(row_limit_bytes=1_000_000), tally))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 2
    assert [q.row for q in tally.quarantined] == [2]
    assert peak < 20_000_000


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_compressed_logs_are_read_by_content(read: Read, tmp_path: Path, ending: str) -> None:
    content = line() + line(exchange_id="e2")
    packed = {"": content, ".gz": gzip.compress(content), ".zst": zstandard.compress(content)}[ending]
    path = tmp_path / f"log.jsonl{ending}"
    path.write_bytes(packed + (packed if ending else b""))
    rows, _ = read(path)
    assert {row["exchange_id"] for row in rows} == {"e1", "e2"}
    assert len(rows) == (4 if ending else 2)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("lines", [2_000, 40_000])
def test_a_cut_stream_keeps_the_rows_before_the_cut(read: Read, tmp_path: Path, pack, lines: int) -> None:
    content = b"".join(line(exchange_id=f"e{i}", prompt_text=f"{i * 7919 % 10007}" * 50) for i in range(lines))
    packed = pack(content)
    path = tmp_path / "log.jsonl"
    path.write_bytes(packed[: len(packed) // 2])
    rows, tally = read(path)
    assert lines // 40 < len(rows) < lines
    assert tally.rows_quarantined == 1
    assert tally.quarantined[0].row == len(rows) + 1
    assert "damaged or ends early" in tally.quarantined[0].reason


def test_a_bomb_is_streamed_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(line() + b"0" * 300_000_000 + b"\n" + line(exchange_id="e2")))
    tally = Tally()
    tracemalloc.start()
    rows = sum(batch.num_rows for batch in read_exchanges([path], Settings(), tally))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (rows, tally.rows_quarantined) == (2, 1)
    assert peak < 200_000_000


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_like_lines(read: Read, tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps([GOOD | {"prompt_text": 'a "}" ]\\'}, GOOD | {"exchange_id": "e2"}], indent=indent))
    rows, tally = read(path)
    assert [(row["exchange_id"], row["prompt_text"]) for row in rows] == [("e1", 'a "}" ]\\'), ("e2", None)]
    assert tally.rows_quarantined == 0


def test_objects_over_several_lines_are_read_and_a_broken_end_is_quarantined(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(GOOD, indent=2) + "\n" + json.dumps(GOOD | {"exchange_id": "e2"}, indent=2)[:-3])
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e1"]
    assert tally.rows_quarantined == 1


def test_unused_columns_are_named(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(line(tenant_colour="blue"))
    _, tally = read(path)
    assert tally.notes() == ("columns read but not used: tenant_colour",)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(None), st.binary(max_size=40).filter(lambda b: b"\n" not in b and b.strip())), max_size=30
    )
)
def test_good_rows_come_out_and_bad_ones_are_counted(tmp_path_factory, mixture: list[bytes | None]) -> None:
    path = tmp_path_factory.mktemp("mixed") / "log.jsonl"
    content = [line(exchange_id=f"e{i}") if row is None else row + b"\n" for i, row in enumerate(mixture)]
    path.write_bytes(line(exchange_id="first") + b"".join(content))
    tally = Tally()
    read_rows = sum(batch.num_rows for batch in read_exchanges([path], Settings(), tally))
    bad = sum(1 for row in mixture if row is not None and row.removesuffix(b"\r").strip())
    assert read_rows == 1 + sum(row is None for row in mixture)
    assert tally.rows_quarantined == bad


def test_a_log_that_begins_with_a_bad_line_is_still_a_log(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"2026-02-03 INFO rotated, next file\n" + line())
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e1"]
    assert [q.row for q in tally.quarantined] == [1]


def test_a_mark_of_byte_order_is_dropped(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line())
    assert read(path)[0][0]["exchange_id"] == "e1"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bytes(range(256)) * 8, "neither Parquet, CSV"),
        ("exchange_id".encode("utf-16"), "UTF-16"),
        (b"\x1f\x8bnot gzip", "damaged or ends early"),
        (b"Just some prose. And more of it!\n", "neither Parquet, CSV"),
        (b"prose;ts;account_id\n1;2;3\n", "between semicolons; write it with commas"),
        (b"prose\tts\taccount_id\n1\t2\t3\n", "between tabs"),
        (gzip.compress(gzip.compress(line())), "packed twice; unpack it once"),
        (b"PK\x03\x04prose", "ZIP archive or a workbook"),
        (b"prose".ljust(257, b"\0") + b"ustar\x0000", "tar archive; unpack it"),
        (b"SQLite format 3\0prose", "database of SQLite"),
    ],
)
def test_a_file_of_no_known_format_is_refused_without_echoing_it(
    read: Read, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told) as fault:
        read(path)
    assert "prose" not in str(fault.value)


def test_one_endless_line_is_a_fault_and_no_silence(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"exchange_id": "' + b"x" * 300_000)
    rows, tally = read(path, settings=Settings(row_limit_bytes=10_000))
    assert rows == []
    assert [q.row for q in tally.quarantined] == [1]


def test_memory_follows_the_batch_and_not_the_file(tmp_path: Path) -> None:
    """Four times the rows take no more memory, and fat rows come in batches of few."""
    peaks = []
    for count in (800, 3_200):
        path = tmp_path / f"{count}.jsonl"
        path.write_bytes(b"".join(line(exchange_id=f"e{i}", prompt_text="x" * 50_000) for i in range(count)))
        tracemalloc.start()
        sizes = [batch.num_rows for batch in read_exchanges([path], Settings(), Tally())]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert max(sizes) < 400  # of 50 kB
        assert sum(sizes) == count
    assert peaks[1] < 1.3 * peaks[0]
