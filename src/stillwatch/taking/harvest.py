"""What a harvest test is: a reading of every unit, and a sentence about one of them.

In: `Counts`. Out: `Reading`, one number a unit that grows with what is taken and shrinks with what else is done.
The tests are in the files named after what they look at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stillwatch.taking.counts import Vector

Family = Literal["content", "structure"]


@dataclass(frozen=True, slots=True)
class Reading:
    """For each unit, `hits` exchanges of a kind among `of` exchanges looked at; `of` 0 means not evaluated."""

    hits: Vector
    of: Vector

    def harvest(self, exponent: float) -> Vector:
        """Weigh the hits by their share to a power: hits * (hits / of) ** exponent.

        The dose alone would mistake a large organisation for a harvest, the share alone a lone batch job; the
        product asks for many exchanges by somebody who does little else. Any such number gives an honest
        conformal p-value: the exponent decides what is found, not how often an innocent is.
        """
        share = np.divide(self.hits, self.of, out=np.zeros_like(self.hits), where=self.of > 0)
        return np.asarray(self.hits * share**exponent)


@dataclass(frozen=True, slots=True)
class HarvestTest:
    """One test of `Counts`, or of other counts of the same units. `missing`: the input that turns it on; `sentence`
    tells (counts, row, hits, of) in words.
    """

    name: str
    family: Family
    missing: str
    exponent: float
    read: Callable[[Any], Reading]
    sentence: Callable[[Any, int, int, int], str]


def share_words(hits: int, of: int) -> str:
    """Write a share so that it can be checked.

    >>> share_words(412, 430)
    '412 of 430 (96 %)'
    """
    return f"{hits:,} of {of:,} ({100 * hits / max(of, 1):.0f} %)"
