"""What a run cost, as a table and as JSON."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from stillwatch.report import print_cost, scan_json
from stillwatch.types import RunCost, Scan, StageCost

COST = RunCost(3_000_000, 600_000_000, (StageCost("reading", 20.0, 700 * 2**20, 0), StageCost("together?", 0.0, 1, 5)))


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_table_fits_the_terminal(width: int) -> None:
    """No line is wider."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    print_cost(COST, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_the_table_says_what_each_stage_cost() -> None:
    """Seconds, rows and bytes a second, peak memory, spilled bytes, and the size of the input."""
    console = Console(file=io.StringIO(), width=100, force_terminal=False, color_system=None)
    print_cost(COST, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    reading = next(line.split() for line in text.splitlines() if "reading" in line)
    assert reading == ["reading", "20.0", "150,000", "30.0", "700", "0"]
    assert "3,000,000 rows, 600 MB of input" in text


def test_json_holds_the_cost_only_where_it_was_measured(scan: Scan) -> None:
    """Under `cost`, stages in order, with paces."""
    assert "cost" not in scan_json(scan)
    told = scan_json(replace(scan, cost=COST))["cost"]
    assert told["rows"] == COST.rows
    assert told["stages"][0] == {
        "stage": "reading",
        "seconds": 20.0,
        "peak_bytes": 700 * 2**20,
        "spilled_bytes": 0,
        "rows_per_second": 150_000,
        "bytes_per_second": 30_000_000,
    }
