"""Means over seeds with intervals.

In: one value a seed. Out: an `Estimate`. The seed is the unit: accounts of one campaign stand or fall together, so
counting accounts would promise too much.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy import stats

from stillwatch.types import Estimate

CONFIDENCE_FRACTION = 0.95


def fraction_estimate(values: Sequence[float]) -> Estimate:
    """Mean of fractions with a Wilson interval, the seeds taken as coin flips: no value in 0..1 varies more.

    Raises:  ValueError: no values, or one outside 0..1.
    """
    if not values or min(values) < 0 or max(values) > 1:
        raise ValueError("fractions must be from 0 to 1, one at least")
    mean = float(np.mean(values))
    low, high = wilson(mean * len(values), len(values))
    return Estimate(mean, min(low, mean), max(high, mean), len(values))


def mean_estimate(values: Sequence[float]) -> Estimate:
    """Mean of any numbers with a percentile-bootstrap interval over seeds; one seed has no interval but its value.

    Raises:  ValueError: no values.
    """
    if not values:
        raise ValueError("a mean needs one value at least")
    mean = float(np.mean(values))
    if min(values) == max(values):
        return Estimate(mean, mean, mean, len(values))
    drawn = stats.bootstrap(
        (np.asarray(values, float),), np.mean, confidence_level=CONFIDENCE_FRACTION, method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return Estimate(mean, min(float(drawn.low), mean), max(float(drawn.high), mean), len(values))


def wilson(hits: float, trials: float) -> tuple[float, float]:
    """Give the 95 % Wilson interval of a fraction; `hits` need not be whole.

    >>> [round(bound, 4) for bound in wilson(5, 10)]
    [0.2366, 0.7634]

    Source:  Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    z = float(stats.norm.ppf(0.5 + CONFIDENCE_FRACTION / 2))
    fraction, width = hits / trials, 1 + z * z / trials
    middle = (fraction + z * z / (2 * trials)) / width
    half = z * sqrt(fraction * (1 - fraction) / trials + z * z / (4 * trials * trials)) / width
    return max(0.0, middle - half), min(1.0, middle + half)
