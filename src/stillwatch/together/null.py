"""What is normal: how alike benign groups are, by kind of trait and test.

In: dispersions of benign reference groups (to fit), or of any groups (to judge). Out: `Nulls`, and bits per group and
test. A benign group is one draw from a random-effects model: its log dispersion ratio has the mean and scatter of
groups of its kind and size, and its own sampling variance. A group far below has a small predictive Student p-value,
hence bits.
Sources: DerSimonian & Laird 1986 (random effects); Efron 2004 (empirical null, when the run's own bulk is wider).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from stillwatch.bits import (
    calibrate_between_bits,
    calibrate_bits,
    calibrate_even_bits,
    e_bh,
    student_tail_log_p,
)
from stillwatch.errors import InputError
from stillwatch.together.bulk import central_null
from stillwatch.together.dispersion import Dispersion, Floats, Mask
from stillwatch.together.likeness import Accounts
from stillwatch.together.trust import Trust
from stillwatch.types import TraitKind

_FORMAT = "tests of format 6"
_SIZES = (9, 15, 30, 100)  # accounts from which groups have nulls of their own: chance makes small ones alike
_FEW_GROUPS = 8  # reference groups below which a kind leans on the pooled null
_FEW_POOLED = 60  # groups of all kinds of one size below which they lean on all sizes: nothing else holds them then
_PRIOR_GROUPS = 60.0  # groups' worth of belief that a kind is like all kinds, and a run like the reference
TAIL_FREEDOM = 8.0  # Student degrees of freedom: heavier tails cost bits, lighter ones cost honesty
_EVEN_FRACTION = 0.3  # of weights that is not learnt: a campaign to come need not look like those known
_FEWEST_REACHING = 10  # reference groups by which a level's share is still known well enough
_MARGIN_BITS = 6.0  # what the calibrator costs, and what the least staked kind of group is behind by
_LEAST_SCATTER = 0.05  # benign groups are alike to no better than a twentieth, whatever the reference says

_HABITS = tuple(kind for kind in TraitKind if kind.is_habit)
_APART = (TraitKind.ORGANISATION, *_HABITS)  # alike for reasons of their own

Kind: TypeAlias = str
Labels: TypeAlias = npt.NDArray[np.str_]
Coded: TypeAlias = tuple[list[Kind], npt.NDArray[np.int64]]
"""Kinds, each once, and which of them each group has."""


@dataclass(frozen=True, slots=True)
class Null:
    """Benign groups of one kind and size in one test: ln dispersion ratio ~ mean + scatter * Student, of `groups`."""

    mean: float
    scatter: float
    groups: int


@dataclass(frozen=True, slots=True)
class Sums:
    """How often benign groups reach a sum of the families' bits: at most shares[i] of `groups` reach levels[i] bits.

    Tests of different families are not quite independent, and calibrators give bits away; what their sum is worth is
    therefore measured, on reference traffic that the nulls themselves were not learnt from.
    """

    levels: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    groups: int = 0

    def p_bits(self, sums: Floats) -> Floats:
        """-log2 of the share of benign groups that reach each sum; beyond the last level a bit counts as one."""
        rarity = -np.log2(self.shares)
        beyond = np.maximum(sums - self.levels[-1], 0.0)
        return np.asarray(np.interp(sums, self.levels, rarity, left=0.0) + beyond)


@dataclass(frozen=True, slots=True)
class Nulls:
    """Nulls by test, kind ("*" pools all kinds of strangers that share a thing) and size. `source`: of which traffic.

    weights: of each test in the mean of its family, 1 where none is given; whatever they are, the mean of e-values is
    an e-value, so they may be learnt from campaigns. stakes: of each kind of group in e-BH, likewise. trust: how far
    weights of membership are trusted; wordless: in logs without words, None for the same. looks: like sums, of the most
    that a group ever reached while its log grew and was scanned again and again.
    """

    tests: Mapping[str, Mapping[Kind, tuple[Null, ...]]]
    source: str
    weights: Mapping[str, float] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    stakes: Mapping[str, float] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
    looks: Sums = field(default_factory=Sums)
    wordless: Trust | None = None

    def trust_of(self, accounts: Accounts) -> Trust:
        """How far weights of membership are trusted among these accounts."""
        return self.trust if self.wordless is None or accounts.have_words else self.wordless

    def of(self, test: str, kind: Kind) -> tuple[Kind, tuple[Null, ...]] | None:
        """The nulls of a kind by size, or the pooled ones ("*"), and of which; None if the test was never seen."""
        kinds = self.tests.get(test, {})
        own = kind if kind in kinds else "*"
        return (own, kinds[own]) if own in kinds else None


def fit(observed: Mapping[str, Dispersion], kinds: Sequence[Kind], source: str) -> Nulls:
    """Learn nulls from benign groups: `kinds[g]` is the kind of group g."""
    labels = np.asarray(kinds)
    return Nulls({test: _fit_test(result, labels) for test, result in observed.items()}, source)


def fit_weights(bits: Floats, shares: Floats) -> Floats:
    """Learn the weights of the tests of a family that make its bits grow fastest on groups of campaigns.

    Args:    bits: [tests, groups], NaN where a test did not run; shares: what each group counts, [groups].
    Returns: weights with sum 1, a part of them even, so that no test is ever mute.
    Source:  Grünwald, de Heide & Koolen 2024, Safe testing (growth-rate optimality); the fit is the EM algorithm of a
    mixture's weights.
    """
    values = np.exp2(np.nan_to_num(bits, nan=-np.inf))
    even = np.full(len(values), 1 / len(values))
    weights = even
    for _ in range(200):
        part = weights[:, None] * values
        weights = (part / part.sum(axis=0)) @ shares
        weights /= weights.sum()
    return np.asarray((1 - _EVEN_FRACTION) * weights + _EVEN_FRACTION * even)


def fit_sums(sums: Floats) -> Sums:
    """Measure how often benign groups reach each half bit; shares are upper ends of 95 % intervals.

    Source:  Clopper & Pearson 1934.
    """
    reached = [(level, int((sums >= level).sum())) for level in np.arange(0.0, float(sums.max()) + 0.5, 0.5)]
    kept = [(float(level), count) for level, count in reached if count >= _FEWEST_REACHING]
    shares = [float(stats.beta.ppf(0.95, count + 1, len(sums) - count)) for _, count in kept]
    return Sums(tuple(level for level, _ in kept), tuple(shares), len(sums))


def bits_of_sums(sums: Floats, nulls: Nulls) -> Floats:
    """What sums of families' bits are worth; the sums themselves where that was never measured."""
    return calibrate_even_bits(nulls.sums.p_bits(sums)) if nulls.sums.levels else sums


@dataclass(frozen=True, slots=True)
class Choice:
    """What e-BH compared. aimed: bits of each group, stakes included; chosen: its choice; alone_bits: what one group
    needs that is chosen alone; stakes: bits that each group is ahead by; shown: turns aimed bits without stakes into
    bits as `bits_of_sums` gives them.
    """

    aimed: Floats
    chosen: Mask
    alone_bits: float
    stakes: Floats
    shown: Callable[[Floats], Floats]

    def stands(self, groups: npt.NDArray[np.int64], others: int) -> bool:
        """Whether some of the groups of one campaign would be chosen beside so many others, each counted once.

        e-BH counts groups: those of a large campaign would make a small one cheap that has nothing to do with it.
        """
        ranked = np.sort(self.aimed[groups])[::-1] + np.log2(others + np.arange(1, len(groups) + 1))
        return bool(np.any(ranked >= self.alone_bits))

    def needed(self, accused: Mask, campaigns: int) -> Floats:
        """Bits, as they are shown, from which each group is accused: with all that are, or one beside the campaigns."""
        beside = np.where(accused, max(int(accused.sum()), 1), campaigns + 1)
        return self.shown(self.alone_bits - np.log2(beside) - self.stakes)


def choose(sums: Floats, stakes: Floats, nulls: Nulls, false_discovery_fraction: float) -> Choice:
    """Choose groups by weighted e-BH.

    Whatever is chosen has bits between those that one group alone needs and those that all together need, so the
    calibrator bets on that range: the same bound on false discoveries, and two bits less to ask for.

    Args:    stakes: bits that each group is ahead by.
    """
    least = -float(np.log2(false_discovery_fraction))
    alone = least + float(np.log2(max(len(sums), 1)))
    most = alone + _MARGIN_BITS
    if not nulls.sums.levels:
        return Choice(sums + stakes, e_bh(sums + stakes, false_discovery_fraction), alone, stakes, np.asarray)
    price = float(most - calibrate_between_bits([most], least, most)[0])
    aimed = calibrate_between_bits(nulls.sums.p_bits(sums), least, most) + stakes

    def shown(bits: Floats) -> Floats:
        return calibrate_even_bits(np.maximum(bits + price, least))

    return Choice(aimed, e_bh(aimed, false_discovery_fraction), alone, stakes, shown)


def looked_again(nulls: Nulls) -> Nulls:
    """Nulls for one of many looks at a growing log: sums are worth what the most of all looks is worth.

    Whoever looks every hour and stops at the best moment has b bits or more by chance with probability at most 2^-b.
    """
    return replace(nulls, sums=nulls.looks, source=f"{nulls.source}, looked at again and again")


def size_class(accounts: Floats) -> npt.NDArray[np.int64]:
    """Which of the nulls of a kind holds for groups of so many known accounts."""
    return np.searchsorted(_SIZES, accounts, side="right")


def _fit_test(result: Dispersion, labels: Labels) -> dict[Kind, tuple[Null, ...]]:
    excess = result.log_ratio - result.mean
    usable = np.isfinite(excess) & np.isfinite(result.variance)
    kinds = {str(kind): usable & (labels == kind) for kind in np.unique(labels)}
    strangers = usable & ~np.isin(labels, _APART)
    parts = {"*": strangers, **{kind: rows for kind, rows in kinds.items() if rows.sum() >= _FEW_GROUPS}}
    fitted = {
        kind: _by_size(result, rows, _FEW_GROUPS if kind in kinds else _FEW_POOLED)
        for kind, rows in parts.items()
        if rows.any()
    }
    return {kind: _no_narrower(own, fitted.get("*", own)) for kind, own in fitted.items()}


def _by_size(result: Dispersion, rows: Mask, least: int) -> tuple[Null, ...]:
    """Fit the groups of each size; where they are fewer than `least`, the groups of all sizes."""
    excess, size = result.log_ratio - result.mean, size_class(result.accounts)
    of_size = [rows & (size == one) for one in range(len(_SIZES) + 1)]
    used = [some if some.sum() >= least else rows for some in of_size]
    return tuple(_envelope(excess[some], result.variance[some]) for some in used)


def _no_narrower(own: tuple[Null, ...], pooled: tuple[Null, ...]) -> tuple[Null, ...]:
    """Let no kind be surer than all kinds of strangers together: a class or a workshop surfaces through any trait."""
    return tuple(
        Null(one.mean, max(one.scatter, all_kinds.scatter), one.groups)
        for one, all_kinds in zip(own, pooled, strict=True)
    )


def _envelope(excess: Floats, variance: Floats) -> Null:
    """The narrowest null under which no lower tail of the reference is fatter than promised.

    The k-th lowest of n groups must not lie below the k / (n + 1) quantile: innocent twins, which are few and far out,
    widen the null as much as they must.
    """
    middle = min(float(np.median(excess)), 0.0)
    order = np.arange(1, len(excess) // 2 + 1)
    allowed = stats.t.ppf(order / (len(excess) + 1), TAIL_FREEDOM)
    low, high = _LEAST_SCATTER, 10.0
    for _ in range(40):
        scatter = np.sqrt(low * high)
        z = np.sort((excess - middle) / np.sqrt(scatter**2 + variance))[: len(order)]
        low, high = (low, scatter) if np.all(z >= allowed) else (scatter, high)
    return Null(middle, float(high), len(excess))


def bits_of(result: Dispersion, test: str, kinds: Sequence[Kind], nulls: Nulls) -> Floats:
    """Bits of every group in one test; NaN where it was not tested."""
    return bits_of_distances(distances(result, test, coded(kinds), nulls))


def coded(kinds: Sequence[Kind]) -> Coded:
    """Code the kind of each group: groups have few kinds, and words are slow to compare."""
    names, code = np.unique(np.asarray(kinds, np.str_), return_inverse=True)
    return names.tolist(), code


def distances(result: Dispersion, test: str, kinds: Coded, nulls: Nulls) -> Floats:
    """How far each group is from benign ones and from the run's own of its size; NaN where it was not tested.

    Groups by habit have a bulk of their own: they are alike for other reasons than those that share a thing.
    """
    z = standardised(result, test, kinds, nulls)
    finite, sort = np.isfinite(z), 2 * size_class(result.accounts) + np.isin(kinds[0], _HABITS)[kinds[1]]
    far = np.full(len(z), np.nan)
    for one in np.unique(sort[finite]).tolist():
        rows = finite & (sort == one)
        location, scale = _own_null(z[rows])
        far[rows] = (z[rows] - location) / scale
    return far


def bits_of_distances(far: Floats) -> Floats:
    """Bits of distances of any shape; NaN where they are: one call for all tests, since each call costs the same."""
    bits, tested = np.full(far.shape, np.nan), np.isfinite(far)
    bits[tested] = calibrate_bits(student_tail_log_p(far[tested], TAIL_FREEDOM, "lower"))
    return bits


def standardised(result: Dispersion, test: str, kinds: Coded, nulls: Nulls) -> Floats:
    """Each group's distance from the benign mean in benign standard deviations."""
    names, row = kinds
    known = [nulls.of(test, name) for name in names]
    unknown = (Null(np.nan, np.nan, 0),) * (len(_SIZES) + 1)
    table = np.array([[(null.mean, null.scatter) for null in (one[1] if one else unknown)] for one in known])
    mean, scatter = table[row, size_class(result.accounts)].T if len(row) else np.zeros((2, 0))
    return np.asarray((result.log_ratio - result.mean - mean) / np.sqrt(scatter**2 + result.variance))


def _own_null(z: Floats) -> tuple[float, float]:
    """The bulk of the run's own groups of one size, trusted by their number, and only where accusing gets harder."""
    if len(z) < _FEW_GROUPS:
        return 0.0, 1.0
    location, scale = central_null(z)
    trust = len(z) / (len(z) + _PRIOR_GROUPS)
    return min(location, 0.0) * trust, max(1.0, 1.0 + (scale - 1.0) * trust)


def load(path: Path | None = None) -> Nulls:
    """Read nulls from a file, by default the shipped ones.

    Raises:  InputError: the file is not one that `dump` wrote.
    """
    try:
        text = path.read_text("utf-8") if path else files(__package__).joinpath("nulls.json").read_text("utf-8")
        content = json.loads(text)
        tests = {
            test: {kind: tuple(Null(*one) for one in sizes) for kind, sizes in kinds.items()}
            for test, kinds in content[_FORMAT].items()
        }
        sums, looks = _sums_from(content["sums"]), _sums_from(content["looks"])
        trust, bare = _trust_from(content["membership"]), content["membership without words"]
        wordless = _trust_from(bare) if bare else None
        stakes = dict(content["stakes"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(f"{path or 'nulls.json'}: not a file of nulls; learn one with lab/learn_nulls.py") from fault
    return Nulls(tests, content["source"], content["weights"], sums, stakes, trust, looks, wordless)


def dump(nulls: Nulls) -> str:
    """Write nulls as JSON, rounded to what their fit can carry."""
    tests = {
        test: {
            kind: [[round(one.mean, 4), round(one.scatter, 4), one.groups] for one in sizes]
            for kind, sizes in sorted(kinds.items())
        }
        for test, kinds in sorted(nulls.tests.items())
    }
    sums, looks = _as_json(nulls.sums), _as_json(nulls.looks)
    weights = {test: round(weight, 4) for test, weight in nulls.weights.items()}
    content = {
        "source": nulls.source,
        "weights": weights,
        "stakes": {kinds: round(stake, 4) for kinds, stake in sorted(nulls.stakes.items())},
        "sums": sums,
        "looks": looks,
        "membership": _trust_as_json(nulls.trust),
        "membership without words": _trust_as_json(nulls.wordless) if nulls.wordless else None,
        _FORMAT: tests,
    }
    return json.dumps(content, indent=1) + "\n"


def _trust_from(content: Mapping[str, Any]) -> Trust:
    return Trust(content["factors"], content["shift_bits"])


def _trust_as_json(trust: Trust) -> dict[str, Any]:
    factors = {family: round(factor, 4) for family, factor in trust.factors.items()}
    return {"shift_bits": round(trust.shift_bits, 4), "factors": factors}


def _sums_from(content: Mapping[str, Any]) -> Sums:
    return Sums(tuple(content["levels"]), tuple(content["shares"]), content["groups"])


def _as_json(sums: Sums) -> dict[str, Any]:
    return {"groups": sums.groups, "levels": sums.levels, "shares": [float(f"{share:.3g}") for share in sums.shares]}
