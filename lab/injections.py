"""Hostile characters in every field of every format: they stay inside their field, and reach no reader as a command.

Usage: lab/injections.py [OUT.md]. Read: of each format, the texts that come back as they went in, of those the format
carries; a row more or less, or a field that changed, is named. Shown: the same texts as a terminal, a page and a
spreadsheet get them. Invalid UTF-8 is written as raw bytes and must cost its row, no other.
"""

import csv
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from format_samples import ROWS
from formats.gateways import WRITERS
from formats.telemetry import DIALECTS, document

from stillwatch.read import Tally, read_exchanges
from stillwatch.report.clean import visible
from stillwatch.report.page.markup import element
from stillwatch.report.spreadsheet import cell
from stillwatch.settings import Settings

HOSTILE: Mapping[str, str] = {
    "CR and LF": "a\r\nb\nc\rd",
    "ANSI escape": "\x1b[31mred\x1b]0;title\x07",
    "NUL": "nul\x00nul",
    "bidi": "\u202egnp.exe\u2066x\u2069",
    "invisible": "a\u200bb\ufeffc\u00add",
    "JSON and HTML": '"},{"account_id":"x</script><img src=x onerror=1>',
    "CSV quotes": '",\r\n"x","=1+1',
    "formula": '=HYPERLINK("http://x","y")',
    "formula behind space": " \t@SUM(A1)",
    "formula, full width": "＝1+1",  # noqa: RUF001 - that is the attack
    "negative number": "-12.5",
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
}
FIELDS = ("prompt_text", "user_agent", "session_id")
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u200b-\u200f\ufeff\u00ad]")
Row = Mapping[str, Any]


def attacked(text: str) -> list[Row]:
    return [{**ROWS[0], **dict.fromkeys(FIELDS, text)}, ROWS[1]]


def logs(rows: list[Row], folder: Path) -> Iterator[tuple[str, Path]]:
    plain = [{name: str(value) if name == "ts" else value for name, value in row.items()} for row in rows]
    lines = folder / "log.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in plain), encoding="utf-8")
    yield "canonical JSON lines", lines
    sheet = folder / "log.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows({**row, "tools": json.dumps(row["tools"]) if row["tools"] else ""} for row in plain)
    yield "canonical CSV", sheet
    packed = folder / "log.parquet"
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), packed)
    yield "canonical Parquet", packed
    for name, records in WRITERS.items():
        documents = [one for row in rows for one in records(row)]
        lines.write_text("".join(json.dumps(one, default=str) + "\n" for one in documents), encoding="utf-8")
        yield name, lines
    for name, spans in DIALECTS.items():
        documents = [document(row, spans(row)) for row in rows]
        lines.write_text("".join(json.dumps(one, default=str) + "\n" for one in documents), encoding="utf-8")
        yield name, lines


def read(path: Path) -> list[dict[str, Any]]:
    return [row for batch in read_exchanges([path], Settings(), Tally()) for row in batch.to_pylist()]


def kept(text: str, folder: Path) -> tuple[int, int, list[str]]:
    """Fields that came back as they were, fields the formats carry, and what went wrong."""
    same = carried = 0
    wrong = []
    innocent = {name: read(path) for name, path in logs(attacked("plain words"), folder)}
    for name, path in logs(attacked(text), folder):
        rows = read(path)
        if len(rows) != 2:
            wrong.append(f"{name}: {len(rows)} rows")
            continue
        for field in FIELDS:
            if innocent[name][0][field] == "plain words":
                carried += 1
                same += rows[0][field] == text
                wrong += [] if rows[0][field] == text else [f"{name}.{field}"]
    return same, carried, wrong


def shown(text: str) -> tuple[str, str, str]:
    on_terminal = "nothing unseen" if not UNSEEN.search(visible(text)) else "ESCAPES"
    page = str(element("td", text))
    on_page = "text" if re.fullmatch(r"<td>[^<]*</td>", page) and not UNSEEN.search(page) else "MARKUP"
    sheet = io.StringIO()
    csv.writer(sheet, quoting=csv.QUOTE_NONNUMERIC).writerow((cell(text), 1))
    (fields,) = csv.reader(io.StringIO(sheet.getvalue(), newline=""))
    number = re.fullmatch(r"-?\d+([.,]\d+)?", fields[0])
    formula = fields[0].lstrip()[:1] in tuple("=+-@|%") and not number
    return on_terminal, on_page, "number" if number else "FORMULA" if formula else "text"


def invalid_utf8(folder: Path) -> str:
    path = folder / "log.jsonl"
    good = b'{"exchange_id":"%s","ts":1770120000,"account_id":"a","model":"m","prompt_text":"%s"}\n'
    path.write_bytes(good % (b"e1", b"x") + good % (b"e2", b"\xff\xfe\xed\xa0\x80") + good % (b"e3", b"x"))
    tally = Tally()
    rows = [row for batch in read_exchanges([path], Settings(), tally) for row in batch["exchange_id"].to_pylist()]
    return f"rows read: {', '.join(rows)}; row {tally.quarantined[0].row} is quarantined: {tally.quarantined[0].reason}"


def main(out: Path) -> None:
    lines = [
        "# Hostile characters\n\n`lab/injections.py`: " + f"{', '.join(FIELDS)} in every format the readers know.\n",
        "| characters | fields read as written | of | wrong | terminal | page | spreadsheet |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for told, text in HOSTILE.items():
            same, carried, wrong = kept(text, folder)
            lines.append(f"| {told} | {same} | {carried} | {', '.join(wrong) or 'none'} | {' | '.join(shown(text))} |")
            print(lines[-1], flush=True)
        lines.append(f"\nInvalid UTF-8: {invalid_utf8(folder)}.")
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(lines[-1])


if __name__ == "__main__":
    main(Path([*sys.argv[1:], "lab/results/injections.md"][0]))
