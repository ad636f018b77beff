"""Ablation: every kind of trait and every test removed in turn, and a log without text, on points of the benchmark.

Usage: ablation.py [FIRST SEED]. Writes lab/results/ablation.md and prints it. Each log is read and profiled once; what
comes after is run again without one part. A kind of trait is removed as if the log did not hold it; a kind of habit as
if no groups were formed by it; a test of likeness from groups, membership and operators; a harvest test from the answer
to "taking?". Where accounts are found with and without a part, the bits of the operator's best group and of what it
takes show what the part was worth.
"""

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from learn_nulls import NOTHING

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
from stillwatch.together.likeness import ALL, HABITS, Likeness
from stillwatch.types import DISGUISED, Campaign, TraitKind

OUT = Path(__file__).parent / "results/ablation.md"
SETTINGS = Settings(threads=1)
CHOSEN = {
    "accounts": ("30", "1000"), "address": ("one",), "card": ("groups of 20",), "e-mail": ("pattern",),
    "client": ("three",), "scaffold": ("fixed", "put together", "absent"), "dilution": ("80 %", "95 %"),
    "timing": ("human", "replayed"), "ramp": ("a week",), "replacement": ("8 lives",), "resampling": ("16",),
    "grading": ("improving student",),
}  # fmt: skip
POINTS = (
    Point(),
    *(Point((axis,), (label,)) for axis, labels in CHOSEN.items() for label in labels),
    Point(tuple(NOTHING), tuple(NOTHING.values())),
    Point((*NOTHING, "timing"), (*NOTHING.values(), "human")),
)
TEXT = ("system_text", "prompt_text", "reply_text")
habits = import_module("stillwatch.together.habits")
STAGES = ("likeness", "score", "evidence", "membership", "operators", "account_reasons")
READS_ALL = (together, *(import_module(f"stillwatch.together.{name}") for name in STAGES))
STRONGEST = frozenset({"volume", "hour", "gap", "reply", "model", "scaffold", "email_shape"})
"""Tests of likeness that some point misses by itself; the others are removed together, too."""
PAYS = 0.005  # of recall or precision, on average over the points: less is within what one account decides
PAYS_BITS = 1.0  # at one point at least
COLUMNS = (
    "part", "removed", "mean change: found, accused, precision", "most at", "together bits", "most at", "taking bits",
    "most at", "pays",
)  # fmt: skip
PURE = 0.8  # of a group's accounts are the operator's


@dataclass(frozen=True)
class Counts:
    """Operator's accounts: all, found in a campaign that is mostly theirs, accused; and innocents accused.

    together, taking: most bits of a group that is mostly theirs, added up over families, and of a campaign that is.
    """

    guilty: int
    found: int
    accused: int
    innocent: int
    together: float
    taking: float


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
    own = [c for c in campaigns if 2 * len(accounts_of([c]) & guilty) >= len(c.members)]
    named = accounts_of(own)
    accused = accounts_of(c for c in campaigns if c.verdict in DISGUISED)
    theirs = np.isin(log.profiled.profiles.ids.to_pylist(), list(guilty))
    together_bits, taking_bits = strongest(found, theirs), max((c.taking_bits for c in own), default=0.0)
    innocent = len(accused - guilty)
    return Counts(len(guilty), len(named & guilty), len(accused & guilty), innocent, together_bits, taking_bits)


def strongest(found: together.Found, theirs: npt.NDArray[np.bool_]) -> float:
    """Most bits of a group that is mostly theirs, added up over families; their worth is capped, the sum is not."""
    if found.checked is None or not len(found.checked.groups):
        return 0.0
    groups, bits = found.checked.groups, found.checked.bits
    pure = groups.members @ theirs.astype(float) >= PURE * np.asarray(groups.members.sum(axis=1)).ravel()
    ranked = pure[np.lexsort((np.arange(len(groups)), -bits))]  # as rows of what was tested are
    families = found.tested.tests.group_by(["group", "family"]).aggregate([("family_bits", "max")])
    number, family_bits = families["group"].to_numpy(), families["family_bits_max"].to_numpy()
    sums = np.bincount(number, family_bits, minlength=len(groups))
    return float(np.max(sums[ranked & (np.bincount(number, minlength=len(groups)) > 0)], initial=0.0))


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
    for kind in HABITS:
        others = {one: facets for one, facets in HABITS.items() if one != kind}
        every["habit", str(kind)] = lambda others=others: (accounts, put((habits,), HABITS=others))
    for test in ALL:
        rest = tuple(t for t in ALL if t is not test)
        every["likeness", test.name] = lambda rest=rest: (accounts, only(rest))
    strongest_tests = tuple(t for t in ALL if t.name in STRONGEST)
    every["likeness", f"all but {len(STRONGEST)}"] = lambda: (accounts, only(strongest_tests))
    for family in dict.fromkeys(t.family for t in ALL):
        rest = tuple(t for t in ALL if t.family != family)
        every["likeness family", family] = lambda rest=rest: (accounts, only(rest))
    for harvest in answer.TESTS:
        left = tuple(t for t in answer.TESTS if t is not harvest)
        every["harvest", harvest.name] = lambda left=left: (accounts, put((answer,), TESTS=left))
    return every


def shares(counts: Counts) -> tuple[float, float, float]:
    """Recall of accounts found, recall of accounts accused, precision of accusations."""
    suspects = counts.accused + counts.innocent
    precise = counts.accused / suspects if suspects else 1.0
    return counts.found / counts.guilty, counts.accused / counts.guilty, precise


def row(what: tuple[str, str], cut: Sequence[Counts], whole: Sequence[Counts]) -> str:
    """One part: mean changes, and the point where it is missed most."""
    lost = np.array([shares(c) for c in cut]) - np.array([shares(c) for c in whole])
    mean = lost.mean(axis=0)
    worst = int(np.argmin(lost.min(axis=1)))
    shown = f"{POINTS[worst]} {lost[worst].min():+.3f}" if lost.min() < 0 else ""
    cells = [" ".join(f"{value:+.3f}" for value in mean), shown]
    in_bits = False
    for kind in ("together", "taking"):
        bits = np.array([getattr(c, kind) for c in cut]) - np.array([getattr(c, kind) for c in whole])
        low = int(bits.argmin())
        cells.append(f"{bits.mean():+.1f}")
        cells.append(f"{POINTS[low]} {bits[low]:+.1f}" if bits[low] <= -PAYS_BITS / 2 else "")
        in_bits |= bool(bits[low] <= -PAYS_BITS)
    pays = "yes" if mean.min() <= -PAYS else "in bits" if in_bits else "hurts" if mean.max() >= PAYS else "no"
    return f"| {what[0]} | {what[1]} | {' | '.join(cells)} | {pays} |"


def measured(point: Point, seed: int) -> list[tuple[tuple[str, str], Counts]]:
    """Count one log whole, and without each part."""
    found = []
    with read(point, seed) as log:
        for what, cut in cuts(log.profiled.accounts).items():
            accounts, changed = cut()
            with changed:
                found.append((what, counted(log, accounts)))
    with read(point, seed, TEXT) as log:
        found.append((("content", "all text"), counted(log, log.profiled.accounts)))
    print(f"{point}, seed {seed}", flush=True)
    return found


def whole_line(point: Point, counts: Counts) -> str:
    cells = " | ".join(f"{share:.3f}" for share in shares(counts))
    return f"| {point} | {cells} | {counts.together:.1f} | {counts.taking:.1f} |"


def main() -> None:
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 601
    table: dict[tuple[str, str], list[Counts]] = defaultdict(list)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for found in pool.map(measured, POINTS, range(first, first + len(POINTS))):
            for what, counts in found:
                table[what].append(counts)
    whole = table.pop(("", "nothing"))
    lines = [
        "| point | found | accused | precision | together bits | taking bits |",
        "|---|---|---|---|---|---|",
        *map(whole_line, POINTS, whole),
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + "---|" * len(COLUMNS),
        *(row(what, cut, whole) for what, cut in table.items()),
    ]
    closing = f"""
First table: nothing removed; a seed for each point, from {first}. Found: recall of the operator's accounts in a
campaign that is mostly theirs; accused: of those with verdict `distillation` or `relay`. Bits: of the best group of
which {PURE:.0%} are theirs, added up over families (what the sum is worth is capped, so it would not show), and of what
their campaign takes. Second table: what changes without a part, on average over {len(POINTS)} points, and the point
that misses it most. `pays`: without it the average loses {PAYS:g} or more of one of the three (yes), or a point loses
{PAYS_BITS:g} bit or more (in bits); `hurts`: it costs neither, and gains as much; `no`: none of these. Nulls and
weights are those of the whole product. Machine: {os.cpu_count()} cores.

Four tests of likeness that said `no` here are gone (spells of the calendar, prompt lengths, places in a conversation,
outcomes). The others that say `no` alone are kept: `all but {len(STRONGEST)}` is what their loss together costs, since
each of them also weighs who is a member; a likeness in tool schema, payment or network no operator of the benchmark has
alone.
"""
    text = "\n".join([*lines, closing])
    print(text)
    OUT.write_text(f"# Ablation\n\n`python lab/ablation.py {first}`\n\n{text}")


if __name__ == "__main__":
    main()
