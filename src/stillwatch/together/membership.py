"""Which accounts belong: match weights in bits, added up from traits and behaviour.

In: accounts and the core of a suspected campaign. Out: log2 odds of membership for every account. The weight of a
value is log2(share among the core / share among strangers), an account being left out of its own core. Kinds that
depend on each other (the tests of one family) are averaged; what a family's weights are worth is learnt (`trust`).
Source: Fellegi & Sunter 1969.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stillwatch.loops import holders, most_telling
from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.groups import Shown
from stillwatch.together.likeness import ALL, Accounts, Likeness, by_test, features_of
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

_DOUBT = 2.0  # accounts' worth of belief that a core is like everybody else
_DISTANCE_BINS = 12
_LEARNING_ROUNDS = 12
_ROWS_AT_ONCE = 4_096

Counts: TypeAlias = npt.NDArray[np.int64]


def weigh(accounts: Accounts, core: Mask, strangers: Mask, trust: Trust) -> dict[str, Floats]:
    """Give every account's match weight in each test, in bits; positive speaks for membership."""
    return by_test(lambda test: trust.of(test.family) * _weight(accounts, test, core, strangers), len(core))


def odds(accounts: Accounts, core: Mask, strangers: Mask, trust: Trust) -> Floats:
    """Log2 odds of every account that it belongs; the prior is the core's share of all accounts, shifted by trust."""
    families = family_weights(weigh(accounts, core, strangers, trust))
    return np.asarray(prior_bits(core) + trust.shift_bits + np.sum(list(families.values()), axis=0))


def prior_bits(core: Mask) -> float:
    """Log2 odds that any account belongs, by how many do."""
    return float(np.log2(max(core.sum(), 1) / max((~core).sum(), 1)))


def family_weights(weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """Combine the weights of each family; with the prior they add up to the odds."""
    families: dict[str, list[Floats]] = {}
    for likeness in ALL:
        families.setdefault(likeness.family, []).append(weights[likeness.name])
    return {family: _combined(parts) for family, parts in families.items()}


def grow(accounts: Accounts, core: Mask, others: Mask, membership_bits: float, trust: Trust) -> tuple[Mask, Floats]:
    """Repeat weighing until the members stop changing; strangers join, innocents leave, other cores stay away."""
    members = core
    for _ in range(_LEARNING_ROUNDS):
        bits = odds(accounts, members, ~members, trust)
        grown = (bits >= membership_bits) & ~others
        if grown.sum() < 3:
            return grown, bits
        if np.array_equal(grown, members):
            break
        members = grown
    return members, bits


def settle(accounts: Accounts, core: Mask, others: Mask, membership_bits: float, trust: Trust) -> tuple[Mask, Floats]:
    """Weigh everybody once more, by another trust, against a core that has stopped changing."""
    bits = odds(accounts, core, ~core, trust)
    return (bits >= membership_bits) & ~others, bits


def _combined(parts: list[Floats]) -> Floats:
    """Sum of dependent weights, damped as if they were half new: the square root of their number counts."""
    stack = np.vstack(parts)
    spoke = np.maximum((np.abs(stack) > 0).sum(axis=0), 1)
    return np.asarray(stack.sum(axis=0) / np.sqrt(spoke))


def _weight(accounts: Accounts, likeness: Likeness, core: Mask, strangers: Mask) -> Floats:
    if likeness.name in set(TraitKind):
        return _value_weight(accounts.shown[TraitKind(likeness.name)], core, strangers)
    features = features_of(likeness, accounts)
    return distance_weight(np.asarray(features.values), features.known, core, strangers)


def _value_weight(part: Shown, core: Mask, strangers: Mask) -> Floats:
    """Weight of the most telling value that an account shows, or of showing no shared value."""
    if len(part.values) == 0:
        return np.zeros(len(core))
    inside, outside = (holders(part.rows, part.codes, accounts, len(part.values)) for accounts in (core, strangers))
    best = most_telling(part.rows, part.codes, core, log_shares(inside, outside, core, strangers))
    none = np.isneginf(best)
    alone = log_shares(np.array([(none & core).sum()]), np.array([(none & strangers).sum()]), core, strangers)[:, 0]
    return np.where(none, np.where(core, alone[1], alone[0]), best)


def log_shares(inside: Counts, outside: Counts, core: Mask, strangers: Mask) -> Floats:
    """[2, values]: log2 of core share over stranger share; row 1 leaves one core account out.

    Args:    inside, outside: accounts of the core and of the strangers that show each value.
    """
    many, few = max(strangers.sum(), 1), core.sum()
    base = (inside + outside + 1) / (few + many + 1)
    stranger_share = (outside + 1) / (many + 2)  # what nobody else shows is not for that reason impossible
    rows = []
    for left_out in (0, 1):
        core_share = (np.maximum(inside - left_out, 0) + _DOUBT * base) / (max(few - left_out, 0) + _DOUBT)
        weight = np.log2(core_share / stranger_share)
        rows.append(np.where(inside > left_out, weight, np.minimum(weight, 0)))  # shown by no other member: never joins
    return np.vstack(rows)


def distance_weight(values: Floats, known: Mask, core: Mask, strangers: Mask) -> Floats:
    """Weight of the distance to the core's centre, by where core and strangers lie in equal classes of distance."""
    inside, outside = core & known, strangers & known
    weight = np.zeros(len(core))
    if inside.sum() < 3 or outside.sum() < 3:
        return weight
    distance = _squared_distances(values, values[inside].mean(axis=0))
    edges = np.unique(np.quantile(distance[inside], np.linspace(0, 1, _DISTANCE_BINS // 2 + 1)[1:]))
    edges = np.unique(np.concatenate([edges, np.quantile(distance[outside], np.linspace(0, 1, _DISTANCE_BINS // 2))]))
    place = np.searchsorted(edges, distance)
    table = _smoothed_log_ratio(place, inside, outside, len(edges) + 1)
    weight[known] = table[place[known]]
    return weight


def _squared_distances(values: Floats, centre: Floats) -> Floats:
    """Squared distance of each row, some rows at once: all differences at once would not fit the processor's cache."""
    found = np.empty(len(values))
    for low in range(0, len(values), _ROWS_AT_ONCE):
        found[low : low + _ROWS_AT_ONCE] = ((values[low : low + _ROWS_AT_ONCE] - centre) ** 2).sum(axis=1)
    return found


def _smoothed_log_ratio(place: np.ndarray, inside: Mask, outside: Mask, bins: int) -> Floats:
    def share(rows: Mask) -> Floats:
        counts = np.bincount(place[rows], minlength=bins).astype(float)
        return np.asarray((counts + 1) / (counts.sum() + bins))

    ratio = np.log2(share(inside) / share(outside))
    return np.minimum.accumulate(ratio)  # farther from the centre never speaks more for membership
