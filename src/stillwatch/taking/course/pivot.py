"""Release pivot: right after a model is released, traffic moves to it faster than customers' does.

Source: February and June 2026 disclosures: half of the traffic, or all of it, moved within a day of a release. Claims: a
difference in differences. Per customer, the change in the share of the new model from the week before the release to
the hours after it, less the mean change of all customers; times the exchanges of those hours. Ranked among customers
that asked before: who only came for the release has nothing to move.
Exemptions: fewer than 20 exchanges in the week before, none after it, or a log that ends within two hours of it.
Innocent twins: a benchmark on release day (it did not ask before); a company that changes its default on the day (a
customer here, however many seats it has, and one of those that the campaign is ranked among).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.bits import calibrate_bits, conformal_p, mean_bits
from stillwatch.settings import Release
from stillwatch.taking.counts import Vector
from stillwatch.taking.course.customers import AFTER_HOURS, CUSTOMER_EXCHANGES

EXPONENT = 1.0  # hours after a release only the quickest accounts of a campaign have moved: its share is small yet


@dataclass(frozen=True, slots=True)
class Moved:
    """Traffic around one release and up to one time after it, of every customer that can be ranked, [n]."""

    customers: tuple[str, ...]
    accused: np.ndarray
    before: Vector
    new_before: Vector
    after: Vector
    new: Vector

    @property
    def change(self) -> Vector:
        """Change in the share of the new model, from before to after."""
        return np.asarray(self.new / self.after - self.new_before / self.before)

    def excess(self, row: int) -> Vector:
        """Exchanges beyond organic uptake, weighed by their share: of a campaign first, then of every other customer.

        Uptake is the mean change over the very customers that are ranked, the campaign included: a symmetric
        function of them all, so that the ranks stay exchangeable.
        """
        ranked = np.concatenate([[row], np.flatnonzero(~self.accused)])
        change = self.change[ranked] - self.change[ranked].mean()
        return np.asarray(self.after[ranked] * np.maximum(change, 0.0) ** (1.0 + EXPONENT))


def moved(counted: pa.Table, release: int, hours: int) -> Moved:
    """Turn the result of `release_counts` into arrays, for one release and one time after it."""
    rows = counted.filter(pc.equal(counted["release"], release))
    columns = {name: rows[name].to_numpy().astype(float) for name in ("before", "new_before")}
    after, new = (rows[f"{name}_{hours}"].to_numpy().astype(float) for name in ("after", "new"))
    keep = (columns["before"] >= CUSTOMER_EXCHANGES) & (after > 0)
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
    organic = float(np.delete(traffic.change, np.flatnonzero(traffic.accused)).mean()) if others else 0.0
    words = (
        f"within {hours} hours of the release of {release.model}, {int(traffic.new[row]):,} of "
        f"{int(traffic.after[row]):,} exchanges ({100 * traffic.new[row] / traffic.after[row]:.0f} %) had moved to it, "
        f"other customers' {100 * organic:.0f} % on average; {round(p * (others + 1)) - 1:,} of {others:,} of them "
        "moved as much beyond that"
    )
    return float(calibrate_bits(np.log(p))), words
