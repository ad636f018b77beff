"""Ablation: every kind of trait and every test removed in turn, and a log without text, on points of the benchmark.

Usage: ablation.py [SEEDS] [FIRST SEED]. Writes lab/results/ablation.md and prints it. Each log is read and profiled
once; what comes after is run again without one part. A kind of trait is removed as if the log did not hold it; a test
of likeness from groups, membership and operators; a harvest test from the answer to "taking?".
"""

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from stillwatch import hidden, simulate, together
from stillwatch.bench.truth import Truth, read_truth
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.behaviour import Behaviour, behaviour
from stillwatch.pipeline.intake import Intake, Source, seen_columns, take_in
from stillwatch.pipeline.judging import Case, judge
from stillwatch.pipeline.points import Point, scenario_at
from stillwatch.settings import Settings
from stillwatch.taking import answer
from stillwatch.together import Accounts
from stillwatch.together.likeness import ALL, Likeness
from stillwatch.types import DISGUISED, Campaign, TraitKind

OUT = Path(__file__).parent / "results/ablation.md"
SETTINGS = Settings(threads=1)
POINTS = (
    Point(),
    Point(("scaffold",), ("put together",)),
    Point(("timing",), ("replayed",)),
    Point(("dilution",), ("80 %",)),
)
TEXT = ("system_text", "prompt_text", "reply_text")
STAGES = ("likeness", "score", "evidence", "membership", "operators", "account_reasons")
READS_ALL = (together, *(import_module(f"stillwatch.together.{name}") for name in STAGES))
PAYS = 0.005  # of recall or precision, on average over the points: less is within what one account decides


@dataclass(frozen=True)
class Counts:
    """Operator's accounts: all, found in a campaign that is mostly theirs, accused; and innocents accused."""

    guilty: int
    found: int
    accused: int
    innocent: int


@dataclass(frozen=True)
class Read:
    """One log, read and profiled."""

    engine: DuckDBEngine
    intake: Intake
    profiled: Behaviour
    truth: Truth


@contextmanager
def read(point: Point, seed: int, without: Sequence[str] = ()) -> Iterator[Read]:
    """Simulate a log, leave columns out, and read it."""
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(SETTINGS) as engine:
        log = Path(folder) / "log"
        scenario = scenario_at(simulate.load_scenario("bench"), point)
        simulate.simulate(scenario, log, seed, simulate.load_pool("B", None))
        truth = read_truth(log)
        for part in sorted((log / "exchanges").glob("*.parquet")) if without else ():
            pq.write_table(pq.read_table(part).drop_columns(list(without)), part)
        intake = take_in(engine, Source((log / "exchanges",), log / "accounts.parquet"), SETTINGS)
        yield Read(engine, intake, behaviour(engine, intake, SETTINGS), truth)


def counted(log: Read, accounts: Accounts) -> Counts:
    """Find and judge the campaigns of a log that was read, as if its accounts showed only this."""
    found = together.find(accounts, together.load(), SETTINGS)
    columns = seen_columns((log.intake.tally, log.intake.account_tally))
    case = Case(log.intake, log.profiled, columns, hidden.load_policy(""), SETTINGS)
    campaigns = judge(log.engine, case, found.campaigns).campaigns
    guilty = log.truth.guilty
    named = accounts_of(c for c in campaigns if 2 * len(accounts_of([c]) & guilty) >= len(c.members))
    accused = accounts_of(c for c in campaigns if c.verdict in DISGUISED)
    return Counts(len(guilty), len(named & guilty), len(accused & guilty), len(accused - guilty))


def accounts_of(campaigns: Iterator[Campaign] | Sequence[Campaign]) -> set[str]:
    return {str(member.account_id) for campaign in campaigns for member in campaign.members}


def without_kind(accounts: Accounts, kind: TraitKind) -> Accounts:
    """Leave a kind of trait out, as if the log did not hold it."""
    part = accounts.shown[kind]
    none = np.zeros(0, np.int64)
    empty = replace(part, rows=part.rows[:0], codes=part.codes[:0], exchanges=none, values=part.values.slice(0, 0))
    return replace(accounts, shown={**accounts.shown, kind: empty})


@contextmanager
def put(modules: Sequence[ModuleType], **names: Any) -> Iterator[None]:
    """Give modules other lists for a while, where they have such a list."""
    changed = [(module, name) for module in modules for name in names if hasattr(module, name)]
    before = [getattr(module, name) for module, name in changed]
    for module, name in changed:
        setattr(module, name, names[name])
    try:
        yield
    finally:
        for (module, name), old in zip(changed, before, strict=True):
            setattr(module, name, old)


def only(tests: tuple[Likeness, ...]) -> AbstractContextManager[None]:
    """Have `together` know these tests of likeness alone."""
    return put(READS_ALL, ALL=tests, FAMILIES=tuple(dict.fromkeys(test.family for test in tests)))


def cuts(accounts: Accounts) -> Mapping[tuple[str, str], Callable[[], tuple[Accounts, AbstractContextManager[None]]]]:
    """Everything that is removed, one at a time."""
    every: dict[tuple[str, str], Any] = {("", "nothing"): lambda: (accounts, nullcontext())}
    for kind in accounts.shown:
        every["trait", str(kind)] = lambda kind=kind: (without_kind(accounts, kind), nullcontext())
    for test in ALL:
        rest = tuple(t for t in ALL if t is not test)
        every["likeness", test.name] = lambda rest=rest: (accounts, only(rest))
    for family in dict.fromkeys(t.family for t in ALL):
        rest = tuple(t for t in ALL if t.family != family)
        every["likeness family", family] = lambda rest=rest: (accounts, only(rest))
    for harvest in answer.TESTS:
        left = tuple(t for t in answer.TESTS if t is not harvest)
        every["harvest", harvest.name] = lambda left=left: (accounts, put((answer,), TESTS=left))
    return every


def shares(counts: Sequence[Counts]) -> tuple[float, float, float]:
    """Recall of accounts found, recall of accounts accused, precision of accusations."""
    guilty, found, accused = (sum(getattr(c, n) for c in counts) for n in ("guilty", "found", "accused"))
    wrong = sum(c.innocent for c in counts)
    return found / guilty, accused / guilty, accused / (accused + wrong) if accused + wrong else 1.0


def row(what: tuple[str, str], by_point: Mapping[Point, list[Counts]], whole: tuple[float, float, float]) -> str:
    each = [shares(by_point[point]) for point in POINTS]
    mean = tuple(float(np.mean(column)) for column in zip(*each, strict=True))
    change = [got - had for got, had in zip(mean, whole, strict=True)]
    cells = " | ".join(f"{found:.3f} {accused:.3f} {precise:.3f}" for found, accused, precise in each)
    pays = "" if what[1] == "nothing" else "yes" if min(change) <= -PAYS else "hurts" if max(change) >= PAYS else "no"
    return f"| {what[0]} | {what[1]} | {cells} | {' '.join(f'{c:+.3f}' for c in change)} | {pays} |"


def main() -> None:
    seeds, first = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 1), (2, 601)))
    table: dict[tuple[str, str], dict[Point, list[Counts]]] = defaultdict(lambda: defaultdict(list))
    for point in POINTS:
        for seed in range(first, first + seeds):
            with read(point, seed) as log:
                for what, cut in cuts(log.profiled.accounts).items():
                    accounts, changed = cut()
                    with changed:
                        table[what][point].append(counted(log, accounts))
            with read(point, seed, TEXT) as log:
                table["content", "all text"][point].append(counted(log, log.profiled.accounts))
            print(f"{point}, seed {seed}", flush=True)
    names = " | ".join(map(str, POINTS))
    each = [shares(table["", "nothing"][point]) for point in POINTS]
    whole = tuple(float(np.mean(column)) for column in zip(*each, strict=True))
    lines = [f"| part | removed | {names} | mean change | pays |", "|---" * (4 + len(POINTS)) + "|"]
    lines += [row(what, by_point, (whole[0], whole[1], whole[2])) for what, by_point in table.items()]
    closing = f"""
Each cell: recall of the operator's accounts found in a campaign that is mostly theirs, recall of those accused
(`distillation` or `relay`), precision of the accusations, each summed over {seeds} seed(s) from {first}. `pays`:
removing it costs {PAYS:g} or more of one of the three on average; `hurts`: it costs nothing and gains as much; `no`:
neither. Nothing is deleted on this table's account: it is {len(POINTS)} points, and a trait that the simulator's
operators do not share by chance may be what the next one shares. Nulls and weights are those of the whole product.
Machine: {os.cpu_count()} cores.
"""
    text = "\n".join([*lines, closing])
    print(text)
    OUT.write_text(f"# Ablation\n\n`python lab/ablation.py {seeds} {first}`\n\n{text}")


if __name__ == "__main__":
    main()
