"""The command line: arguments in, `pipeline` called, report printed, exit code out.

Exit codes: 0 done, 1 campaign found with --fail-on-campaign, 2 usage, 3 bad input. A user's mistake gets a sentence,
never a stack trace.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from stillwatch import __version__, pipeline, settings
from stillwatch.errors import StillwatchError, UsageError
from stillwatch.pipeline import benchmark, explaining
from stillwatch.pipeline.windowing import Cut, window_report
from stillwatch.report import (
    explanation_json,
    print_explanation,
    print_scan,
    print_scoreboard,
    print_windows,
    scan_json,
    scoreboard_json,
    visible,
    windows_json,
)
from stillwatch.types import Scan, Verdict

app = typer.Typer(
    name="stillwatch",
    help="Find distillation campaigns in the traffic logs of a language-model API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Out = Annotated[Path, typer.Option("--out", help="Folder for the report and the tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")]
FailOnCampaign = Annotated[bool, typer.Option("--fail-on-campaign", help="Exit with 1 when a campaign is found.")]

_WINDOW_EXCHANGES = 1_500  # as in arXiv 2606.05725
_SHORTEST_HOURS, _LONGEST_HOURS = 0.01, 24 * 366
_ACCUSING = frozenset({Verdict.DISTILLATION, Verdict.RELAY, Verdict.DECLARED_HARVEST})


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Find distillation campaigns in the traffic logs of a language-model API."""
    if version:
        typer.echo(f"stillwatch {__version__}")
        raise typer.Exit


@app.command()
def scan(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path], typer.Argument(help="Log files or folders of them.")],
    *,
    accounts: Annotated[
        Path | None, typer.Option("--accounts", help="File of accounts; else the one beside the logs.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Traffic believed benign, to learn what is normal from.")
    ] = None,
    out: Out = Path("stillwatch-out"),
    engine: Annotated[
        str | None, typer.Option("--engine", help="Where queries run: duckdb, or spark; else as the settings say.")
    ] = None,
    spark_master: Annotated[
        str | None, typer.Option("--spark-master", help="URL of the Spark master; else as the settings say.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", help="Look only at exchanges up to this time (UTC).")
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", help="Folder of an earlier report, whose campaigns may go on; may be repeated."),
    ] = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
    fail_on_campaign: FailOnCampaign = False,
) -> None:
    """Find the campaigns in traffic logs and write the report."""
    where = _where(engine, spark_master)
    source = pipeline.Source(tuple(paths), accounts, reference, _utc(as_of), tuple(known or ()))
    _finish(_scan(source, settings_file, out, where), out, as_json=as_json, fail_on_campaign=fail_on_campaign)


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(help="Id of a campaign, an account or an exchange.")],
    *,
    folder: Annotated[Path, typer.Option("--in", help="Folder that a scan wrote.")] = Path("stillwatch-out"),
    log: Annotated[
        list[Path] | None, typer.Option("--log", help="Log to look in for an exchange that was not taken; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a campaign was accused, an account counted or cleared, an exchange taken or not."""
    explanation = explaining.explain(subject, folder, tuple(log or ()))
    if as_json:
        typer.echo(json.dumps(explanation_json(explanation)))
    else:
        print_explanation(explanation, Console())


@app.command()
def demo(
    *,
    out: Out = Path("stillwatch-demo"),
    seed: Seed = 1,
    scale: Annotated[float, typer.Option("--scale", help="Size against the full demo, above 0.")] = 1.0,
    as_json: AsJson = False,
    fail_on_campaign: FailOnCampaign = False,
) -> None:
    """Simulate a small provider with three campaigns in it, scan it, and compare with the truth."""
    with tempfile.TemporaryDirectory(prefix="stillwatch-demo-") as folder:
        log = Path(folder)
        with _progress() as tell:
            tell("writing simulated traffic")
            pipeline.simulate("demo", log, seed=seed, scale=scale)
        result = _scan(pipeline.Source((log / "exchanges",), log / "accounts.parquet"), None, out)
        truth = pipeline.compare(log, out)
    _finish(result, out, as_json=as_json, fail_on_campaign=False)
    if not as_json:
        Console().print(truth.as_table())
    if fail_on_campaign and _accuses(result):
        raise typer.Exit(1)


@app.command()
def window(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path], typer.Argument(help="Log files or folders of them.")],
    *,
    reference: Annotated[Path, typer.Option("--reference", help="Traffic believed benign, of the same kind.")],
    exchanges: Annotated[
        int | None, typer.Option("--exchanges", help="Exchanges a window; 1,500 where --hours is not given.", min=50)
    ] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Cut windows by event time instead.")] = None,
    per_account: Annotated[
        int | None, typer.Option("--per-account", help="Compare at most so many exchanges of one account.", min=1)
    ] = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare windows of a stream, whoever sent it, with reference traffic, and say which exchanges differ."""
    if exchanges is not None and hours is not None:
        raise UsageError("--exchanges and --hours cut windows in two ways; give one")
    if hours is not None and not _SHORTEST_HOURS <= hours <= _LONGEST_HOURS:
        raise UsageError(f"--hours must lie between {_SHORTEST_HOURS} and {_LONGEST_HOURS}")
    span = timedelta(hours=1 if hours is None else hours)
    cut = Cut((exchanges or _WINDOW_EXCHANGES) if hours is None else None, span, per_account)
    with _progress() as tell:
        tell("comparing windows")
        found = window_report(tuple(paths), reference, cut, settings.load(settings_file))
    if as_json:
        typer.echo(json.dumps(windows_json(found)))
    else:
        print_windows(found, Console())


@app.command()
def simulate(  # noqa: PLR0913 - one parameter an option
    scenario: Annotated[
        str, typer.Argument(help="demo, benign, bench, february, june, september, or a scenario file.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the log and its labels.")] = Path("stillwatch-log"),
    seed: Seed = 1,
    scale: Annotated[float, typer.Option("--scale", help="Size against the scenario's own, above 0.")] = 1.0,
    days: Annotated[
        int | None, typer.Option("--days", help="Length of the window, at the same pace; else the scenario's own.")
    ] = None,
    places: Annotated[
        list[str] | None, typer.Option("--at", help="AXIS=POINT to put every operator at; may be repeated.")
    ] = None,
    sources: Annotated[
        str, typer.Option("--sources", help="Which half of the prompts and clients: A, B or all.")
    ] = "all",
    prompts: Annotated[Path | None, typer.Option("--prompts", help="Folder with more prompt sets.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write labelled traffic as log files; no request is sent to any model."""
    with _progress() as tell:
        tell(f"writing {scenario}")
        written = pipeline.simulate(
            scenario,
            out,
            seed=seed,
            scale=scale,
            days=days,
            places=_places(places or ()),
            sources=sources,
            prompts=prompts,
        )
    if as_json:
        typer.echo(json.dumps({"out": str(out), "exchanges": written.exchanges, "accounts": written.accounts}))
    else:
        Console().print(
            f"{written.exchanges:,} exchanges of {written.accounts:,} accounts in {out}; labels in {out / 'labels'}"
        )


@app.command()
def bench(  # noqa: PLR0913 - one parameter an option
    *,
    axis: Annotated[list[str] | None, typer.Option("--axis", help="Sweep only this axis; may be repeated.")] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Pairs of axes too, each at its hardest point.")] = False,
    seeds: Annotated[int, typer.Option("--seeds", help="Logs at each point.")] = 3,
    scale: Annotated[float, typer.Option("--scale", help="Size against the scenario's own, above 0.")] = 1.0,
    looks: Annotated[int, typer.Option("--looks", help="Times Stillwatch looks at each growing log.")] = 1,
    detectors: Annotated[
        Path | None, typer.Option("--detectors", help="TOML file of other detectors to judge.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes; 0 for one a core.")] = 0,
    out: Out = Path("stillwatch-bench"),
    as_json: AsJson = False,
) -> None:
    """Judge Stillwatch and other detectors on simulated logs; a run that was cut goes on in the same folder."""
    wanted = benchmark.Bench(
        out=out,
        axes=tuple(axis or ()),
        sweep="paired" if pairs else "single",
        seeds=seeds,
        scale=scale,
        detectors=benchmark.load_detectors(detectors) if detectors else (),
        looks=looks,
        workers=workers,
    )
    with _progress() as tell:
        board = benchmark.run_bench(wanted, tell)
    if as_json:
        typer.echo(json.dumps(scoreboard_json(board)))
    else:
        console = Console()
        print_scoreboard(board, console)
        console.print(f"scoreboard: {out / 'scoreboard.html'}")


def _places(named: Sequence[str]) -> dict[str, str]:
    pairs = [name.partition("=") for name in named]
    if any(not equals for _, equals, _ in pairs):
        raise UsageError("--at: give AXIS=POINT, such as scaffold=absent")
    return {axis: point for axis, _, point in pairs}


def _where(engine: str | None, spark_master: str | None) -> dict[str, Any]:
    """Give the settings that the options for the engine stand for."""
    if engine is not None and engine not in settings.ENGINES:
        raise UsageError(f"no engine is called {engine!r}; this version has: {', '.join(settings.ENGINES)}")
    named = {"engine": engine, "spark_master": spark_master}
    return {name: value for name, value in named.items() if value is not None}


def _scan(
    source: pipeline.Source, settings_file: Path | None, out: Path, where: Mapping[str, Any] | None = None
) -> Scan:
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; give a folder")
    with _progress() as tell:
        return pipeline.scan(source, replace(settings.load(settings_file), **(where or {})), out, tell)


def _finish(result: Scan, out: Path, *, as_json: bool, fail_on_campaign: bool) -> None:
    if as_json:
        typer.echo(json.dumps(scan_json(result)))
    else:
        console = Console()
        print_scan(result, console)
        console.print(f"report: {out / 'report.html'}")
    if fail_on_campaign and _accuses(result):
        raise typer.Exit(1)


def _accuses(result: Scan) -> bool:
    return any(campaign.verdict in _ACCUSING for campaign in result.campaigns)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


@contextmanager
def _progress() -> Iterator[pipeline.Tell]:
    """Show the stage that runs, on standard error, and nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda stage: progress.update(task, description=stage)


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    try:
        app()
    except StillwatchError as fault:
        Console(stderr=True).print(Text.assemble(("error: ", "bold red"), visible(str(fault))), soft_wrap=True)
        sys.exit(fault.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
