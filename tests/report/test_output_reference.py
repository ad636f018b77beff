"""docs/reference/output.md names every key, column, verdict and target that is written."""

from pathlib import Path
from typing import Any

from stillwatch import tables
from stillwatch.report import scan_json
from stillwatch.report.folder import write_scan
from stillwatch.types import Scan, Target, Verdict

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "output.md"
FREE_KEYS = frozenset({"column_fraction", "account_column_fraction", "exceedance"})  # keyed by columns or by bits


def _keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    if not isinstance(value, dict):
        return set()
    below = (_keys(list(part.values()) if name in FREE_KEYS else part) for name, part in value.items())
    return set(value).union(*below)


def test_every_name_is_documented(scan: Scan, tmp_path: Path) -> None:
    """A key that is not in the reference is no promise."""
    text = REFERENCE.read_text(encoding="utf-8")
    names = _keys(scan_json(scan)) | set(tables.REPORTED_MEMBERS.names) | set(tables.TAKEN.names)
    names |= {str(v) for v in (*Verdict, *Target)} | {p.name for p in write_scan(scan, tmp_path, None)}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
