"""Commands on simulated logs: demo, simulate, bench."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stillwatch import pipeline
from stillwatch.cli.options import AsJson, FailOnCampaign, Out, Seed
from stillwatch.cli.running import accuses, finish, progress, run_scan
from stillwatch.errors import UsageError
from stillwatch.pipeline import benchmark
from stillwatch.report import print_scoreboard, scoreboard_json


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
        with progress() as tell:
            tell("writing simulated traffic")
            pipeline.simulate("demo", log, seed=seed, scale=scale)
        result = run_scan(pipeline.Source((log / "exchanges",), log / "accounts.parquet"), None, out)
        truth = pipeline.compare(log, out)
    finish(result, out, as_json=as_json, fail_on_campaign=False)
    if not as_json:
        Console().print(truth.as_table())
    if fail_on_campaign and accuses(result):
        raise typer.Exit(1)


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
    hours: Annotated[
        str | None,
        typer.Option("--hours", help="FROM:TO, hours of the window, with --days of the shorter one: write only those."),
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
    with progress() as tell:
        tell(f"writing {scenario}")
        written = pipeline.simulate(
            scenario,
            out,
            seed=seed,
            scale=scale,
            days=days,
            hours=None if hours is None else _hours(hours),
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
    with progress() as tell:
        board = benchmark.run_bench(wanted, tell)
    if as_json:
        typer.echo(json.dumps(scoreboard_json(board)))
    else:
        console = Console()
        print_scoreboard(board, console)
        console.print(f"scoreboard: {out / 'scoreboard.html'}")


def _hours(told: str) -> tuple[float, float]:
    first, _, last = told.partition(":")
    try:
        return float(first), float(last)
    except ValueError as fault:
        raise UsageError(f"--hours {told!r}: give FROM:TO, such as 24:72") from fault


def _places(named: Sequence[str]) -> dict[str, str]:
    pairs = [name.partition("=") for name in named]
    if any(not equals for _, equals, _ in pairs):
        raise UsageError("--at: give AXIS=POINT, such as scaffold=absent")
    return {axis: point for axis, _, point in pairs}
