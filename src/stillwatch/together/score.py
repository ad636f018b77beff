"""Bits of every group: each test by its null, dependent tests averaged, families added, the sum by its own null.

In: accounts, groups, nulls. Out: `Scores`. Strangers are all accounts at first; accounts of groups accused in one
pass are no strangers in the next, so that a large campaign does not hide behind itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from stillwatch.together import null
from stillwatch.together.dispersion import Dispersion, Floats, Mask, Measured, dispersion, measure
from stillwatch.together.groups import Groups
from stillwatch.together.likeness import ALL, FAMILIES, Accounts, Likeness, by_test, features_of
from stillwatch.together.null import Choice, Nulls
from stillwatch.together.stakes import stakes_bits
from stillwatch.types import TraitKind

_PASSES = 3
_LESSON_SECONDS = 86_400
_GOOD_PART = 0.3  # of a group by habit: it is accused for itself unless so many of its accounts are in better parts


@dataclass(frozen=True, slots=True)
class Scores:
    """How every group was judged.

    tests: bits [groups] by test, NaN where not tested; families: bits by family; total: what their sum is worth;
    choice: how e-BH chose; accused: which of its groups; outdone: those that are not, by habit, since a chosen part of
    them says more: they are alike for its sake (`Choice.stands` holds the bound for what is left); strangers: accounts
    the last pass compared with; observed: how alike, by test; nulls: by which.
    """

    tests: Mapping[str, Floats]
    families: Mapping[str, Floats]
    total: Floats
    choice: Choice
    accused: Mask
    outdone: Mask
    strangers: Mask
    observed: Mapping[str, Dispersion]
    nulls: Nulls


def score(accounts: Accounts, groups: Groups, nulls: Nulls, false_discovery_fraction: float) -> Scores:
    """Test every group; repeat with the accused accounts taken out of the strangers."""
    strangers = np.ones(len(accounts.exchanges), bool)
    measured = measure_all(accounts, groups, exempted(accounts, groups))
    labels = null.coded(null_labels(accounts, groups))
    result = _pass(measured, groups, labels, nulls, strangers, false_discovery_fraction)
    for _ in range(_PASSES - 1):
        suspects = np.asarray(groups.members[result.accused].sum(axis=0)).ravel() > 0
        if suspects.mean() > 0.5 or np.array_equal(~suspects, strangers):
            break
        strangers = ~suspects
        result = _pass(measured, groups, labels, nulls, strangers, false_discovery_fraction)
    return result


def measure_all(accounts: Accounts, groups: Groups, exempt: Mapping[str, Mask]) -> dict[str, Measured]:
    """Measure the spread of every group in every test that it is not exempt from."""
    return by_test(
        lambda test: measure(features_of(test, accounts), _without(groups.members, exempt[test.name])),
        len(accounts.exchanges),
    )


def _without(members: sp.csr_array, exempt: Mask) -> sp.csr_array:
    """Leave the rows of some groups empty."""
    if not exempt.any():
        return members
    size = np.diff(members.indptr)
    kept = np.repeat(~exempt, size)
    starts = np.concatenate([[0], np.cumsum(np.where(exempt, 0, size))]).astype(members.indptr.dtype)
    return sp.csr_array((members.data[kept], members.indices[kept], starts), shape=members.shape)


def observe(measured_all: Mapping[str, Measured], strangers: Mask) -> dict[str, Dispersion]:
    """Compare every group with strangers in every test that it was measured in."""
    return by_test(lambda test: dispersion(measured_all[test.name], strangers), len(strangers))


def exempted(accounts: Accounts, groups: Groups) -> dict[str, Mask]:
    """Which groups each test says nothing about: their trait entails the likeness, or a lesson or silence explains it.

    A lesson looks like a scheduler while there was one, so tests of coincidence leave out groups half of whose accounts
    lived for less than a day.
    """
    kinds, code = groups.kinds
    once = _half(groups, accounts.last_second - accounts.first_second < _LESSON_SECONDS)
    silent = {least: _half(groups, accounts.exchanges < least) for least in {t.least_exchanges for t in ALL}}
    exempt: dict[str, Mask] = {}
    for likeness in ALL:
        entailed = np.array([bool(likeness.entailed.intersection(some)) for some in kinds], bool)[code]
        exempt[likeness.name] = entailed | silent[likeness.least_exchanges]
        if likeness.coincident:
            exempt[likeness.name] |= once
    return exempt


def _half(groups: Groups, accounts: Mask) -> Mask:
    """Groups half of which, or more, are such accounts."""
    return np.asarray(2 * (groups.members @ accounts.astype(float)) >= np.asarray(groups.members.sum(axis=1)).ravel())


def null_labels(accounts: Accounts, groups: Groups) -> list[str]:
    """The kind by which nulls know each group: organisation if it declares itself one, else its trait's, or "pair"."""
    kinds, code = groups.kinds
    names = np.array([str(some[0]) if len(some) == 1 else "pair" for some in kinds], np.str_)
    labels = names[code] if len(groups) else names
    return [str(label) for label in np.where(declared_groups(accounts, groups), str(TraitKind.ORGANISATION), labels)]


def declared_groups(accounts: Accounts, groups: Groups) -> Mask:
    """Groups half of whose accounts declare one organisation: they do not pose as strangers."""
    part = accounts.shown[TraitKind.ORGANISATION]
    shape = (len(accounts.exchanges), max(len(part.values), 1))
    belongs = sp.csr_array((np.ones(len(part.rows)), (part.rows, part.codes)), shape=shape)
    counts = sp.csr_array(groups.members @ belongs)
    largest = np.asarray(counts.max(axis=1).todense()).ravel() if len(groups) else np.zeros(0)
    return 2 * largest >= np.asarray(groups.members.sum(axis=1)).ravel()


def _pass(  # noqa: PLR0913, PLR0917 - everything a pass reads
    measured: Mapping[str, Measured],
    groups: Groups,
    labels: null.Coded,
    nulls: Nulls,
    strangers: Mask,
    false_discovery_fraction: float,
) -> Scores:
    observed = observe(measured, strangers)
    far = np.array([null.distances(result, name, labels, nulls) for name, result in observed.items()])
    tests = dict(zip(observed, null.bits_of_distances(far), strict=True))
    families = {family: _mean(_of_family(tests, family), nulls.weights) for family in FAMILIES}
    sums = np.sum(list(families.values()), axis=0)
    total = null.bits_of_sums(sums, nulls) if len(groups) else np.zeros(0)
    choice = null.choose(sums, stakes_bits(groups, nulls.stakes), nulls, false_discovery_fraction)
    outdone = _outdone(groups, choice.chosen, sums)
    return Scores(tests, families, total, choice, choice.chosen & ~outdone, outdone, strangers, observed, nulls)


def _outdone(groups: Groups, chosen: Mask, sums: Floats) -> Mask:
    """Groups by habit a good part of which is in chosen parts that say more: they are alike for the sake of those.

    A few accounts that are more alike still are no reason to let the others go: they may be a decoy.
    """
    traits = {row: groups.traits[row][0] for row in np.flatnonzero(chosen).tolist()}
    wholes = {(trait.kind, trait.value): row for row, trait in traits.items() if trait.kind.is_habit}
    parts: dict[int, list[int]] = {}
    for (kind, path), row in wholes.items():
        for length in range(1, len(path)):
            whole = wholes.get((kind, path[:length]))
            if whole is not None and sums[row] > sums[whole]:
                parts.setdefault(whole, []).append(row)
    outdone = np.zeros(len(groups), bool)
    for whole, better in parts.items():
        covered = np.count_nonzero(groups.members[better].sum(axis=0))
        outdone[whole] = covered >= _GOOD_PART * groups.members[[whole]].sum()
    return outdone


def learn_weights(scored: Sequence[tuple[Mapping[str, Floats], Mask]]) -> dict[str, float]:
    """Learn the weight of every test in its family from logs with campaigns: tests of groups, which are a campaign's.

    Every log counts the same, however many groups its campaign forms.
    """
    counts = [int(guilty.sum()) for _, guilty in scored]
    shares = np.concatenate([np.full(count, 1 / count) for count in counts if count])
    weights: dict[str, float] = {}
    for family in FAMILIES:
        names = [t.name for t in ALL if t.family == family]
        bits = np.hstack([np.vstack([tests[name][guilty] for name in names]) for tests, guilty in scored])
        ran = np.isfinite(bits).any(axis=0)
        weights |= zip(names, null.fit_weights(bits[:, ran], shares[ran]).tolist(), strict=True)
    return weights


def _of_family(tests: Mapping[str, Floats], family: str) -> dict[str, Floats]:
    return {t.name: tests[t.name] for t in ALL if t.family == family}


def _mean(tests: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Log of the weighted mean e-value of the tests that ran; 0 bits where none did."""
    stack = np.vstack(list(tests.values()))
    weight = np.array([weights.get(test, 1.0) for test in tests])[:, None] * np.isfinite(stack)
    top = np.max(stack, axis=0, where=np.isfinite(stack), initial=-np.inf)
    powers = np.exp2(np.nan_to_num(stack - top, nan=-np.inf, posinf=-np.inf))
    some = np.isfinite(top)
    mean = (weight * powers).sum(axis=0) / np.where(some, weight.sum(axis=0), 1)
    return np.where(some, top + np.log2(np.where(some, mean, 1)), 0.0)


def strongest(scores: Scores, group: int, family: str) -> Likeness | None:
    """The test of a family that says most about a group, None if none ran."""
    ran = [t for t in ALL if t.family == family and np.isfinite(scores.tests[t.name][group])]
    return max(ran, key=lambda t: float(scores.tests[t.name][group]), default=None)
