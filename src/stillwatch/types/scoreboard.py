"""The benchmark: how detectors did, point by point of its axes."""

from collections.abc import Mapping
from dataclasses import dataclass

OURS = "stillwatch"
"""What Stillwatch is called among the detectors of the benchmark."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with its 95 % interval."""

    mean: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one detector did at one point of the benchmark, over `seeds` runs.

    axes, points: where the point lies, empty for the middle. errors: what went wrong in runs that gave no result.
    metrics: by column of `tables.BENCH_ROWS`. innocents: accounts accused by mistake, by kind, summed over the runs.
    """

    detector: str
    axes: tuple[str, ...]
    points: tuple[str, ...]
    seeds: int
    errors: tuple[str, ...]
    metrics: Mapping[str, Estimate]
    innocents: Mapping[str, int]

    @property
    def breaks(self) -> bool:
        """Whether the detector falls below 0.5 recall here, or accuses an innocent."""
        recall = self.metrics.get("account_recall_fraction")
        return bool(self.innocents) or (recall is not None and recall.mean < 0.5)


@dataclass(frozen=True, slots=True)
class BenchAxis:
    """One way in which a campaign can be made harder; points from easy to hard."""

    name: str
    meaning: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The benchmark's result. breaking: where Stillwatch fails, worst first, and `broken_axes` among them.

    exceedance: by detector and b, over benign logs: groups checked, and those that reached b bits.
    """

    version: str
    scenario: str
    scale: float
    seeds: int
    axes: tuple[BenchAxis, ...]
    standings: tuple[Standing, ...]
    breaking: tuple[Standing, ...]
    broken_axes: tuple[str, ...]
    exceedance: Mapping[str, Mapping[int, tuple[int, int]]]
