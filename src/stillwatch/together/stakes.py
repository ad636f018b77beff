"""How a run stakes its error rate on hypotheses: as much on each size, and more on kinds that give campaigns away.

In: groups, and stakes by kind. Out: bits that each group is ahead by when e-BH compares it. Stakes average to one over
a run's groups, whatever was learnt, so the expected share of false accusations stays bounded (weighted e-BH). A
campaign may be of any size, but nine groups in ten are small: staked alike, they would take nearly all.
Sources: Wang & Ramdas 2022 (weighted e-BH); Ignatiadis, Wang & Ramdas 2024, E-values as unnormalized weights.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.groups import Groups
from stillwatch.together.null import size_class

_EVEN = 0.5  # of every stake that is not learnt: a campaign to come need not surface as those known
_PENALTY = 0.05  # on squared logarithms: a kind of which few campaigns tell stays near the others


def kinds_of(groups: Groups) -> npt.NDArray[np.str_]:
    """Name the kind of every hypothesis: its one or two kinds of trait."""
    kinds, code = groups.kinds
    return np.array(["+".join(some) for some in kinds], np.str_)[code]


def stakes_bits(groups: Groups, stakes: Mapping[str, float]) -> Floats:
    """Log2 of each group's stake as a multiple of the run's mean; 0 where nothing was learnt."""
    if not stakes or not len(groups):
        return np.zeros(len(groups))
    staked = np.array([stakes.get(str(kind), _EVEN) for kind in kinds_of(groups)]) * even_by_size(groups)
    return np.asarray(np.log2(staked / staked.mean()))


def even_by_size(groups: Groups) -> Floats:
    """Stakes by which every size has the same part of the whole, whatever the kind; their mean is one."""
    size = size_class(np.asarray(groups.members.sum(axis=1), float).ravel())
    even = 1 / np.bincount(size)[size]
    return np.asarray(even / even.mean())


def fit_stakes(logs: Sequence[tuple[npt.NDArray[np.str_], Floats, Floats, Mask]]) -> dict[str, float]:
    """Learn the stakes by which the mean e-value of campaigns' groups grows fastest; every log counts the same.

    Args:    logs: kind, stake by size and bits of every group of a log, and which groups are a campaign's.
    """
    known = sorted({str(kind) for kinds, *_ in logs for kind in kinds})
    counts, worth = [], []
    for kinds, even, bits, guilty in logs:
        place = np.searchsorted(known, kinds)
        if guilty.any():
            counts.append(np.bincount(place, even, minlength=len(known)) / len(kinds))
            worth.append(np.bincount(place[guilty], even[guilty] * np.exp2(bits[guilty]), minlength=len(known)))
    share, value = np.array(counts), np.array(worth)

    def loss(logs_of_stakes: Floats) -> float:
        stakes = np.exp(logs_of_stakes)
        return float(np.sum(np.log(share @ stakes) - np.log(value @ stakes)) + _PENALTY * np.sum(logs_of_stakes**2))

    learnt = np.exp(minimize(loss, np.zeros(len(known)), method="BFGS").x)
    learnt /= float(share.mean(axis=0) @ learnt)
    return dict(zip(known, ((1 - _EVEN) * learnt + _EVEN).tolist(), strict=True))
