"""How far the bits of windows can be trusted: windows of the reference are benign, and say how benign windows scatter.

In: bits of reference windows, each against the rest of the reference. Out: `Trust`, which turns bits of a window into
bits that hold. Exchangeable traffic needs no correction. Real traffic comes in bursts, shifts and long conversations:
then its own windows exceed the bits they may, and a Student null is learnt from them.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.bits import Floats, calibrate_bits, exceedance, student_tail_log_p
from stillwatch.types import Exceedance

LEVELS = (1, 2, 3, 4, 5, 6, 8, 10)
FEWEST_WINDOWS = 8  # fewer say nothing about the spread of windows


@dataclass(frozen=True, slots=True)
class Trust:
    """windows: of the reference; exceedance: the check; exact: whether bits hold as they are.

    center, scale: of log2(1 + bits) of reference windows, bits below 0 taken for 0.
    """

    windows: int
    exceedance: tuple[Exceedance, ...]
    exact: bool
    center: float
    scale: float

    def bits(self, raw_bits: float) -> float | None:
        """Give bits that hold on this traffic, at most the raw ones; None where too few windows say how it varies."""
        if self.windows < FEWEST_WINDOWS:
            return None
        if self.exact:
            return raw_bits
        distance = (_stretched(np.array([raw_bits]))[0] - self.center) / self.scale
        log_p = student_tail_log_p(distance / np.sqrt(1 + 1 / self.windows), self.windows - 1, "upper")
        return min(raw_bits, float(calibrate_bits(log_p)))


def trust(reference_bits: Floats) -> Trust:
    """Judge bits by those of reference windows.

    Source:  the mixture calibrator and Student nulls of docs/why/bits.md; log2(1 + bits) draws in the long upper tail.
    """
    rows = exceedance(reference_bits, LEVELS)
    stretched = _stretched(reference_bits)
    enough = len(stretched) >= FEWEST_WINDOWS
    return Trust(
        windows=len(stretched),
        exceedance=rows,
        exact=all(row.holds for row in rows),
        center=float(stretched.mean()) if enough else 0.0,
        scale=max(float(stretched.std(ddof=1)), 0.1) if enough else 1.0,
    )


def _stretched(bits: Floats) -> Floats:
    return np.log2(1.0 + np.maximum(bits, 0.0))
