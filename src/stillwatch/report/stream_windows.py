"""Windows of a stream for the terminal and as JSON: bits, sentences, and the exchanges that carry the difference.

In: a `WindowReport`. Out: text on a console, a dictionary. A window says that traffic is foreign, never whose it is.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.report.clean import storable, visible
from stillwatch.stream import WindowFinding, WindowReport

_LISTED = 60  # windows in the table, flagged ones first
_EXPLAINED = 5  # flagged windows with their carriers
_CARRIERS = 6
_EXCERPT_CELLS = 80


def windows_json(report: WindowReport) -> dict[str, Any]:
    """Give the whole report as plain JSON values."""
    plain = asdict(report)
    for window in plain["windows"]:
        window["first_seen"] = window["first_seen"].isoformat()
        window["last_seen"] = window["last_seen"].isoformat()
        for carrier in window["carriers"]:
            carrier |= {name: storable(carrier[name]) for name in ("exchange_id", "account_id", "excerpt")}
    return plain


def print_windows(report: WindowReport, console: Console) -> None:
    """Print every window as a row, the flagged ones with their reasons, and how far the bits can be trusted."""
    flagged = sorted((w for w in report.windows if w.flagged), key=lambda w: -(w.bits or 0))
    console.print(Text(_headline(report, len(flagged)), "bold red" if flagged else "bold green"))
    shown = [*flagged, *(w for w in report.windows if not w.flagged)][:_LISTED]
    console.print(_table(sorted(shown, key=lambda w: w.first_seen)))
    if len(report.windows) > len(shown):
        console.print(Text(f"{len(report.windows) - len(shown):,} more windows: --json", "dim"))
    for window in flagged[:_EXPLAINED]:
        _explain(window, console)
    if report.shared_exchanges:
        shared = f"{report.shared_exchanges:,} exchanges of the log were in the reference, too, and left out of it"
        console.print(Text(f"{shared}: a window compared with itself never differs.", "dim"))
    console.print(Text(_trust(report), "dim"))


def _headline(report: WindowReport, flagged: int) -> str:
    total = len(report.windows)
    return f"{flagged:,} of {total:,} windows differ from {report.reference_exchanges:,} exchanges of the reference"


def _table(windows: list[WindowFinding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("window (UTC)", no_wrap=True)
    for name in ("compared", "accounts", "bits", "raw", "carry"):
        table.add_column(name, justify="right", no_wrap=True)
    for window in windows:
        compared = f"{window.compared:,} of {window.exchanges:,}"
        cells = (compared, f"{window.accounts:,}", _bits(window.bits), _bits(window.raw_bits))
        carrying = f"{window.carrying:,}" if window.flagged else ""
        style = "bold red" if window.flagged else ""
        table.add_row(_span(window.first_seen, window.last_seen), *cells, carrying, style=style)
    return table


def _explain(window: WindowFinding, console: Console) -> None:
    console.print(Text(f"{_span(window.first_seen, window.last_seen)}: {_bits(window.bits)} bits", "bold"))
    for claim in window.claims:
        console.print(Text(f"  {claim}"))
    for carrier in window.carriers[:_CARRIERS]:
        line = f"  {carrier.bits:5.2f} bits  {visible(carrier.exchange_id, 24)}  {visible(carrier.account_id, 24)}  "
        console.print(Text(line + visible(carrier.excerpt, _EXCERPT_CELLS), "dim"), soft_wrap=True)
    console.print()


def _bits(bits: float | None) -> str:
    return "-" if bits is None else f"{bits:.1f}"


def _span(first: datetime, last: datetime) -> str:
    same = first.date() == last.date()
    return f"{first:%Y-%m-%d %H:%M} - {last:%H:%M}" if same else f"{first:%Y-%m-%d %H:%M} - {last:%m-%d %H:%M}"


def _trust(report: WindowReport) -> str:
    told = f"{report.reference_windows:,} windows of the reference were compared with the rest of it"
    if all(w.bits is None for w in report.windows):
        return f"{told}: too few to say how benign windows vary, so nothing is flagged. Give a larger reference."
    if report.exact:
        return f"{told}; none of their bits are more frequent than chance allows: bits are exact."
    return f"{told}; their bits exceed what chance allows, so bits come from how much these windows vary (Student)."
