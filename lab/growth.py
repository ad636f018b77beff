"""Time and memory of a scan against exchanges at fixed accounts, and against accounts at fixed exchanges.

Usage: growth.py [--most N]. Scenario june, another seed than fitted on. Each log is written, measured (`scan_cost`) and
dropped; a point that lab/results/growth.json has is not measured again, and at most N are measured in one run (all, if
not said). Writes lab/results/growth.md and growth.svg; exponents are slopes of a straight line through the logarithms,
by least squares, with the slope between the last two points beside.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from growth_plot import drawn
from scan_cost import limit, scan_cost

from stillwatch.simulate import load_pool, load_scenario, simulate

OUT = Path(__file__).parent / "results/growth.md"
SEED = 11
FIXED_SCALE, FIXED_EXCHANGES = 0.1, 1_000_000
EXCHANGES = (300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000)
SCALES = (0.01, 0.03, 0.1, 0.3, 1.0)
MIB = 2**20
COLUMNS = "| exchanges | accounts | seconds | cpu, s | bare DuckDB scan, cpu s | peak, MiB | spilled, MB |"
HEAD = f"""# Growth of a scan

`python lab/growth.py`: scenario `june`, sources B, seed {SEED}. {os.cpu_count()} cores, 24 GiB, shared with other work:
processor seconds are what counts. n log n would be a power of 1.06 over this range of exchanges.

![growth](growth.svg)
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One log: the exchanges and the share of the accounts that were asked for, what it has, what its scan cost."""

    asked: int
    scale: float
    exchanges: int
    accounts: int
    seconds: float
    cpu_seconds: float
    bare_cpu_seconds: float
    peak_bytes: int
    spilled_bytes: int

    def row(self) -> str:
        return (
            f"| {self.exchanges:,} | {self.accounts:,} | {self.seconds:,.0f} | {self.cpu_seconds:,.0f} "
            f"| {self.bare_cpu_seconds:.1f} | {self.peak_bytes / MIB:,.0f} | {self.spilled_bytes / 1e6:,.0f} |"
        )


def write(exchanges: int, scale: float, log: Path) -> None:
    """Write a june log of about so many exchanges, of all accounts times a scale."""
    scenario = load_scenario("june").scaled(scale)
    whole = scenario.exchanges + sum(operator.exchanges for operator in scenario.operators)
    operators = tuple(replace(o, exchanges=o.exchanges * exchanges // whole) for o in scenario.operators)
    sized = replace(scenario, exchanges=scenario.exchanges * exchanges // whole, operators=operators)
    simulate(sized, log, SEED, load_pool("B", None))


def measured(exchanges: int, scale: float) -> Point:
    """Write, measure and drop one log."""
    with tempfile.TemporaryDirectory(prefix="growth-") as place:
        log = Path(place) / "log"
        write(exchanges, scale, log)
        least = limit(log)
        cost = scan_cost(log, Path(place) / "out")
    spilled = sum(stage["spilled_bytes"] for stage in cost.stages)
    point = Point(
        exchanges, scale, cost.exchanges, cost.accounts, cost.seconds, cost.cpu_seconds, least.duckdb[1],
        cost.peak_bytes, spilled,
    )  # fmt: skip
    print(point.row(), flush=True)
    return point


def points(most: int) -> list[Point]:
    """Read the points that there are and measure some of those that are missing."""
    kept = OUT.with_suffix(".json")
    found = [Point(**one) for one in json.loads(kept.read_text("utf-8"))] if kept.exists() else []
    wanted = dict.fromkeys([*((n, FIXED_SCALE) for n in EXCHANGES), *((FIXED_EXCHANGES, s) for s in SCALES)])
    missing = [one for one in wanted if one not in {(point.asked, point.scale) for point in found}]
    for exchanges, scale in sorted(missing)[:most]:
        found.append(measured(exchanges, scale))
        kept.write_text(json.dumps([asdict(point) for point in found], indent=1) + "\n", "utf-8")
    return found


def exponents(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """The slope of logarithms over all points, and that between the last two."""
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(values, float))
    return float(np.polyfit(x, y, 1)[0]), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def section(title: str, axis: str, found: Sequence[Point]) -> str:
    """One table and its exponents."""
    sizes = [getattr(point, axis) for point in found]
    lines = [f"## {title}", "", COLUMNS, "|---|---|---|---|---|---|---|", *(point.row() for point in found), ""]
    for name, values in (
        ("processor seconds", [point.cpu_seconds for point in found]),
        ("peak memory", [float(point.peak_bytes) for point in found]),
    ):
        whole, last = exponents(sizes, values)
        lines.append(f"{name.capitalize()} against {axis}: to the power {whole:.2f}, {last:.2f} at the end.")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=len(EXCHANGES) + len(SCALES))
    found = points(parser.parse_args().most)
    longer = sorted((p for p in found if p.scale == FIXED_SCALE), key=lambda p: p.exchanges)
    wider = sorted((p for p in found if p.asked == FIXED_EXCHANGES), key=lambda p: p.accounts)
    if min(len(longer), len(wider)) < 2:
        return  # no line goes through one point
    text = [
        HEAD,
        section("More exchanges of the same accounts", "exchanges", longer),
        section("More accounts with the same exchanges", "accounts", wider),
    ]
    OUT.write_text("\n".join(text), "utf-8")
    curves = {
        "against exchanges": [(p.exchanges, p.cpu_seconds, p.peak_bytes / MIB) for p in longer],
        "against accounts": [(p.accounts, p.cpu_seconds, p.peak_bytes / MIB) for p in wider],
    }
    OUT.with_suffix(".svg").write_text(drawn(curves), "utf-8")


if __name__ == "__main__":
    main()
