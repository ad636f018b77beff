"""The demo's other half: traffic is simulated, and what was found is compared with the truth.

In: a scenario, or a simulated log with labels and what a scan of it wrote. Out: log files, or a `Comparison`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import pyarrow.compute as pc
from rich.table import Table

from stillwatch import bench
from stillwatch import simulate as simulator
from stillwatch.errors import UsageError

SHOWN_FRACTION = 0.1  # a target with less of an operator's exchanges, in whole percent, is not compared


@dataclass(frozen=True, slots=True)
class OperatorResult:
    """How one simulated operator came out. campaigns: how many campaigns hold most of it; fractions are 0..1.

    found_fractions: the share of each target found, the largest first; `found_targets` are those of a tenth or more.
    """

    operator: str
    accounts: int
    campaigns: int
    recall_fraction: float
    precision_fraction: float
    true_targets: tuple[str, ...]
    found_fractions: dict[str, float]

    @property
    def found_targets(self) -> tuple[str, ...]:
        """Targets with a tenth of what was taken or more, the largest first."""
        return tuple(name for name, fraction in self.found_fractions.items() if _is_shown(fraction))


@dataclass(frozen=True, slots=True)
class Comparison:
    """All operators, and the innocents that were put into an accused campaign, by kind."""

    operators: tuple[OperatorResult, ...]
    innocents: dict[str, int]
    recall_fraction: float
    precision_fraction: float

    def as_table(self) -> Table:
        """Give a table for the terminal."""
        table = Table(title="against the truth (labels that the scan never read)", title_justify="left")
        for column in ("operator", "accounts", "campaigns", "recall", "precision", "true targets", "found targets"):
            table.add_column(column, justify="left" if "targets" in column or column == "operator" else "right")
        for row in self.operators:
            table.add_row(
                row.operator,
                f"{row.accounts:,}",
                str(row.campaigns),
                f"{row.recall_fraction:.3f}",
                f"{row.precision_fraction:.3f}",
                ", ".join(row.true_targets),
                ", ".join(row.found_targets),
            )
        innocents = ", ".join(f"{kind} {n}" for kind, n in sorted(self.innocents.items())) or "none"
        table.caption = f"innocent accounts accused: {innocents}"
        return table


def simulate(  # noqa: PLR0913 - what a scenario can be told
    scenario: str,
    out: Path,
    *,
    seed: int,
    scale: float = 1.0,
    days: int | None = None,
    hours: tuple[float, float] | None = None,
    places: Mapping[str, str] | None = None,
    sources: str = "all",
    prompts: Path | None = None,
) -> simulator.Simulated:
    """Write labelled traffic of a scenario as log files.

    Args:    days: length of the window, None for the scenario's own; hours: of it that are written, None for all;
             places: points of axes to put its operators at.
    """
    if sources not in get_args(simulator.Sources):
        raise UsageError(f"--sources {sources!r}: give one of {', '.join(get_args(simulator.Sources))}")
    pool = simulator.load_pool(cast("simulator.Sources", sources), prompts)
    chosen = simulator.load_scenario(scenario)
    chosen = (chosen.over(days) if days is not None else chosen).scaled(scale)
    chosen = simulator.at(chosen, places) if places else chosen
    return simulator.simulate(chosen.between(*hours) if hours else chosen, out, seed, pool)


def compare(log: Path, out: Path) -> Comparison:
    """Compare what a scan wrote into `out` with the simulator's labels, by the judge of the benchmark."""
    truth = bench.read_truth(log)
    found = bench.read_found(out, truth.owner)
    judged = bench.judge(truth, [bench.Look(truth.moments(1)[-1], found)])
    return Comparison(
        operators=tuple(_operator(name, truth, found) for name in truth.operators),
        innocents=dict(judged.innocents_by_kind),
        recall_fraction=judged.account_recall_fraction or 0.0,
        precision_fraction=1.0 if judged.account_precision_fraction is None else judged.account_precision_fraction,
    )


def _operator(name: str, truth: bench.Truth, found: bench.Found) -> OperatorResult:
    own = {account for account, owner in truth.owner.items() if owner == name}
    mostly = [accounts for accounts in found.campaigns.values() if 2 * len(own & accounts) > len(accounts)]
    held, size = (sum(len(part) for part in parts) for parts in ([own & m for m in mostly], mostly))
    mine = truth.exchanges.filter(pc.equal(truth.exchanges["operator"], name))
    true = mine.filter(pc.equal(mine["kind"], bench.TAKEN_KIND))["target"].to_pylist()
    listed = found.exchanges or {}
    named = [listed[exchange] for exchange in mine["exchange_id"].to_pylist() if exchange in listed]
    return OperatorResult(
        operator=name,
        accounts=len(own),
        campaigns=len(mostly),
        recall_fraction=held / max(len(own), 1),
        precision_fraction=held / size if size else 0.0,
        true_targets=tuple(target for target, share in _shares(true).items() if _is_shown(share)),
        found_fractions=_shares(named),
    )


def _is_shown(share: float) -> bool:
    return round(share, 2) >= SHOWN_FRACTION


def _shares(targets: Sequence[str]) -> dict[str, float]:
    """Give the share of each target, the largest first."""
    return {target: count / len(targets) for target, count in Counter(targets).most_common()}
