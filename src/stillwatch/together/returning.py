"""Accounts that began after a known campaign had fallen silent, and behave as its members did, whatever their words.

In: accounts, a campaign's members, strangers. Out: rows with bits and reasons. An operator that changes words, cards
and addresses at once keeps its pace, its clients and what it asks for; the odds of membership measure that.

An innocent newcomer is exchangeable with strangers that were there before, so its rank among their odds gives a
p-value, whatever the odds are worth; strangers have shown more by now, which makes no newcomer look guiltier. Tests
that say when an account began are left out: there every newcomer is like the latest members, and no stranger is.
Named is whose own chance to be innocent is low: the p-values of the innocent lie evenly, so it is 1 over the density of
all newcomers' p-values, which falls, where it ranks. That bounds the share of innocents among all that are named, too
(Benjamini & Hochberg 1995), but a crowd that ranks above all strangers vouches for nobody who ranks below it. Without
many newcomers that rank so, which is what a pool that is replaced looks like, nobody is named. Newcomers that also
signed up in the silence are judged apart from those that had signed up long before: where only fresh accounts come
back, a crowd of them vouches for no old one, and where old ones do, they vouch for each other.
Sources: Bates, Candes, Lei, Romano & Sesia 2023, Testing for outliers with conformal p-values; Efron, Tibshirani,
Storey & Tusher 2001 (the local false discovery rate); Grenander 1956 (a falling density); Strimmer 2008 (both
together); Efron 2008, Simultaneous inference: when should hypothesis testing problems be combined? (classes).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.likeness import Accounts
from stillwatch.together.membership import Counts, family_weights, weigh
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

_SILENT_FRACTION = 0.5  # of the members that were there: a campaign counts as stopped where so many were seen no more
_REASONS = 2
_BEGUN = TraitKind.SIGN_UP.value  # the test that says when an account began


@dataclass(frozen=True, slots=True)
class Returned:
    """An account (its row) that behaves as a campaign did. bits: log2 odds, by the share of innocents among newcomers
    that rank as it does.
    """

    row: int
    bits: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """A campaign's members; strangers that were there before; classes of newcomers, which are tested apart."""

    members: Mask
    strangers: Mask
    newcomers: tuple[Mask, ...]


def began_in_silence(accounts: Accounts, members: Mask, begun_second: Counts | None = None) -> Mask:
    """Which accounts began when most members that had begun before were already seen no more.

    Args:    begun_second: when each account began, if not with its first exchange.
    """
    begun, gone = np.sort(accounts.first_second[members]), np.sort(accounts.last_second[members])
    moments = accounts.first_second if begun_second is None else begun_second
    before, silent = (np.searchsorted(times, moments) for times in (begun, gone))
    return np.asarray((before > 0) & (silent >= _SILENT_FRACTION * before))


def returned(accounts: Accounts, sides: Sides, trust: Trust, false_discovery_fraction: float) -> Iterator[Returned]:
    """Name the newcomers that behave as the members did.

    Args:    false_discovery_fraction: the chance to be innocent that an account may have and is named.
    """
    known = np.flatnonzero(sides.strangers)
    if not any(some.any() for some in sides.newcomers) or not len(known):
        return
    weights = resemblance(accounts, sides.members, trust)
    score = np.sum(list(family_weights(weights).values()), axis=0)
    strangers = np.sort(score[known])
    for rows in map(np.flatnonzero, sides.newcomers):
        above = len(known) - np.searchsorted(strangers, score[rows])
        share = local_false_discovery((above + 1) / (len(known) + 1))
        named = np.flatnonzero(share <= false_discovery_fraction)
        for place in named.tolist():
            row, fewer = int(rows[place]), len(known) - int(above[place])
            first = f"behaviour: closer to the campaign than {fewer:,} of {len(known):,} strangers"
            first += f", as are {len(named):,} of {len(rows):,} accounts that began after it had fallen silent"
            bits = float(np.log2((1 - share[place]) / share[place]))
            loudest = _loudest({name: float(w[row]) for name, w in weights.items()})
            yield Returned(row, round(bits, 3), (first, *loudest))


def resemblance(accounts: Accounts, members: Mask, trust: Trust) -> dict[str, Floats]:
    """Weigh all accounts beside the members, in each test; nothing where a test says when an account began."""
    nothing = np.zeros(len(members))
    return weigh(accounts, members, ~members, trust) | {_BEGUN: nothing}


def local_false_discovery(p: Floats) -> Floats:
    """Estimate for each p-value the share of true nulls, whose p-values lie evenly, among all that lie where it does.

    >>> local_false_discovery(np.array([0.01] * 8 + [0.02, 0.5])).round(4).tolist()[7:]
    [0.0125, 0.1, 1.0]
    """
    if not len(p):
        return np.zeros(0)
    places, where, count = np.unique(p, return_inverse=True, return_counts=True)
    width = np.diff(places, prepend=0.0)
    density = isotonic_regression(count / (len(p) * width), weights=width, increasing=False).x
    return np.asarray(np.minimum(1 / density, 1.0)[where])


def _loudest(weights: dict[str, float]) -> Sequence[str]:
    ordered = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return [f"{name} {bits:+.1f} bits" for name, bits in ordered[:_REASONS] if bits > 0]
