"""What a run cost, on a terminal: seconds, pace, memory and spilled bytes of each stage.

In: a `RunCost` and a rich console of any width. Out: a table on it.
"""

from rich import box
from rich.console import Console
from rich.table import Table

from stillwatch.report.console import print_by
from stillwatch.types import RunCost

_MIB = 2**20
_MB = 1_000_000


def print_cost(cost: RunCost, console: Console) -> None:
    """Print one row a stage; paces are of the whole input, whatever a stage looks at."""
    print_by(lambda place: place.print(_table(cost)), console)


def _table(cost: RunCost) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption=f"{cost.rows:,} rows, {cost.bytes / _MB:,.0f} MB of input")
    table.add_column("stage")
    for name in ("seconds", "rows/s", "MB/s", "peak, MiB", "spilled, MB"):
        table.add_column(name, justify="right")
    for stage in cost.stages:
        table.add_row(
            stage.stage,
            f"{stage.seconds:,.1f}",
            f"{cost.rows_per_second(stage):,}",
            f"{cost.bytes_per_second(stage) / _MB:,.1f}",
            f"{stage.peak_bytes / _MIB:,.0f}",
            f"{stage.spilled_bytes / _MB:,.0f}",
        )
    return table
