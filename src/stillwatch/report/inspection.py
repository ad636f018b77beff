"""What a log holds, before it is scanned: format, ten rows as they are understood, columns, tests, what would help.

In: an `Inspection`. Out: text on a console, or JSON. Strings of the log pass `clean.visible`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.report.clean import storable, visible
from stillwatch.report.console import print_by
from stillwatch.types import Quarantined

_CELL = 28  # terminal cells of a value


@dataclass(frozen=True, slots=True)
class Missing:
    """A column the log lacks, the tests it would turn on, and where it can come from."""

    column: str
    tests: tuple[str, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """formats: documents by format; rows: as understood; column_fraction: share of rows with a value, 0..1."""

    files: tuple[str, ...]
    formats: Mapping[str, int]
    rows_read: int
    rows_quarantined: int
    quarantined: tuple[Quarantined, ...]
    rows: tuple[Mapping[str, str], ...]
    column_fraction: Mapping[str, float]
    tests_on: tuple[str, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


def inspection_json(found: Inspection) -> dict[str, Any]:
    """Give an inspection as JSON."""
    return {
        "files": list(found.files),
        "formats": dict(found.formats),
        "rows_read": found.rows_read,
        "rows_quarantined": found.rows_quarantined,
        "quarantined": [{"file": q.file, "row": q.row, "reason": q.reason} for q in found.quarantined],
        "rows": [{name: storable(value) for name, value in row.items()} for row in found.rows],
        "column_fraction": dict(found.column_fraction),
        "tests_on": list(found.tests_on),
        "missing": [{"column": m.column, "tests": list(m.tests), "hint": m.hint} for m in found.missing],
        "notes": [storable(note) for note in found.notes],
    }


def print_inspection(found: Inspection, console: Console) -> None:
    """Print an inspection."""
    print_by(lambda place: _draw(found, place), console)


def _draw(found: Inspection, console: Console) -> None:
    told = ", ".join(f"{name} ({count:,})" for name, count in found.formats.items()) or "none"
    console.print(Text(f"Format: {visible(told)}", "bold"), soft_wrap=True)
    console.print(Text(f"Looked at {found.rows_read:,} exchanges; {found.rows_quarantined:,} rows cannot be read"))
    for fault in found.quarantined[:5]:
        console.print(
            Text(f"  {visible(fault.file)} row {fault.row}: {visible(fault.reason)}", "yellow"), soft_wrap=True
        )
    for number, row in enumerate(found.rows, 1):
        console.print(Text(f"\nRow {number}", "bold"))
        console.print(Text("  ".join(f"{name}={visible(value, _CELL)}" for name, value in row.items())), soft_wrap=True)
    console.print()
    console.print(_columns(found))
    console.print(Text(f"\nTests on: {', '.join(found.tests_on) or 'none'}"), soft_wrap=True)
    for missing in found.missing:
        tests = ", ".join(missing.tests)
        console.print(Text(f"Add {missing.column} for: {tests}. {missing.hint}", "yellow"), soft_wrap=True)
    for note in found.notes:
        console.print(Text(visible(note), "dim"), soft_wrap=True)


def _columns(found: Inspection) -> Table:
    table = Table(title="columns", title_justify="left")
    table.add_column("column")
    table.add_column("rows with a value", justify="right")
    for name, fraction in found.column_fraction.items():
        table.add_row(name, f"{fraction:.0%}" if fraction else "-")
    return table
