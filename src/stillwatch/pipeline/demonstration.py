"""The demo's other half: traffic is simulated, and what was found is compared with the truth.

In: a scenario, or a scan and labels that no detector reads. Out: log files, or a `Comparison`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
import pyarrow.parquet as pq
from rich.table import Table

from stillwatch import simulate as simulator
from stillwatch.bench.found import ACCUSING
from stillwatch.errors import UsageError
from stillwatch.types import Campaign, Scan

SHOWN_FRACTION = 0.1  # a target with less of an operator's exchanges is not compared


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
        return tuple(name for name, fraction in self.found_fractions.items() if fraction >= SHOWN_FRACTION)


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
    places: Mapping[str, str] | None = None,
    sources: str = "all",
    prompts: Path | None = None,
) -> simulator.Simulated:
    """Write labelled traffic of a scenario as log files.

    Args:    days: length of the window, None for the scenario's own; places: points of axes to put its operators at.
    """
    if sources not in get_args(simulator.Sources):
        raise UsageError(f"--sources {sources!r}: give one of {', '.join(get_args(simulator.Sources))}")
    pool = simulator.load_pool(cast("simulator.Sources", sources), prompts)
    chosen = simulator.load_scenario(scenario)
    chosen = (chosen.over(days) if days is not None else chosen).scaled(scale)
    return simulator.simulate(simulator.at(chosen, places) if places else chosen, out, seed, pool)


def compare(result: Scan, labels: Path) -> Comparison:
    """Compare accused accounts and targets with the simulator's labels."""
    accounts = pq.read_table(labels / "accounts.parquet")
    operator = dict(zip(accounts["account_id"].to_pylist(), accounts["operator"].to_pylist(), strict=True))
    kind = dict(zip(accounts["account_id"].to_pylist(), accounts["kind"].to_pylist(), strict=True))
    accused = [c for c in result.campaigns if c.verdict in ACCUSING]
    members = [[str(m.account_id) for m in c.members] for c in accused]
    flat = {account for campaign in members for account in campaign}
    guilty = {account for account, name in operator.items() if name}
    innocents: dict[str, int] = {}
    for account in flat - guilty:
        innocents[kind[account]] = innocents.get(kind[account], 0) + 1
    targets = _true_targets(labels)
    names = sorted({name for name in operator.values() if name})
    return Comparison(
        operators=tuple(_operator(name, operator, accused, members, targets) for name in names),
        innocents=innocents,
        recall_fraction=len(flat & guilty) / max(len(guilty), 1),
        precision_fraction=len(flat & guilty) / len(flat) if flat else 1.0,
    )


def _operator(
    name: str,
    operator: dict[str, str],
    accused: list[Campaign],
    members: list[list[str]],
    targets: dict[str, tuple[str, ...]],
) -> OperatorResult:
    own = {account for account, owner in operator.items() if owner == name}
    overlap = np.array([len(own.intersection(campaign)) for campaign in members])
    mostly = [i for i, campaign in enumerate(members) if 2 * overlap[i] > len(campaign)]
    held, size = sum(int(overlap[i]) for i in mostly), sum(len(members[i]) for i in mostly)
    shares = [t for i in mostly[:1] for t in accused[i].targets]
    return OperatorResult(
        operator=name,
        accounts=len(own),
        campaigns=len(mostly),
        recall_fraction=held / max(len(own), 1),
        precision_fraction=held / size if size else 0.0,
        true_targets=targets.get(name, ()),
        found_fractions={str(t.target): t.share_fraction for t in shares},
    )


def _true_targets(labels: Path) -> dict[str, tuple[str, ...]]:
    """Targets with a tenth of an operator's harvesting exchanges or more, largest first."""
    rows = pq.read_table(labels / "exchanges.parquet", columns=["operator", "target", "kind"])
    counted = rows.group_by(["operator", "target", "kind"]).aggregate([([], "count_all")]).to_pylist()
    by_operator: dict[str, dict[str, int]] = {}
    for row in counted:
        if row["operator"] and row["kind"] == "campaign":
            by_operator.setdefault(row["operator"], {})[row["target"]] = row["count_all"]
    return {
        name: tuple(
            t
            for t, n in sorted(counts.items(), key=lambda pair: -pair[1])
            if n >= SHOWN_FRACTION * sum(counts.values())
        )
        for name, counts in by_operator.items()
    }
