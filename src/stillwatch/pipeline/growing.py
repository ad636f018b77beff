"""A log as a detector sees it: without labels, and cut at a moment.

In: a simulated log. Out: folders with `exchanges/` and `accounts.parquet` only.
"""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def without_labels(log: Path, seen: Path) -> Path:
    """Give the whole log in another folder, by links where the disk allows; nothing in it leads to the labels."""
    (seen / "exchanges").mkdir(parents=True)
    for path in (*sorted((log / "exchanges").iterdir()), log / "accounts.parquet"):
        _link(path, seen / path.relative_to(log))
    return seen


def cut(log: Path, until: int, seen: Path) -> Path:
    """Give the log as it was at a moment: no later exchange, no account opened later, no closure that was to come."""
    (seen / "exchanges").mkdir(parents=True)
    for path in sorted((log / "exchanges").iterdir()):
        rows = pq.read_table(path)
        rows = rows.filter(pc.less_equal(rows["ts"].cast(pa.int64()), until))
        if len(rows):
            pq.write_table(rows, seen / "exchanges" / path.name, compression="zstd")
    accounts = pq.read_table(log / "accounts.parquet")
    opened = pc.fill_null(pc.less_equal(accounts["created_at"].cast(pa.int64()), until), fill_value=True)
    accounts = accounts.filter(opened)
    closed = pc.fill_null(pc.less_equal(accounts["closed_at"].cast(pa.int64()), until), fill_value=False)
    for name in ("closed_at", "closed_reason"):
        field = accounts.schema.field(name)
        known = pc.if_else(closed, accounts[name], pa.scalar(None, field.type))
        accounts = accounts.set_column(accounts.schema.get_field_index(name), field, known)
    pq.write_table(accounts, seen / "accounts.parquet")
    return seen


def _link(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)
