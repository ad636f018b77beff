"""How surprising a share of members is, when members of one group are not independent.

In: how many members show a property, how common it is among strangers. Out: bits, at most those of one draw.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from scipy.stats import betabinom

from stillwatch.bits import calibrate_bits

GROUP_CORRELATION = 0.5  # half of the variance lies between groups: a company, a class, a family share such habits


@dataclass(frozen=True, slots=True)
class GroupShare:
    """`hits` of `members` known members show a property, and `stranger_hits` of `strangers` known strangers."""

    hits: int
    members: int
    stranger_hits: int
    strangers: int

    @property
    def bits(self) -> float:
        """Give the bits against "the members are one innocent group that happens to be so".

        The members' property is beta-binomial around the strangers' rate with correlation 1/2 within a group, and
        p is never below the strangers' rate itself, (1 + stranger_hits) / (1 + strangers): even members that
        are one person many times over draw the property with that chance.

        Source:  Skellam 1948 (beta-binomial); conformal p-value of one draw, Vovk et al. 2005.
        """
        if self.hits == 0 or self.members == 0:
            return float(calibrate_bits(0.0))
        rate = (1 + self.stranger_hits) / (1 + self.strangers)
        if rate >= 1:
            return float(calibrate_bits(0.0))
        weight = (1 - GROUP_CORRELATION) / GROUP_CORRELATION
        at_least = np.arange(self.hits, self.members + 1)
        log_p = float(logsumexp(betabinom.logpmf(at_least, self.members, rate * weight, (1 - rate) * weight)))
        return float(calibrate_bits(max(min(log_p, 0.0), math.log(rate))))

    def words(self) -> str:
        """Write both shares so that they can be checked."""
        others = _share(self.stranger_hits, self.strangers)
        return f"{_share(self.hits, self.members)} of the accounts; {others} of the others"


def _share(hits: int, of: int) -> str:
    return f"{hits:,} of {of:,}" + (f" ({100 * hits / of:.1f} %)" if of else "")
