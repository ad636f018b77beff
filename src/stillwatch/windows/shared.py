"""What few exchanges share inside a window: every word, pair of words and first or last word, scanned.

In: `Features` of a pool, and which of its texts are the window's. Out: bits of each feature. A template in a twentieth
of a window puts all its texts onto the same few features, and those features into nobody else's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.windows.features import Floats, Ints, Sets
from stillwatch.windows.over_represented import bets

FEWEST_TEXTS = 5  # of fewer texts no feature can speak up among a hundred thousand
MOST_FRACTION = 0.5  # what more texts share is nobody's mark


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """One kind of features. feature: their numbers; bits, exchange_bits, toll_bits as in `Bets`; marked, inside:
    texts of the pool and of the window that have it.
    """

    feature: Ints
    marked: Ints
    inside: Ints
    bits: Floats
    exchange_bits: Floats
    toll_bits: Floats


def scan(pool: Sets, window: Ints) -> Scanned:
    """Bet on every feature that enough texts of the pool have, which does not depend on the window."""
    marked = pool.texts_with()
    inside = pool.take(window).texts_with()
    feature = np.flatnonzero((marked >= FEWEST_TEXTS) & (marked <= MOST_FRACTION * len(pool)))
    marked, inside = marked[feature], inside[feature]
    kinds, kind = np.unique(np.stack([marked, inside], axis=1), axis=0, return_inverse=True)
    found = bets(len(pool), len(window), kinds[:, 0], kinds[:, 1])
    kind = kind.ravel()
    return Scanned(feature, marked, inside, found.bits[kind], found.exchange_bits[kind], found.toll_bits[kind])


def bearers(texts: Sets, feature: int) -> npt.NDArray[np.bool_]:
    """Which texts have a feature."""
    rows = np.repeat(np.arange(len(texts)), texts.sizes)[texts.values == feature]
    return np.bincount(rows, minlength=len(texts)) > 0
