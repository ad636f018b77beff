"""Time and memory of a scan against exchanges at fixed accounts, and against accounts at fixed exchanges.

Usage: growth.py [--exchanges 300000 1000000 ...] [--scales 0.01 0.03 ...]. Scenario june, other seeds than fitted on.
Each log is written, measured (`scan_cost`) and dropped. Writes lab/results/growth.md and growth.svg; the exponents are
slopes of a straight line through the logarithms, by least squares, with the slope between the last two points beside.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from growth_plot import drawn
from scan_cost import Limit, ScanCost, limit, scan_cost

from stillwatch.simulate import load_pool, load_scenario, simulate

OUT = Path(__file__).parent / "results/growth.md"
SEED = 11
FIXED_SCALE, FIXED_EXCHANGES = 0.1, 1_000_000
EXCHANGES = (300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000)
SCALES = (0.01, 0.03, 0.1, 0.3, 1.0)
MIB = 2**20
COLUMNS = "| exchanges | accounts | seconds | cpu, s | bare DuckDB scan, cpu s | peak, MiB | spilled, MB |"


def write(exchanges: int, scale: float, log: Path) -> None:
    """Write a june log of about so many exchanges, of all accounts times a scale."""
    scenario = load_scenario("june").scaled(scale)
    whole = scenario.exchanges + sum(operator.exchanges for operator in scenario.operators)
    operators = tuple(replace(o, exchanges=o.exchanges * exchanges // whole) for o in scenario.operators)
    sized = replace(scenario, exchanges=scenario.exchanges * exchanges // whole, operators=operators)
    simulate(sized, log, SEED, load_pool("B", None))


def measured(exchanges: int, scale: float) -> tuple[ScanCost, Limit]:
    """Write, measure and drop one log."""
    with tempfile.TemporaryDirectory(prefix="growth-") as place:
        log = Path(place) / "log"
        write(exchanges, scale, log)
        least = limit(log)
        cost = scan_cost(log, Path(place) / "out")
    spilled = sum(stage["spilled_bytes"] for stage in cost.stages)
    print(row(cost, least), spilled, flush=True)
    return cost, least


def row(cost: ScanCost, least: Limit) -> str:
    spilled = sum(stage["spilled_bytes"] for stage in cost.stages)
    return (
        f"| {cost.exchanges:,} | {cost.accounts:,} | {cost.seconds:,.0f} | {cost.cpu_seconds:,.0f} "
        f"| {least.duckdb[1]:.1f} | {cost.peak_bytes / MIB:,.0f} | {spilled / 1e6:,.0f} |"
    )


def exponents(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """The slope of logarithms over all points, and that between the last two."""
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(values, float))
    return float(np.polyfit(x, y, 1)[0]), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def section(title: str, axis: str, found: Sequence[tuple[ScanCost, Limit]]) -> str:
    """One table and its exponents."""
    sizes = [getattr(cost, axis) for cost, _ in found]
    lines = [f"## {title}", "", COLUMNS, "|---|---|---|---|---|---|---|", *(row(*pair) for pair in found), ""]
    for name, values in (
        ("processor seconds", [cost.cpu_seconds for cost, _ in found]),
        ("peak memory", [float(cost.peak_bytes) for cost, _ in found]),
    ):
        whole, last = exponents(sizes, values)
        lines.append(f"{name.capitalize()} grow with {axis} to the power {whole:.2f}; {last:.2f} at the end.")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--exchanges", type=int, nargs="+", default=list(EXCHANGES))
    parser.add_argument("--scales", type=float, nargs="+", default=list(SCALES))
    parser.add_argument("--fixed-exchanges", type=int, default=FIXED_EXCHANGES)
    asked = parser.parse_args()
    longer = [measured(exchanges, FIXED_SCALE) for exchanges in asked.exchanges]
    wider = [measured(asked.fixed_exchanges, scale) for scale in asked.scales]
    scales = [f"{scale:g}" for scale in asked.scales]
    exchanges = " ".join(map(str, asked.exchanges))
    command = f"python lab/growth.py --exchanges {exchanges} --scales {' '.join(scales)}"
    command += f" --fixed-exchanges {asked.fixed_exchanges}"
    machine = f"{os.cpu_count()} cores, 24 GiB, shared with other work: processor seconds are what counts."
    text = [
        f"# Growth of a scan\n\n`{command}`\n\n{machine}\n\n![growth](growth.svg)\n",
        section("More exchanges of the same accounts", "exchanges", longer),
        section("More accounts with the same exchanges", "accounts", wider),
    ]
    OUT.write_text("\n".join(text), "utf-8")
    curves = {
        "against exchanges": [(cost.exchanges, cost.cpu_seconds, cost.peak_bytes / MIB) for cost, _ in longer],
        "against accounts": [(cost.accounts, cost.cpu_seconds, cost.peak_bytes / MIB) for cost, _ in wider],
    }
    OUT.with_suffix(".svg").write_text(drawn(curves), "utf-8")


if __name__ == "__main__":
    main()
