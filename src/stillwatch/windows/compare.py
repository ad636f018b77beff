"""A window of exchanges against reference traffic: bits that they differ, and which exchanges carry the difference.

In: `Features`, rows of the reference and of the window. Out: `Difference`. The bits are the logarithm of a mean of many
bets, each exact if window and reference are exchangeable; nothing is fitted, drawn or permuted. Read `unusual` and
`shared` for the two families of bets.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.bits import mean_bits
from stillwatch.windows import shared, unusual
from stillwatch.windows.features import Features, Floats, Ints, Sets
from stillwatch.windows.over_represented import bets

SENTENCES = 3
_SPEAKS_BITS = 3.0  # a bet below is not worth a sentence
_LISTED = 200  # features of a kind, the strongest, that may say which exchanges carry the difference
_FEWEST = 2
_SCANNED = {"words": "a word", "pairs": "a pair of words", "edges": "a first or last word"}


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """bits: of the whole; unusual_bits, shared_bits: of each family of bets, which count half each.

    carried_bits [window]: what each exchange adds, weighed by how well each bet paid; their sum is near the whole.
    claims: sentences an analyst can check, strongest first; empty when nothing speaks.
    """

    bits: float
    unusual_bits: float
    shared_bits: float
    carried_bits: Floats
    claims: tuple[str, ...]

    def carriers(self) -> Ints:
        """Places in the window of the exchanges that carry the difference, strongest first."""
        order = np.argsort(-self.carried_bits, kind="stable")
        return np.asarray(order[self.carried_bits[order] > 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Bet:
    """One bet: its weighted bits, what a marked exchange adds and every exchange pays, who of the window is marked."""

    bits: float
    weighted_bits: float
    exchange_bits: float
    toll_bits: float
    inside: npt.NDArray[np.bool_]
    claim: str


def compare(features: Features, reference: Ints, window: Ints) -> Difference:
    """Compare texts of a window with those of the reference; both are rows of `features`, none in both.

    Raises:  ValueError: the window has fewer than two texts, or the reference fewer than the window.
    """
    if not _FEWEST <= len(window) <= len(reference):
        raise ValueError("a window needs two texts, and a reference at least as many as the window")
    pool = features.take(np.concatenate([reference, window]))
    inside = np.arange(len(reference), len(pool))
    unusual_bits, on_marks = _on_marks(pool, inside)
    kinds = {"words": pool.words, "pairs": pool.pairs, "edges": pool.edges}
    scanned = [_on_features(sets, inside, _SCANNED[kind]) for kind, sets in kinds.items()]
    shared_bits = float(mean_bits([bits for bits, _ in scanned]))
    every = [*on_marks, *(bet for _, found in scanned for bet in found)]
    spoken = sorted((bet for bet in every if bet.bits > _SPEAKS_BITS), key=lambda bet: (-bet.bits, bet.claim))
    return Difference(
        bits=float(mean_bits([unusual_bits, shared_bits])),
        unusual_bits=unusual_bits,
        shared_bits=shared_bits,
        carried_bits=_carried(every, len(window)),
        claims=tuple(dict.fromkeys(bet.claim for bet in spoken))[:SENTENCES],
    )


def _on_marks(pool: Features, window: Ints) -> tuple[float, list[_Bet]]:
    """Bet on the most and the least unusual texts; the first value is their mean in bits."""
    marks = unusual.marks(pool)
    if not marks.names:
        return 0.0, []
    inside, counts = marks.marked[:, window], marks.marked.sum(axis=1)
    found = bets(len(pool), len(window), counts, inside.sum(axis=1))
    weight_bits = float(np.log2(1 / 2 / len(counts)))
    listed = []
    for k, (measure, end, tail) in enumerate(marks.names):
        what = unusual.MEASURES[measure][end == "low"]
        counted = _of(inside[k].sum(), len(window), counts[k], len(pool))
        claim = f"{counted} {what} than in {100 * (1 - tail):g} % of all prompts"
        bits = float(found.bits[k])
        each = float(found.exchange_bits[k]), float(found.toll_bits[k])
        listed.append(_Bet(bits, bits + weight_bits, *each, inside[k], claim))
    return float(mean_bits(found.bits)), listed


def _on_features(sets: Sets, window: Ints, what: str) -> tuple[float, list[_Bet]]:
    """Bet on every feature that texts share; of the strongest the bearers are listed."""
    found = shared.scan(sets, window)
    if not len(found.feature):
        return 0.0, []
    weight_bits = float(np.log2(1 / 2 / len(_SCANNED) / len(found.feature)))
    strongest = np.argsort(-found.bits, kind="stable")[:_LISTED]
    ours = sets.take(window)
    listed = []
    for k in strongest:
        counted = _of(found.inside[k], len(window), found.marked[k], len(sets))
        bits = float(found.bits[k])
        each = float(found.exchange_bits[k]), float(found.toll_bits[k])
        bearers = shared.bearers(ours, int(found.feature[k]))
        listed.append(_Bet(bits, bits + weight_bits, *each, bearers, f"{counted} share {what}"))
    return float(mean_bits(found.bits)), listed


def _of(inside: int, window: int, marked: int, pool: int) -> str:
    """Say how many of a window are marked, and how many chance would mark."""
    return f"{inside:,} of {window:,} prompts (by chance {marked * window / pool:,.1f})"


def _carried(every: list[_Bet], window: int) -> Floats:
    """Split the bits over the exchanges: each bet counts by its part of the whole e-value."""
    if not every:
        return np.zeros(window)
    weighted = np.array([bet.weighted_bits for bet in every])
    share = np.exp2(weighted - weighted.max())
    share /= share.sum()
    inside = np.array([bet.inside for bet in every], np.float64)
    gained = share * np.array([bet.exchange_bits for bet in every])
    return np.asarray(gained @ inside - float(share @ np.array([bet.toll_bits for bet in every])))
