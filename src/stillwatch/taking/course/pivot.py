"""Release pivot: right after a model is released, traffic moves to it faster than customers' does.

Source: the disclosures of 2026: half of the traffic, or all of it, moved within a day of a release. Claims: a
difference in differences. Per customer, the change in the share of the new model from the week before the release to
the hours after it, less the mean change of all customers; of that the lower end of its interval (one exchange moved is
no habit), times the exchanges of those hours. Ranked among customers that asked before: who only came for the
release has nothing to move.
Exemptions: fewer than 20 exchanges in the week before, or a log that ends within two hours of the release.
Innocent twins: a benchmark on release day (it did not ask before); a company that changes its default on the day (a
customer here, however many seats it has, and one of those that the campaign is ranked among).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.bits import calibrate_bits, conformal_p, mean_bits
from stillwatch.settings import Release
from stillwatch.taking.counts import Vector
from stillwatch.taking.course.customers import AFTER_HOURS, CUSTOMER_EXCHANGES
from stillwatch.taking.harvest import share_words

LIKELY_Z = 1.645  # normal quantile of a one-sided 95 % interval (Wilson 1927)


@dataclass(frozen=True, slots=True)
class Moved:
    """Traffic around one release and up to one time after it, of every customer that can be ranked, [n]."""

    customers: tuple[str, ...]
    accused: npt.NDArray[np.bool_]
    before: Vector
    new_before: Vector
    after: Vector
    new: Vector

    @property
    def change(self) -> Vector:
        """Change in the share of the new model, from before to after; 0 for who did not ask after."""
        return np.asarray(self.new / np.maximum(self.after, 1.0) - self.new_before / self.before)

    def uptake(self, ranked: npt.NDArray[np.int64]) -> float:
        """Mean change of the ranked customers that asked after the release: organic uptake.

        The campaign is one of them: a symmetric function of all that are ranked keeps the ranks exchangeable.
        """
        asked = ranked[self.after[ranked] > 0]
        return float(self.change[asked].mean()) if len(asked) else 0.0

    def excess(self, row: int) -> Vector:
        """Exchanges moved beyond organic uptake, at least: of a campaign first, then of every other customer."""
        ranked = np.concatenate([[row], np.flatnonzero(~self.accused)])
        after, new = self.after[ranked], self.new[ranked]
        sure = _lower(new, after) - self.new_before[ranked] / self.before[ranked]
        return np.asarray(np.round(after * np.maximum(sure - self.uptake(ranked), 0.0), 9))


def _lower(hits: Vector, of: Vector) -> Vector:
    """Give the lower end of Wilson's interval of a share; 0 of nothing."""
    of, z = np.maximum(of, 1.0), LIKELY_Z**2
    share = hits / of
    spread = LIKELY_Z * np.sqrt(share * (1 - share) / of + z / (4 * of**2))
    return np.asarray((share + z / (2 * of) - spread) / (1 + z / of))


def moved(counted: pa.Table, release: int, hours: int) -> Moved:
    """Turn the result of `release_counts` into arrays, for one release and one time after it."""
    rows = counted.filter(pc.equal(counted["release"], release))
    columns = {name: rows[name].to_numpy().astype(float) for name in ("before", "new_before")}
    after, new = (rows[f"{name}_{hours}"].to_numpy().astype(float) for name in ("after", "new"))
    keep = columns["before"] >= CUSTOMER_EXCHANGES
    names = np.array(rows["customer"].to_pylist(), object)[keep]
    accused = np.array(rows["accused"].to_pylist(), bool)[keep]
    return Moved(tuple(names), accused, columns["before"][keep], columns["new_before"][keep], after[keep], new[keep])


def looks(release: Release, last_second: int) -> tuple[int, ...]:
    """Hours after a release that lie in the log in full."""
    since = (last_second - release.at.timestamp()) / 3_600
    return tuple(hours for hours in AFTER_HOURS if hours <= since)


def judge_pivot(
    counted: pa.Table, releases: Sequence[Release], last_second: int, campaign: str
) -> tuple[float, str] | None:
    """Give bits and a sentence; None if no release lies in the campaign's time.

    The looks after a release depend on each other, and so do releases: their e-values are averaged.
    """
    found: list[tuple[float, str]] = []
    for number, release in enumerate(releases):
        for hours in looks(release, last_second):
            traffic = moved(counted, number, hours)
            if campaign in traffic.customers:
                found.append(_judged(traffic, release, hours, traffic.customers.index(campaign)))
    if not found:
        return None
    strongest = max(found, key=lambda one: one[0])
    averaged = "" if len(found) == 1 else f"; {len(found)} looks of this kind, averaged"
    return float(mean_bits([bits for bits, _ in found])), strongest[1] + averaged


def _judged(traffic: Moved, release: Release, hours: int, row: int) -> tuple[float, str]:
    excess = traffic.excess(row)
    others = len(excess) - 1
    p = float(conformal_p(excess[0], excess[1:], "upper"))
    organic = traffic.uptake(np.flatnonzero(~traffic.accused))
    words = (
        f"within {hours} hours of the release of {release.model}, "
        f"{share_words(int(traffic.new[row]), int(traffic.after[row]))} exchanges had moved to it, other customers' "
        f"{100 * organic:.0f} % on average; {round(p * (others + 1)) - 1:,} of {others:,} of them moved as much"
    )
    return float(calibrate_bits(np.log(p))), words
