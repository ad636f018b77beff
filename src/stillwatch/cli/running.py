"""What every command does around its work: progress, the printed result, the exit code.

In: a `Source` and settings. Out: a `Scan`, printed as a report or as JSON.
"""

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stillwatch import pipeline, settings
from stillwatch.errors import UsageError
from stillwatch.report import print_cost, print_scan, scan_json
from stillwatch.types import ACCUSING, Scan


def run_scan(
    source: pipeline.Source,
    settings_file: Path | None,
    out: Path,
    measure: pipeline.Measure = "seconds",
    where: Mapping[str, Any] | None = None,
) -> Scan:
    """Scan with progress shown; `where` are settings of the engine that beat those of the file.

    Raises:  UsageError: `out` is a file; and as `pipeline.scan`.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; give a folder")
    with progress() as tell:
        return pipeline.scan(source, replace(settings.load(settings_file), **(where or {})), out, tell, measure)


def finish(result: Scan, out: Path, *, as_json: bool, fail_on_campaign: bool) -> None:
    """Print a result, and end with 1 when asked to and a campaign is accused."""
    if as_json:
        typer.echo(json.dumps(scan_json(result)))
    else:
        console = Console()
        print_scan(result, console)
        if result.cost:
            print_cost(result.cost, console)
        console.print(f"report: {out / 'report.html'}")
    if fail_on_campaign and accuses(result):
        raise typer.Exit(1)


def accuses(result: Scan) -> bool:
    """Tell whether any verdict accuses."""
    return any(campaign.verdict in ACCUSING for campaign in result.campaigns)


def utc(moment: datetime | None) -> datetime | None:
    """Take a moment without a zone as UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


@contextmanager
def interruptible() -> Iterator[None]:
    """End at SIGTERM as at Ctrl-C: what was spilled and half-written goes, and the exit code says which it was.

    What a signal raises inside a query comes out of the engine as another fault, so the signal itself is remembered.
    """
    came: list[int] = []

    def interrupt(number: int, _: object) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) == usual:  # else whoever started us has them ignored, as nohup does
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        if came:
            sys.exit(128 + came[0])


@contextmanager
def progress() -> Iterator[pipeline.Tell]:
    """Show the stage that runs, on standard error, and nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda stage: progress.update(task, description=stage)
