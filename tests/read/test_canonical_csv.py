import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}


def as_csv(*rows: dict[str, object]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_csv_keeps_line_breaks_quotes_and_control_characters_inside_their_field(read: Read, tmp_path: Path) -> None:
    prompt = 'line one\nline "two"\twith \x1b[31mred\x1b[0m and \u202eturned'
    path = tmp_path / "log.csv"
    path.write_text(as_csv(GOOD | {"prompt_text": prompt, "tools": "search,calc"}), newline="")
    rows, tally = read(path)
    assert rows[0]["prompt_text"] == prompt.replace("\r", "")
    assert rows[0]["tools"] == ["search", "calc"]
    assert tally.rows_quarantined == 0


def test_a_csv_row_with_too_few_fields_is_quarantined(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv(GOOD) + "only,two\r\n" + as_csv(GOOD | {"exchange_id": "e2"}).split("\n", 1)[1])
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e1", "e2"]
    assert tally.quarantined[0].row == 2


def test_a_csv_field_that_is_no_utf8_is_quarantined(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"exchange_id,ts,account_id,model\ne1,1770120000,a\xff,m\ne2,1770120000,a,m\n")
    rows, tally = read(path)
    assert [row["exchange_id"] for row in rows] == ["e2"]
    assert [fault.reason for fault in tally.quarantined] == [
        "column account_id holds bytes that are no UTF-8; write the file as UTF-8"
    ]


@pytest.mark.parametrize("nothing", ["NULL", "null", r"\N", "None", "NaN", "nan", ""])
def test_what_a_database_writes_for_no_value_is_none(read: Read, tmp_path: Path, nothing: str) -> None:
    """Accounts without an organisation must not share one that is called NULL; inside a text the word is a word."""
    path = tmp_path / "log.csv"
    unknown = {"org_id": nothing, "output_tokens": nothing, "prompt_text": f"what is {nothing}?"}
    path.write_text(as_csv(GOOD | unknown, GOOD | {"account_id": nothing} | unknown))
    rows, tally = read(path)
    assert [(row["org_id"], row["output_tokens"], row["prompt_text"]) for row in rows] == [
        (None, None, f"what is {nothing}?")
    ]
    assert [fault.reason for fault in tally.quarantined] == ["required column account_id has no value"]


def test_a_missing_column_is_named_with_those_there_are(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("exchange_id,ts,model\n1,2,3\n")
    with pytest.raises(InputError, match=r"log\.csv: has no column account_id; it has: exchange_id, ts, model"):
        read(path)


def test_line_breaks_of_any_kind_stay_inside_their_quotes(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b'exchange_id,ts,account_id,model,prompt_text\r\ne1,1770120000,a,m,"x\r\ny\rz\nw\x00"\r\n')
    rows, tally = read(path)
    assert [row["prompt_text"] for row in rows] == ["x\r\ny\rz\nw\x00"]
    assert tally.rows_quarantined == 0


def test_an_open_quote_costs_one_row_limit_at_most(read: Read, tmp_path: Path) -> None:
    """What stands behind the open quote is lost up to the limit; reading goes on there."""
    good = "".join(f"e{i},1770120000,a,m,{'p' * 80}\n" for i in range(200))
    path = tmp_path / "log.csv"
    path.write_text(f'exchange_id,ts,account_id,model,prompt_text\nfirst,1770120000,a,m,"open\n{good}')
    rows, tally = read(path, settings=Settings(row_limit_bytes=2_000))
    assert rows[0]["exchange_id"].startswith("e")
    assert 170 < len(rows) < 200
    assert [q.row for q in tally.quarantined] == [1]
    assert "longer than 2,000 bytes" in tally.quarantined[0].reason


def test_a_line_beyond_the_limit_costs_its_row(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv(GOOD, GOOD | {"account_id": "x" * 5_000}, GOOD | {"exchange_id": "e3"}))
    rows, tally = read(path, settings=Settings(row_limit_bytes=1_000))
    assert [row["exchange_id"] for row in rows] == ["e1", "e3"]
    assert [q.row for q in tally.quarantined] == [2]


def test_a_quote_that_never_closes_is_one_fault(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(as_csv(GOOD) + 'e2,"never closed\n')
    rows, tally = read(path)
    assert (len(rows), tally.rows_quarantined) == (1, 1)
    assert [fault.reason for fault in tally.quarantined] == [
        "not valid CSV: a quote is open since line 3 or out of place"
    ]


def test_a_row_that_swallowed_others_says_which_lines(read: Read, tmp_path: Path) -> None:
    """A quote that never closes, and one that the next stray quote closes."""
    path, good = tmp_path / "log.csv", [f"e{i},1770120000,a,m,hello" for i in range(20)]
    header = "exchange_id,ts,account_id,model,prompt_text"
    stray = 'x,1770120000,a,m,"open'
    path.write_text("\n".join([header, *good[:8], stray, *good[8:]]) + "\n")
    rows, tally = read(path)
    assert (len(rows), tally.rows_quarantined) == (8, 1)
    lost = sum(map(len, (stray, *good[8:])))
    assert tally.quarantined[0].reason == (
        "not valid CSV: a quote is open since line 10 or out of place; "
        f"it swallowed lines 10 to 22: 13 lines, {lost} bytes"
    )
    path.write_text("\n".join([header, good[0], stray, *good[1:4], 'y,1,a,m,z",too,many', *good[4:]]) + "\n")
    rows, tally = read(path)
    assert len(rows) == 17
    assert tally.quarantined[0].reason.startswith("7 fields under 5 columns; it swallowed lines 3 to 7: 5 lines")


def test_a_column_that_stands_twice_is_refused(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("exchange_id,ts,account_id,model,model\n1,2,3,4,5\n")
    with pytest.raises(InputError, match="more than one column model"):
        read(path)


def test_a_mark_of_byte_order_and_an_unnamed_index_are_no_trouble(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xef\xbb\xbfexchange_id,ts,account_id,model,\ne1,1770120000,a,m,0\n")
    rows, _ = read(path)
    assert rows[0]["exchange_id"] == "e1"
