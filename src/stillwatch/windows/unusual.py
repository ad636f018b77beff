"""How unusual each text of a pool is, by several measures, and the marks that makes: the most and the least unusual.

In: `Features` of a pool. Out: names and marks. A text is measured against all others of the pool, itself left out, and
nobody knows here which texts are the window's: that is what makes the bits of marks exact. A foreign minority, rare in
the pool, stands out however the measures are mixed; a mean over all texts (MMD) would drown it.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from stillwatch.windows.features import Features, Floats, Sets

TAILS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)  # shares of the pool that a mark may cover
FREQUENT_WORDS = 100  # the others are one kind of word
_FEWEST_MARKED = 3
_UNSEEN = 0.5  # count of a feature that no other text has

MEASURES = {  # what high and low values mean, for a sentence that ends in "than in 99 % of all prompts"
    "words": ("have rarer words", "have more usual words"),
    "pairs": ("have words that are more seldom joined", "have words that are more often joined"),
    "order": ("have neighbouring words that belong together less", "have neighbouring words that belong together more"),
    "first_order": ("begin with words that belong together less", "begin with words that belong together more"),
    "last_order": ("end in words that belong together less", "end in words that belong together more"),
    "edges": ("begin and end in rarer words", "begin and end in more usual words"),
    "shape": ("have a rarer layout", "have a more usual layout"),
    "length": ("have more characters", "have fewer characters"),
    "word_length": ("have longer words", "have shorter words"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """marked: bool [m, texts]; measure, end ("high" or "low") and tail fraction of each mark."""

    marked: npt.NDArray[np.bool_]
    names: tuple[tuple[str, str, float], ...]


def measures(pool: Features) -> dict[str, Floats]:
    """Measure every text of a pool, in natural logarithms where it is a rarity."""
    apart = _apart(pool)
    return {
        "words": _rarity(pool.words),
        "pairs": _rarity(pool.pairs),
        "order": pool.pairs.mean(apart),
        "first_order": pool.first_pairs.mean(apart),
        "last_order": pool.last_pairs.mean(apart),
        "edges": _rarity(pool.edges),
        "shape": _rarity(pool.shapes),
        "length": pool.characters,
        "word_length": pool.characters / np.maximum(pool.lengths, 1),
    }


def _apart(pool: Features) -> Floats:
    """Say of each pair how much rarer its words stand together than apart; words that few texts have count as one.

    Source:  pointwise mutual information (Church & Hanks 1990) of a bigram of classes (Brown et al. 1992).
    """
    frequency = pool.words.texts_with()
    frequent = min(FREQUENT_WORDS, len(frequency))
    kind = np.full(len(frequency), frequent)
    kind[np.argsort(-frequency, kind="stable")[:frequent]] = np.arange(frequent)
    first, second = (kind[pool.pair_words[:, k]].astype(np.int64) for k in (0, 1))
    seen = pool.pairs.texts_with()
    _, both = np.unique(first * (frequent + 1) + second, return_inverse=True)
    alone = (np.bincount(kinds, seen)[kinds] for kinds in (first, second))
    together = np.bincount(both, seen)[both]
    return np.asarray(sum(_log_seen(count) for count in alone) - _log_seen(together))


def marks(pool: Features) -> Marks:
    """Mark the most and the least unusual texts by each measure; ties are marked together or not at all."""
    marked, names = [], []
    size = len(pool)
    for name, values in measures(pool).items():
        for (end, sign), tail in product((("high", 1.0), ("low", -1.0)), TAILS):
            chosen = _highest(sign * values, int(tail * size))
            if chosen.sum() >= _FEWEST_MARKED:
                marked.append(chosen)
                names.append((name, end, tail))
    return Marks(np.array(marked, bool).reshape(len(marked), size), tuple(names))


def _highest(values: Floats, most: int) -> npt.NDArray[np.bool_]:
    """Mark at most so many of the highest values; those that tie with the first left out are left out too."""
    return np.asarray(values > np.partition(values, len(values) - most - 1)[len(values) - most - 1])


def _rarity(sets: Sets) -> Floats:
    return sets.mean(-_log_seen(sets.texts_with()))


def _log_seen(texts: npt.NDArray[np.int64]) -> Floats:
    """Natural logarithm of in how many other texts a feature stands."""
    return np.asarray(np.log(np.maximum(texts - 1, 0) + _UNSEEN))
