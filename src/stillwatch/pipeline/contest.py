"""One log of the benchmark: simulated, shown to every detector without its labels, judged.

In: a `Contest`. Out: one row a detector. Everything a detector gets lies in folders that hold no labels.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter

from stillwatch import bench, pipeline
from stillwatch import simulate as simulator
from stillwatch.errors import StillwatchError
from stillwatch.pipeline.detectors import Detector, Ran, run_command
from stillwatch.pipeline.growing import cut, without_labels
from stillwatch.pipeline.points import Point, scenario_at
from stillwatch.settings import Settings
from stillwatch.types import OURS

SEEN_REFERENCE = "seen-reference"
_SOURCES: simulator.Sources = "B"  # detectors and nulls are fitted on half A


@dataclass(frozen=True, slots=True)
class Contest:
    """base: the middle, scaled; folder: holds the reference, and room for this log; looks: those of Stillwatch."""

    base: simulator.Scenario
    point: Point
    seed: int
    folder: Path
    detectors: tuple[Detector, ...]
    looks: int


@dataclass(frozen=True, slots=True)
class _Stage:
    """The log, its truth, and its growing versions by the moment they end at."""

    contest: Contest
    log: Path
    truth: bench.Truth
    work: Path

    def at(self, until: int, last: int) -> Path:
        seen = self.work / f"seen-{until}"
        if seen.exists():
            return seen
        return without_labels(self.log, seen) if until == last else cut(self.log, until, seen)

    def row(self, name: str, ran: Sequence[Ran], looks: Sequence[bench.Look], error: str) -> bench.BenchRow:
        point = self.contest.point
        return bench.BenchRow(
            name,
            point.axes,
            point.points,
            self.contest.seed,
            round(sum(r.seconds for r in ran), 3),
            max((r.peak_bytes for r in ran), default=0),
            error,
            None if error else bench.judge(self.truth, looks),
        )


def compete(contest: Contest) -> list[bench.BenchRow]:
    """Simulate the log, run every detector on it and judge them; whatever a detector does wrong is its row's error."""
    with TemporaryDirectory(dir=contest.folder, prefix="log-") as folder:
        work = Path(folder)
        scenario = scenario_at(contest.base, contest.point)
        simulator.simulate(scenario, work / "log", contest.seed, simulator.load_pool(_SOURCES, None))
        stage = _Stage(contest, work / "log", bench.read_truth(work / "log"), work)
        rows = [_ours(stage)]
        for detector in contest.detectors:
            paired, late = len(contest.point.axes) > 1, 0 < detector.seeds < contest.seed
            if not late and (detector.pairs or not paired):
                rows += _theirs(stage, detector)
        return rows


def _ours(stage: _Stage) -> bench.BenchRow:
    ran, looks, error = list[Ran](), list[bench.Look](), ""
    ends = stage.truth.moments(stage.contest.looks)
    for until in ends:
        seen, out = stage.at(until, ends[-1]), stage.work / f"ours-{until}"
        _forget_peak()
        began = perf_counter()
        try:
            source = pipeline.Source((seen / "exchanges",), seen / "accounts.parquet")
            pipeline.scan(source, Settings(threads=1), out, lambda _: None)
            ran.append(Ran(perf_counter() - began, _peak_bytes()))
            looks.append(bench.Look(until, bench.read_found(out, stage.truth.owner)))
        except StillwatchError as fault:
            error = str(fault)
            break
    return stage.row(OURS, ran, looks, error)


def _theirs(stage: _Stage, detector: Detector) -> list[bench.BenchRow]:
    """Run a command at each of its looks; one that writes several folders is several detectors."""
    ran = list[Ran]()
    ends = stage.truth.moments(detector.looks)
    folders: list[dict[str, Path]] = []
    for until in ends:
        out = Path(mkdtemp(prefix="out-", dir=stage.work))
        places = {"log": stage.at(until, ends[-1]), "reference": stage.contest.folder / SEEN_REFERENCE, "out": out}
        ran.append(run_command(detector, places))
        if ran[-1].error:
            return [stage.row(detector.name, ran, (), ran[-1].error)]
        folders.append(bench.found_folders(out))
    names = sorted(set().union(*folders))
    if not names:
        return [stage.row(detector.name, ran, (), "wrote no members.parquet")]
    return [_judged(stage, detector.name, name, ran, list(zip(ends, folders, strict=True))) for name in names]


def _judged(
    stage: _Stage, command: str, name: str, ran: Sequence[Ran], looked: Sequence[tuple[int, dict[str, Path]]]
) -> bench.BenchRow:
    shown = f"{command}/{name}" if name else command
    try:
        found = [bench.Look(end, bench.read_found(paths[name], stage.truth.owner)) for end, paths in looked]
    except KeyError:
        return stage.row(shown, ran, (), "wrote members.parquet at some looks only")
    except StillwatchError as fault:
        return stage.row(shown, ran, (), str(fault))
    return stage.row(shown, ran, found, "")


def _forget_peak() -> None:
    """Start the peak of this process's memory anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_bytes() -> int:
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
