"""Looking again and again: what innocents get when a growing week is scanned 24 times.

Usage: anytime.py [WEEKS]. Simulates so many benign weeks (half B of prompts and clients, every innocent twin) and looks
at each at 24 moments, every hour at first. Writes lab/results/anytime.md: at each look the share of groups that reach b
bits and the weeks with a false accusation; over all looks the share of groups that *ever* reached b bits, which is what
somebody gets who looks every time and stops at the best. Weeks that are done are kept in build/anytime.

A group is the same at two looks when it shares the same values. Groups that declare one organisation are left out, as
in the product's own check: they are run together.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import profile, together
from stillwatch.bits import exceedance
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.behaviour import account_table, countries_of, traits_of
from stillwatch.pipeline.intake import Intake, take_in
from stillwatch.settings import Settings
from stillwatch.simulate import load_pool, load_scenario, simulate
from stillwatch.sketch import hash64
from stillwatch.together import Accounts, Nulls
from stillwatch.together.score import declared_groups, score

ROOT = Path(__file__).parent
OUT, KEPT = ROOT / "results/anytime.md", ROOT.parent / "build/anytime"
FIRST_SEED, AT_ONCE = 7001, 20
WEEK = load_scenario("benign").scaled(0.03).over(7)
HOURS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168)
LEVELS = range(3, 11)
SETTINGS = Settings(threads=1)
Look = dict[str, Any]


def weeks_from(first_seed: int) -> list[Look]:
    """Look at 20 weeks: one engine reads them all, and each is judged alone."""
    nulls = together.load()
    ever: list[dict[str, float]] = [{} for _ in range(AT_ONCE)]
    looks: list[list[Look]] = [[] for _ in range(AT_ONCE)]
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(SETTINGS) as engine:
        intake, owner = simulated(engine, Path(folder), first_seed)
        for hour in HOURS:
            for week, accounts in summarised(engine, intake, owner, hour):
                looks[week].append(look(accounts, nulls, ever[week]))
    seeds = range(first_seed, first_seed + AT_ONCE)
    return [
        {"seed": seed, "looks": seen, "ever": sorted(best.values(), reverse=True)}
        for seed, seen, best in zip(seeds, looks, ever, strict=True)
    ]


def simulated(engine: DuckDBEngine, folder: Path, first_seed: int) -> tuple[Intake, dict[int, int]]:
    """Write and take in the weeks side by side; the week of every account key."""
    pool, owner, declared = load_pool("B"), dict[int, int](), []
    for week in range(AT_ONCE):
        log = folder / str(week)
        simulate(WEEK, log, first_seed + week, pool)
        declared.append(pq.read_table(log / "accounts.parquet"))
        owner |= dict.fromkeys(hash64(declared[-1]["account_id"].combine_chunks()).tolist(), week)
    whole = folder / "accounts.parquet"
    pq.write_table(pa.concat_tables(declared), whole)
    paths = tuple(folder / str(week) / "exchanges" for week in range(AT_ONCE))
    assert len(owner) == sum(map(len, declared)), "two weeks share an account"
    return take_in(engine, Source(paths, whole), SETTINGS), owner


def summarised(
    engine: DuckDBEngine, intake: Intake, owner: dict[int, int], hour: int
) -> Iterator[tuple[int, Accounts]]:
    """The accounts of each week as they are known at an hour."""
    end = int((WEEK.start + timedelta(hours=hour)).timestamp())
    cut = engine.keep(intake.sketched.filter(intake.sketched.second < end), f"until_{hour}")
    profiles = profile.assemble(engine.run(profile.totals(cut)), engine.run(profile.facets(cut)))
    table = account_table(profiles, intake.accounts, engine.run(countries_of(cut)))
    rows = list(traits_of(engine, cut, table, SETTINGS, f"_{hour}"))
    week = np.array([owner[key] for key in profiles.keys.tolist()])
    of_rows = [np.array([owner[key] for key in part["account_key"].to_pylist()], np.int64) for part in rows]
    for number in range(AT_ONCE):
        own = week == number
        shown = [part.filter(pa.array(place == number)) for part, place in zip(rows, of_rows, strict=True)]
        facets = {name: block[own] for name, block in profiles.facets.items()}
        seconds = (profiles.first_second[own], profiles.last_second[own])
        yield number, together.accounts_of(profiles.exchanges[own], seconds, facets, shown, profiles.keys[own])


def look(accounts: Accounts, nulls: Nulls, ever: dict[str, float]) -> Look:
    """Score the groups of strangers at one look, and remember the most that each has ever reached."""
    groups = together.form_groups(accounts, SETTINGS)
    if not len(groups):
        return {"groups": 0, "reached": [0] * len(LEVELS), "accused": 0}
    scores = score(accounts, groups, nulls, SETTINGS.false_discovery_fraction)
    strangers = ~declared_groups(accounts, groups)
    for row in np.flatnonzero(strangers).tolist():
        name = "\0".join(f"{trait.kind} {trait.value}" for trait in groups.traits[row])
        ever[name] = max(ever.get(name, -np.inf), round(float(scores.total[row]), 2))
    bits = scores.total[strangers]
    return {
        "groups": len(bits),
        "reached": [int((bits >= level).sum()) for level in LEVELS],
        "accused": int((scores.accused & strangers).sum()),
    }


def done(weeks: int) -> list[Look]:
    """Every week, simulated now or before."""
    KEPT.mkdir(parents=True, exist_ok=True)
    firsts = range(FIRST_SEED, FIRST_SEED + weeks, AT_ONCE)
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(firsts))) as workers:
        running = {first: workers.submit(weeks_from, first) for first in firsts if not _kept(first).exists()}
        for first, result in running.items():
            _kept(first).write_text(json.dumps(result.result()))
            print(f"weeks {first} to {first + AT_ONCE - 1}", file=sys.stderr, flush=True)
    return [week for first in firsts for week in json.loads(_kept(first).read_text())]


def _kept(first_seed: int) -> Path:
    return KEPT / f"{first_seed}.json"


def table_of_looks(weeks: list[Look]) -> list[str]:
    lines = [
        "| hour | groups of strangers | reach 3 bits (0.125 allowed) | 5 (0.031) | 8 (0.004) | weeks with an accusation |",
        "|---|---|---|---|---|---|",
    ]
    for place, hour in enumerate(HOURS):
        seen = [week["looks"][place] for week in weeks]
        groups = sum(one["groups"] for one in seen)
        shares = [sum(one["reached"][LEVELS.index(level)] for one in seen) / max(groups, 1) for level in (3, 5, 8)]
        accused = sum(one["accused"] > 0 for one in seen)
        lines.append(f"| {hour} | {groups:,} | " + " | ".join(f"{s:.5f}" for s in shares) + f" | {accused} |")
    return lines


def table_of_most(weeks: list[Look]) -> list[str]:
    bits = np.concatenate([week["ever"] for week in weeks])
    lines = [
        "| bits | groups | ever reached | share | 95 % interval | allowed | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in exceedance(bits, list(LEVELS)):
        interval = f"{row.low_fraction:.5f} to {row.high_fraction:.5f}"
        said = "yes" if row.holds else "NO"
        share = row.exceeding / len(bits)
        lines.append(
            f"| {row.bits} | {len(bits):,} | {row.exceeding} | {share:.5f} | {interval} | {2**-row.bits:.5f} | {said} |"
        )
    return lines


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    weeks = done(count)
    accused = sum(any(one["accused"] for one in week["looks"]) for week in weeks)
    text = f"""# Looking again and again

`python lab/anytime.py {count}`

{len(weeks):,} benign weeks of about {WEEK.accounts} accounts and their innocent twins, half B of prompts and clients,
looked at {len(HOURS)} times each. Machine: {os.cpu_count()} cores.

## The most that a group ever reached, over all looks

{chr(10).join(table_of_most(weeks))}

Weeks with a group of strangers accused at any look: **{accused} of {len(weeks):,}**
({SETTINGS.false_discovery_fraction:.0%} allowed at each look alone).

## Each look alone

{chr(10).join(table_of_looks(weeks))}
"""
    OUT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
