"""The benchmark in rows of words, for the terminal and the page alike, and as JSON.

In: a `Scoreboard`. Out: heads and cells, and text. A metric that cannot be computed is a dash, never a zero.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.report.clean import visible
from stillwatch.types import OURS, Estimate, Scoreboard, Standing

METRICS: Mapping[str, str] = {
    "account_recall_fraction": "recall",
    "account_precision_fraction": "precision",
    "declared_recall_fraction": "named, not accused",
    "exchange_recall_fraction": "exchange recall",
    "exchange_precision_fraction": "exchange precision",
    "purity_fraction": "purity",
    "splits": "splits",
    "merges": "merges",
    "adjusted_rand_index": "Rand index",
    "target_macro_f1": "target F1",
    "innocents": "innocents",
    "leaked_first_exchanges": "leaked before first flag",
    "leaked_first_tasks": "unique tasks of these",
    "leaked_whole_exchanges": "leaked before last flag",
    "seconds": "seconds",
    "peak_bytes": "peak MiB",
}
"""What is shown, by column of `tables.BENCH_ROWS`, in the order of the columns."""
_ON_TERMINAL = (
    "account_recall_fraction", "account_precision_fraction", "declared_recall_fraction", "exchange_recall_fraction",
    "adjusted_rand_index", "target_macro_f1", "innocents", "leaked_first_exchanges", "seconds",
)  # fmt: skip
_WHOLE = frozenset({"leaked_first_exchanges", "leaked_first_tasks", "leaked_whole_exchanges"})
_MIB = 2**20


def place(standing: Standing) -> str:
    """Name the point of a standing in words."""
    named = ", ".join(f"{axis}: {point}" for axis, point in zip(standing.axes, standing.points, strict=False))
    return named or " ".join(standing.points) or "the middle"


def shown(metric: str, estimate: Estimate | None) -> str:
    """Give the mean, and the interval of fractions over several seeds."""
    if estimate is None:
        return "-"
    if metric == "peak_bytes":
        return f"{estimate.mean / _MIB:,.0f}"
    if metric in _WHOLE:
        return f"{estimate.mean:,.0f}"
    if metric == "seconds":
        return f"{estimate.mean:.1f}"
    if metric.endswith("_fraction") and estimate.seeds > 1:
        return f"{estimate.mean:.2f} ({estimate.low:.2f}-{estimate.high:.2f})"
    return f"{round(estimate.mean, 2) + 0.0:.2f}".removesuffix(".00")  # adding zero takes the sign off -0


def row(standing: Standing) -> tuple[str, ...]:
    """Give the cells of one standing: point, detector, every metric, innocents by kind."""
    cells = [shown(metric, standing.metrics.get(metric)) for metric in METRICS]
    return (visible(place(standing), 60), visible(standing.detector, 40), *cells, accused(standing))


def accused(standing: Standing) -> str:
    """Name the innocents that were accused, by kind, summed over seeds."""
    return ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in standing.innocents.items()) or "none"


def headline(board: Scoreboard) -> str:
    """Say first where Stillwatch fails."""
    runs = f"{board.seeds} seed{'s' if board.seeds > 1 else ''} at scale {board.scale:g} of {board.scenario}"
    if not board.breaking:
        return f"Nothing breaks {OURS} here, so this yardstick is too easy ({runs})"
    axes = f", on {len(board.broken_axes)} of {len(board.axes)} axes" if board.axes else ""
    return f"{len(board.breaking)} points break {OURS}{axes} ({runs})"


def scoreboard_json(board: Scoreboard) -> dict[str, Any]:
    """Give what `bench.json` holds."""
    return asdict(board) | {
        "exceedance": {
            name: {
                str(bits): {"groups": groups, "exceeding": exceeding} for bits, (groups, exceeding) in levels.items()
            }
            for name, levels in board.exceedance.items()
        }
    }


def print_scoreboard(board: Scoreboard, console: Console) -> None:
    """Print one table: where Stillwatch fails, worst first, then its other points, and outside detectors in the middle.

    What outside detectors do at every point of every axis stands in the files.
    """
    table = Table(title=f"{headline(board)}; failures first", title_justify="left")
    for head in ("point", "detector", *(METRICS[m] for m in _ON_TERMINAL)):
        table.add_column(head, justify="left" if head in {"point", "detector"} else "right")
    rest = [s for s in board.standings if s not in board.breaking and (s.detector == OURS or not s.axes)]
    for standing in (*board.breaking, *rest):
        cells = [shown(m, standing.metrics.get(m)) for m in _ON_TERMINAL]
        style = "red" if standing in board.breaking else ""
        table.add_row(*(Text(visible(cell, 60), style) for cell in (place(standing), standing.detector, *cells)))
        if standing.errors:
            table.add_row("", Text(visible(f"error: {standing.errors[0]}", 160), "red"))
    console.print(table)
