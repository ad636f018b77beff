"""How far match weights are trusted: a factor for each family, and a shift, so that odds are what they say.

In: match weights of accounts of which it is known whether they belong. Out: `Trust`. Weights of different families
depend on each other, an operator's own quiet accounts weigh little, and the prior knows only the core; all that is
learnt from simulated campaigns rather than argued. Read `membership` next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.likeness import FAMILIES


@dataclass(frozen=True, slots=True)
class Trust:
    """factors: of each family's match weights, 1 where none is given; shift_bits: what is added to the prior."""

    factors: Mapping[str, float] = field(default_factory=dict)
    shift_bits: float = 0.0

    def of(self, family: str) -> float:
        """The factor of a family."""
        return self.factors.get(family, 1.0)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Accounts beside one campaign: families [accounts, families] and prior in bits, and who belongs."""

    families: Floats
    prior_bits: float
    belongs: Mask


def fit_trust(campaigns: list[Labelled]) -> Trust:
    """Learn factors and shift by logistic regression on bits, the prior at face value; no family speaks backwards.

    A penalty of one squared difference from 1 for each factor keeps a family in use that few campaigns tell about.
    Source:  Platt 1999, Probabilistic outputs for support vector machines; here with one slope for each family.
    """
    families = np.vstack([one.families for one in campaigns])
    prior = np.concatenate([np.full(len(one.belongs), one.prior_bits) for one in campaigns])
    sign = np.where(np.concatenate([one.belongs for one in campaigns]), -1.0, 1.0) * np.log(2)

    def loss(free: Floats) -> tuple[float, npt.NDArray[np.float64]]:
        against = sign * (prior + free[0] + families @ free[1:])
        slope = sign * np.exp(-np.logaddexp(0, -against))
        gradient = np.concatenate([[slope.sum()], slope @ families + 2 * (free[1:] - 1)])
        return float(np.logaddexp(0, against).sum() + ((free[1:] - 1) ** 2).sum()), gradient

    start = np.concatenate([[0.0], np.ones(families.shape[1])])
    bounds = [(None, None), *[(0.0, None)] * families.shape[1]]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Trust(dict(zip(FAMILIES, found[1:].tolist(), strict=True)), float(found[0]))
