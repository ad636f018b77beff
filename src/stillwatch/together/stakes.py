"""How a run stakes its error rate on hypotheses: kinds of groups through which campaigns come to light count more.

In: groups, and stakes by kind. Out: bits that each group is ahead by when e-BH compares it. Stakes average to one over
a run's groups, whatever was learnt, so the expected share of false accusations stays bounded (weighted e-BH).
Sources: Wang & Ramdas 2022 (weighted e-BH); Ignatiadis, Wang & Ramdas 2024, E-values as unnormalized weights.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.groups import Groups

_EVEN = 0.3  # of every stake that is not learnt: a campaign to come need not surface as those known
_PENALTY = 0.05  # on squared logarithms: a kind of which few campaigns tell stays near the others


def kinds_of(groups: Groups) -> npt.NDArray[np.str_]:
    """Name the kind of every hypothesis: its one or two kinds of trait."""
    kinds, code = groups.kinds
    return np.array(["+".join(some) for some in kinds], np.str_)[code]


def stakes_bits(groups: Groups, stakes: Mapping[str, float]) -> Floats:
    """Log2 of each group's stake as a multiple of the run's mean; 0 where nothing was learnt."""
    staked = np.array([stakes.get(str(kind), _EVEN) for kind in kinds_of(groups)])
    return np.asarray(np.log2(staked / staked.mean())) if stakes and len(staked) else np.zeros(len(staked))


def fit_stakes(logs: Sequence[tuple[npt.NDArray[np.str_], Floats, Mask]]) -> dict[str, float]:
    """Learn the stakes by which the mean e-value of campaigns' groups grows fastest; every log counts the same.

    Args:    logs: kind and bits of every group of a log, and which groups are a campaign's.
    """
    known = sorted({str(kind) for kinds, _, _ in logs for kind in kinds})
    counts, worth = [], []
    for kinds, bits, guilty in logs:
        place = np.searchsorted(known, kinds)
        if guilty.any():
            counts.append(np.bincount(place, minlength=len(known)) / len(kinds))
            worth.append(np.bincount(place[guilty], np.exp2(bits[guilty]), minlength=len(known)))
    share, value = np.array(counts), np.array(worth)

    def loss(logs_of_stakes: Floats) -> float:
        stakes = np.exp(logs_of_stakes)
        return float(np.sum(np.log(share @ stakes) - np.log(value @ stakes)) + _PENALTY * np.sum(logs_of_stakes**2))

    learnt = np.exp(minimize(loss, np.zeros(len(known)), method="BFGS").x)
    learnt /= float(share.mean(axis=0) @ learnt)
    return dict(zip(known, ((1 - _EVEN) * learnt + _EVEN).tolist(), strict=True))
