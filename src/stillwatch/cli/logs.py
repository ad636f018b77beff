"""Commands on a user's own logs: scan, watch, inspect, sketch, explain, window."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stillwatch import pipeline, settings
from stillwatch.cli.options import (
    AccountsFile,
    AsJson,
    ColumnMapFile,
    FailOnCampaign,
    IdentityFile,
    InnocentsFile,
    Known,
    Out,
    Profile,
    Reference,
    SettingsFile,
)
from stillwatch.cli.running import finish, progress, run_scan, utc
from stillwatch.errors import StillwatchError, UsageError
from stillwatch.pipeline import edge, explaining, inspecting, watching
from stillwatch.pipeline.windowing import Cut, window_report
from stillwatch.report import (
    explanation_json,
    inspection_json,
    print_explanation,
    print_inspection,
    print_windows,
    windows_json,
)

_WINDOW_EXCHANGES = 1_500  # as in arXiv 2606.05725
_SHORTEST_HOURS, _LONGEST_HOURS = 0.01, 24 * 366


def scan(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path] | None, typer.Argument(help="Log files or folders of them.")] = None,
    *,
    table: Annotated[
        str, typer.Option("--table", help="Instead of files: a table of Spark's catalog, or URL of one of a database.")
    ] = "",
    accounts: AccountsFile = None,
    reference: Reference = None,
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
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
    known: Known = None,
    innocents: InnocentsFile = None,
    settings_file: SettingsFile = None,
    profile: Profile = False,
    as_json: AsJson = False,
    fail_on_campaign: FailOnCampaign = False,
) -> None:
    """Find the campaigns in traffic logs and write the report."""
    if bool(paths) == bool(table):
        raise UsageError("name what to scan: files or folders, or one --table")
    where = _where(engine, spark_master)
    told = (accounts, reference, utc(as_of), tuple(known or ()), column_map, identity, table, innocents)
    source = pipeline.Source(tuple(paths or ()), *told)
    measure: pipeline.Measure = "everything" if profile else "seconds"
    finish(
        run_scan(source, settings_file, out, measure, where), out, as_json=as_json, fail_on_campaign=fail_on_campaign
    )


def watch(  # noqa: PLR0913 - one parameter an option
    places: Annotated[
        list[str],
        typer.Argument(help="Log files or folders, URLs of object stores (s3://...) or topics (kafka://...)."),
    ],
    *,
    state: Annotated[Path, typer.Option("--state", help="Folder that keeps what was taken in.")] = Path(
        "stillwatch-state"
    ),
    accounts: AccountsFile = None,
    reference: Reference = None,
    out: Out = Path("stillwatch-out"),
    known: Known = None,
    innocents: InnocentsFile = None,
    every: Annotated[
        float | None, typer.Option("--every", min=0.01, help="Look again after so many minutes; else one look.")
    ] = None,
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
    fail_on_campaign: FailOnCampaign = False,
) -> None:
    """Take in new log files, once each, and judge all that is kept.

    With --every, a fault after the first look that worked (a store that does not answer, a full disk) is told, and the
    next look tries again.
    """
    paths = tuple(Path(place) for place in places if not watching.is_elsewhere(place))
    elsewhere = tuple(place for place in places if watching.is_elsewhere(place))
    told = (accounts, reference, None, tuple(known or ()), column_map, identity, "", innocents)
    source = pipeline.Source(paths, *told)
    said, looked = Console(stderr=True), False
    while True:
        try:
            with progress() as tell:
                result = watching.watch(source, state, settings.load(settings_file), out, tell, elsewhere)
        except StillwatchError as fault:
            if every is None or not looked:
                raise
            said.print(f"{fault}; looking again in {every:g} minutes", markup=False)
        else:
            looked = True
            if result is None:
                said.print(f"nothing new since the last report in {out}")
            else:
                finish(result, out, as_json=as_json, fail_on_campaign=fail_on_campaign)
        if every is None:
            return
        time.sleep(60 * every)


def inspect(
    paths: Annotated[list[Path], typer.Argument(help="Log files or folders of them.")],
    *,
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Say which format a log has, how its rows are understood, and what would turn more tests on."""
    source = pipeline.Source(tuple(paths), column_map=column_map, identity=identity)
    found = inspecting.inspect_log(source, settings.load(settings_file))
    if as_json:
        typer.echo(json.dumps(inspection_json(found)))
    else:
        print_inspection(found, Console())


def sketch(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path], typer.Argument(help="Log files or folders of them.")],
    *,
    keys: Annotated[Path, typer.Option("--keys", help="Key ring; made if it does not exist. Keep it secret.")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file of keyed sketches; scan reads it like a log.")],
    epoch_days: Annotated[
        int | None, typer.Option("--epoch-days", help="Days a key is used; 30 in a new ring.")
    ] = None,
    overlap_days: Annotated[
        int | None, typer.Option("--overlap-days", help="Days in which two keys link epochs; 7 in a new ring.")
    ] = None,
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Turn a log with text into sketches under a secret key, without text; then destroy keys whose time is over."""
    source = pipeline.Source(tuple(paths), column_map=column_map, identity=identity)
    with progress() as tell:
        tell("sketching")
        done = edge.sketch_log(
            source, edge.open_ring(keys, epoch_days, overlap_days), out, settings.load(settings_file)
        )
    if as_json:
        typer.echo(json.dumps(done.as_json()))
    else:
        Console().print(f"{done.sentence()}: {out}", soft_wrap=True)


def explain(  # noqa: PLR0913 - one parameter an option
    subject: Annotated[str, typer.Argument(help="Id of a campaign, an account or an exchange.")],
    *,
    folder: Annotated[Path, typer.Option("--in", help="Folder that a scan wrote.")] = Path("stillwatch-out"),
    log: Annotated[
        list[Path] | None, typer.Option("--log", help="Log to look in for an exchange that was not taken; repeatable.")
    ] = None,
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a campaign was accused, an account counted or cleared, an exchange taken or not."""
    if (column_map or identity) and not log:
        raise UsageError("--map and --identity say how to read a log: name it with --log")
    source = pipeline.Source(tuple(log), column_map=column_map, identity=identity) if log else None
    explanation = explaining.explain(subject, folder, source)
    if as_json:
        typer.echo(json.dumps(explanation_json(explanation)))
    else:
        print_explanation(explanation, Console())


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
    column_map: ColumnMapFile = None,
    identity: IdentityFile = None,
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
    with progress() as tell:
        tell("comparing windows")
        source = pipeline.Source(tuple(paths), reference=reference, column_map=column_map, identity=identity)
        found = window_report(source, cut, settings.load(settings_file))
    if as_json:
        typer.echo(json.dumps(windows_json(found)))
    else:
        print_windows(found, Console())


def _where(engine: str | None, spark_master: str | None) -> dict[str, Any]:
    """Give the settings that the options for the engine stand for."""
    if engine is not None and engine not in settings.ENGINES:
        raise UsageError(f"no engine is called {engine!r}; this version has: {', '.join(settings.ENGINES)}")
    named = {"engine": engine, "spark_master": spark_master}
    return {name: value for name, value in named.items() if value is not None}
