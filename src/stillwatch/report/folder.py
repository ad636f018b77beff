"""The result folder: nine files, all of them or none.

In: a `Scan` and the stream of taken exchanges. Out: files in a folder, first written under another name and then
renamed, so that a reader never meets half a file. Equal input gives equal bytes.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyarrow as pa

from stillwatch.errors import UsageError
from stillwatch.report.as_json import as_text, campaigns_json, coverage_json
from stillwatch.report.columnar import write_members, write_taken, write_tested
from stillwatch.report.page import html_page
from stillwatch.tables import ACCOUNTS_TESTED, GROUP_TESTS, GROUPS_TESTED
from stillwatch.types import Scan

TESTED = (GROUPS_TESTED, GROUP_TESTS, ACCOUNTS_TESTED)
"""Tables that say how every group and account was judged; `explain` reads them."""

_NOTHING_KNOWN = '{"version": 1, "campaigns": []}\n'


def check_writable(out: Path) -> None:
    """See to it, before hours of work, that a report can be written; nothing is left there.

    Raises:  UsageError: the folder cannot be made or written to.
    """
    try:
        there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
        TemporaryDirectory(prefix=".stillwatch-", dir=there).cleanup()
    except OSError as fault:
        raise _unwritable(out, fault) from fault


def write_scan(
    scan: Scan,
    out: Path,
    taken: Iterable[pa.RecordBatch] | None,
    tested: Mapping[str, pa.Table] | None = None,
    indicators: Iterable[str] = (_NOTHING_KNOWN,),
) -> tuple[Path, ...]:
    """Write the result of a run and give the paths written.

    Args:    taken: batches with the columns of `tables.TAKEN`, in an order that does not change between runs; None
             when the run did not list them, which `campaigns.json` then says (`exchanges_listed`).
             tested: rows of `TESTED`, by the name of the table; a table that is absent is written empty;
             indicators: the text of `indicators.json`, piece by piece; asked for when the exchanges are written.
    Raises:  UsageError: the folder cannot be made or written to.
    """
    overview = campaigns_json(scan) | {"exchanges_listed": taken is not None or not scan.campaigns}
    writers: dict[str, Callable[[BinaryIO], object]] = {
        "campaigns.json": lambda sink: sink.write(as_text(overview).encode()),
        "members.parquet": lambda sink: write_members(scan, sink),
        "exchanges.parquet": lambda sink: write_taken(taken or (), sink),
        "indicators.json": lambda sink: sink.writelines(text.encode() for text in indicators),
        "coverage.json": lambda sink: sink.write(as_text(coverage_json(scan.coverage)).encode()),
        "report.html": lambda sink: sink.write(html_page(scan).encode()),
    }
    for declared in TESTED:
        writers[f"{declared.name}.parquet"] = partial(write_tested, declared, (tested or {}).get(declared.name))
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _write_together(out, writers)
    except OSError as fault:
        raise _unwritable(out, fault) from fault


def _unwritable(out: Path, fault: OSError) -> UsageError:
    return UsageError(f"{out}: cannot be written to ({fault.strerror}); give another folder with --out")


def _write_together(out: Path, writers: dict[str, Callable[[BinaryIO], object]]) -> tuple[Path, ...]:
    unfinished = {name: out / f".{name}.{os.getpid()}.partial" for name in writers}
    try:
        for name, write in writers.items():
            with unfinished[name].open("wb") as sink:
                write(sink)
        for name, path in unfinished.items():
            path.replace(out / name)
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)
    return tuple(out / name for name in writers)
