"""The benchmark: simulate, let every detector look, judge, and write a row; several logs at once, resumable.

In: a `Bench`. Out: `rows.jsonl` as it grows, then `bench.json`, `scoreboard.html` and a `Scoreboard`. Read `points` for
where the logs lie, `contest` for one log, `bench.judge` for the measures.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from stillwatch import __version__, bench, report
from stillwatch import simulate as simulator
from stillwatch.errors import UsageError
from stillwatch.pipeline.contest import SEEN_REFERENCE, Contest, compete
from stillwatch.pipeline.detectors import Detector, load_detectors
from stillwatch.pipeline.growing import without_labels
from stillwatch.pipeline.points import BASE, Point, chosen_axes, paired_points, scenario_at, single_points
from stillwatch.types import OURS, BenchAxis, Scoreboard

__all__ = ["Bench", "Detector", "load_detectors", "run_bench", "scoreboard"]

_ROWS, _SETTINGS = "rows.jsonl", "settings.json"
_QUIET = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # each worker has one core
REFERENCE_SEED = 0


@dataclass(frozen=True, slots=True)
class Bench:
    """axes: names, none for all. points: `single` or `paired` as well. looks: how often Stillwatch looks at each log.

    workers: processes, 0 for as many as the machine has cores.
    """

    out: Path
    axes: tuple[str, ...] = ()
    sweep: str = "single"
    seeds: int = 3
    scale: float = 1.0
    detectors: tuple[Detector, ...] = ()
    looks: int = 1
    workers: int = 0
    scenario: str = BASE


def run_bench(wanted: Bench, tell: Callable[[str], None]) -> Scoreboard:
    """Judge every detector at every point and seed, keeping rows that an earlier, cut run left in the same folder.

    Raises:  UsageError: a number or an axis is impossible, or the folder holds rows of other settings.
    """
    _check(wanted)
    base = simulator.load_scenario(wanted.scenario).scaled(wanted.scale)
    axes = chosen_axes(wanted.axes, base)
    points = single_points(axes) + (paired_points(axes) if wanted.sweep == "paired" else ())
    kept = _kept_rows(wanted)
    done = {(row.axes, row.points, row.seed) for row in kept}
    jobs = [(p, s) for s in range(1, wanted.seeds + 1) for p in points if (p.axes, p.points, s) not in done]
    rows = [*kept, *_run(wanted, base, jobs, tell)]
    inside = {(p.axes, p.points) for p in points}
    board = scoreboard(wanted, axes, [r for r in rows if (r.axes, r.points) in inside and r.seed <= wanted.seeds])
    text = json.dumps(report.scoreboard_json(board), separators=(",", ":")) + "\n"
    (wanted.out / "bench.json").write_text(text, encoding="utf-8")
    (wanted.out / "scoreboard.html").write_text(report.scoreboard_page(board), encoding="utf-8")
    return board


def scoreboard(wanted: Bench, axes: Sequence[BenchAxis], rows: Sequence[bench.BenchRow]) -> Scoreboard:
    """Sum rows up; their order does not matter."""
    place = {axis.name: number for number, axis in enumerate(axes)}
    label = {(axis.name, point): number for axis in axes for number, point in enumerate(axis.points)}
    ordered = sorted(
        rows,
        key=lambda r: (
            len(r.axes), [place[a] for a in r.axes],
            [label.get(pair, 0) for pair in zip(r.axes, r.points, strict=False)], r.points, r.detector != OURS,
            r.detector, r.seed,
        ),
    )  # fmt: skip
    standings = bench.standings_of(ordered)
    broken = bench.breaking_points(standings)
    return Scoreboard(
        version=__version__,
        scenario=wanted.scenario,
        scale=wanted.scale,
        seeds=wanted.seeds,
        axes=tuple(axes),
        standings=standings,
        breaking=broken,
        broken_axes=bench.broken_axes(broken),
        exceedance=bench.exceedance_of(ordered),
    )


def _check(wanted: Bench) -> None:
    if wanted.seeds < 1 or wanted.looks < 1 or wanted.workers < 0:
        raise UsageError("--seeds and --looks must be 1 or more, --workers 0 or more")
    if wanted.out.exists() and not wanted.out.is_dir():
        raise UsageError(f"--out {wanted.out} is a file; give a folder")


def _kept_rows(wanted: Bench) -> list[bench.BenchRow]:
    """Rows of an earlier run with the same settings; a line that a crash cut short is left out."""
    named = [[d.name, list(d.command), d.looks, d.seeds, d.pairs] for d in wanted.detectors]
    settings = {
        "version": __version__, "scenario": wanted.scenario, "scale": wanted.scale, "looks": wanted.looks,
        "detectors": named,
    }  # fmt: skip
    wanted.out.mkdir(parents=True, exist_ok=True)
    rows, known = wanted.out / _ROWS, wanted.out / _SETTINGS
    if not rows.exists():
        known.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        return []
    if not known.exists() or json.loads(known.read_text("utf-8")) != settings:
        raise UsageError(f"{wanted.out} holds rows of another scale, detectors or version; give another --out")
    whole, _, cut_short = rows.read_text("utf-8").rpartition("\n")
    if cut_short:
        rows.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    return [bench.row_of(line) for line in whole.splitlines()]


def _run(
    wanted: Bench, base: simulator.Scenario, jobs: Sequence[tuple[Point, int]], tell: Callable[[str], None]
) -> Iterator[bench.BenchRow]:
    if not jobs:
        return
    workers = min(wanted.workers or os.cpu_count() or 1, len(jobs))
    with TemporaryDirectory(prefix="stillwatch-bench-") as folder, _quiet():
        tell("writing the reference log")
        reference = Path(folder) / "reference"
        if wanted.detectors:
            benign = scenario_at(base, Point((), ("benign",)))
            simulator.simulate(benign, reference, REFERENCE_SEED, simulator.load_pool("A", None))
            without_labels(reference, Path(folder) / SEEN_REFERENCE)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            contests = [Contest(base, p, s, Path(folder), wanted.detectors, wanted.looks) for p, s in jobs]
            running = [pool.submit(compete, contest) for contest in contests]
            try:
                yield from _collected(wanted.out / _ROWS, running, tell)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _collected(
    path: Path, running: Sequence[Future[list[bench.BenchRow]]], tell: Callable[[str], None]
) -> Iterator[bench.BenchRow]:
    tell(f"0 of {len(running)} logs judged")
    with path.open("a", encoding="utf-8") as file:
        for number, future in enumerate(as_completed(running), 1):
            rows = future.result()
            file.write("".join(f"{row.to_json()}\n" for row in rows))
            file.flush()
            tell(f"{number} of {len(running)} logs judged")
            yield from rows


@contextmanager
def _quiet() -> Iterator[None]:
    """Give each worker, and what it starts, one thread; the environment is as before afterwards."""
    before = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(dict.fromkeys(_QUIET, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
