"""From rows to standings: one a detector and point, over seeds, the worst of Stillwatch first.

In: rows. Out: `Standing` values for `report`, and the check of bits over benign logs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from stillwatch.bench.intervals import fraction_estimate, mean_estimate
from stillwatch.bench.row import BenchRow
from stillwatch.types import OURS, Estimate, Standing

FRACTIONS = (
    "account_precision_fraction", "account_recall_fraction", "exchange_precision_fraction", "exchange_recall_fraction",
    "purity_fraction", "declared_recall_fraction", "target_macro_f1", "leaked_first_fraction",
)  # fmt: skip
MEANS = (
    "adjusted_rand_index", "innocents", "campaigns_found", "splits", "merges", "taken_exchanges",
    "leaked_first_exchanges", "leaked_first_tasks", "leaked_whole_exchanges", "leaked_whole_tasks",
)  # fmt: skip
COSTS = ("seconds", "peak_bytes")


def standings_of(rows: Iterable[BenchRow]) -> tuple[Standing, ...]:
    """Group rows by detector and point; the order is that of first appearance."""
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[BenchRow]] = defaultdict(list)
    for row in rows:
        groups[row.detector, row.axes, row.points].append(row)
    return tuple(_standing(name, axes, points, own) for (name, axes, points), own in groups.items())


def breaking_points(standings: Iterable[Standing], detector: str = OURS) -> tuple[Standing, ...]:
    """Give the points where a detector falls below 0.5 recall or accuses an innocent, the worst first."""
    broken = [s for s in standings if s.detector == detector and s.breaks]
    return tuple(sorted(broken, key=_severity))


def broken_axes(broken: Iterable[Standing]) -> tuple[str, ...]:
    """Name the axes that break a detector when swept alone."""
    return tuple(sorted({s.axes[0] for s in broken if len(s.axes) == 1}))


def exceedance_of(rows: Iterable[BenchRow]) -> dict[str, dict[int, tuple[int, int]]]:
    """Sum, over logs without any campaign, the groups checked and those that reached b bits, by detector and b."""
    summed: dict[str, dict[int, tuple[int, int]]] = {}
    for row in rows:
        if row.judged is None or row.judged.campaigns_true:
            continue
        for level, (groups, exceeding) in row.judged.exceedance.items():
            known = summed.setdefault(row.detector, {})
            before = known.get(int(level), (0, 0))
            known[int(level)] = (before[0] + groups, before[1] + exceeding)
    return summed


def _severity(standing: Standing) -> tuple[float, float]:
    recall, innocents = standing.metrics.get("account_recall_fraction"), standing.metrics.get("innocents")
    return (recall.mean if recall else 1.0, -(innocents.mean if innocents else 0.0))


def _standing(name: str, axes: tuple[str, ...], points: tuple[str, ...], rows: Sequence[BenchRow]) -> Standing:
    judged = [row.judged for row in rows if row.judged is not None]
    metrics: dict[str, Estimate] = {}
    for metric in FRACTIONS + MEANS:
        values = [float(v) for j in judged if (v := getattr(j, metric)) is not None]
        if values:
            metrics[metric] = (fraction_estimate if metric in FRACTIONS else mean_estimate)(values)
    for cost in COSTS:
        metrics[cost] = mean_estimate([float(getattr(row, cost)) for row in rows])
    kinds: Counter[str] = Counter()
    for j in judged:
        kinds.update(j.innocents_by_kind)
    errors = tuple(sorted({row.error for row in rows if row.error}))
    return Standing(name, axes, points, len(rows), errors, metrics, dict(sorted(kinds.items())))
