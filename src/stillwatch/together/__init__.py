"""Together? Are these accounts run by one operator?

In: profiles, trait rows, the accounts table, nulls. Out: `Found`: campaigns with members, bits and evidence, and the
check of the run's own bits. Order inside: `habits` + `groups` (hypotheses) -> `likeness` + `dispersion` (what is
measured) -> `null` (what is normal) -> `score` (bits, e-BH) -> `communities` -> `membership` -> `evidence`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.abreast import at_once
from stillwatch.loops import holders
from stillwatch.settings import Settings
from stillwatch.together.account_reasons import Reach, Tested, tested
from stillwatch.together.checked import Checked
from stillwatch.together.communities import communities
from stillwatch.together.dispersion import Dispersion, Floats, Mask, stacked, strata
from stillwatch.together.evidence import together_evidence
from stillwatch.together.fitting import Fitting
from stillwatch.together.groups import MOST_VALUES, Groups, Shown, build, shown, shown_of
from stillwatch.together.habits import habits
from stillwatch.together.likeness import ALL, FAMILIES, Accounts, features_of
from stillwatch.together.membership import family_weights, grow, odds, prior_bits, settle, weigh
from stillwatch.together.null import Nulls, Sums, dump, fit, fit_sums, load, looked_again
from stillwatch.together.operators import join_operators, seated_elsewhere
from stillwatch.together.pools import shared_networks
from stillwatch.together.sample import sampled
from stillwatch.together.score import Scores, declared_groups, exempted, measure_all, null_labels, observe, score
from stillwatch.together.score import learn_weights as weights_of
from stillwatch.together.stakes import even_by_size, fit_stakes, kinds_of
from stillwatch.together.trust import Labelled, Trust, fit_trust
from stillwatch.types import Calibration, Evidence, NotEvaluated, SharedTrait, Trait, TraitKind

__all__ = [
    "MOST_VALUES",
    "Accounts",
    "Found",
    "FoundCampaign",
    "Nulls",
    "Shown",
    "Tested",
    "accounts_of",
    "beside",
    "dump",
    "find",
    "learn",
    "learn_looks",
    "learn_stakes",
    "learn_sums",
    "learn_trust",
    "learn_weights",
    "learn_wordless_trust",
    "load",
    "looked_again",
    "shared_networks",
    "shown_of",
    "sums_of",
]

_TELLING_LIFT = 8.0  # a scaffold marks a campaign when members show it this many times as often as strangers
_TELLING_MEMBERS = 3  # and so many members do
_PURE_FRACTION = 0.8  # of a group's accounts belong to a campaign: weights are learnt from it
_SAME_FRACTION = 0.5  # of a core's accounts fit another campaign: it is a part of that
_REASONS = 3
_TRUST_ROUNDS = 2  # campaigns are found with even trust, then with what they taught
_DRAWN_IN = 16  # accounts that a core may take in by likeness alone, for each of its that is in an accused group


@dataclass(frozen=True, slots=True)
class FoundCampaign:
    """Accounts found together. rows: account rows; bits: log2 odds of each; scaffolds: hashes that mark exchanges."""

    rows: npt.NDArray[np.int64]
    bits: Floats
    together_bits: float
    evidence: tuple[Evidence, ...]
    traits: tuple[SharedTrait, ...]
    scaffolds: tuple[int, ...]
    reasons: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All campaigns of a run, how many groups were tested, and whether the bits passed their own check.

    tested: how every group and account was judged, for `explain`; checked: what the check of the bits looked at, to
    check them again; as large as all groups.
    """

    campaigns: tuple[FoundCampaign, ...]
    groups_tested: int
    calibration: Calibration
    tests_on: tuple[str, ...]
    tests_off: tuple[NotEvaluated, ...]
    threshold_bits: float | None
    tested: Tested
    checked: Checked | None


def accounts_of(
    exchanges: npt.NDArray[np.int64],
    seconds: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    facets: Mapping[str, npt.NDArray[np.float32]],
    traits: Iterable[pa.Table],
    keys: npt.NDArray[np.int64],
    *coded: Shown,
) -> Accounts:
    """Put profiles and traits of all accounts side by side.

    Args:    seconds: the first and the last of each; coded: kinds that are not among the traits.
    """
    parts = shown(traits, keys) | {part.kind: part for part in coded}
    return Accounts(exchanges, *seconds, strata(exchanges), facets, parts)


def form_groups(accounts: Accounts, settings: Settings) -> Groups:
    """Form every hypothesis: the accounts that share a trait, two weak ones, or a habit."""
    return build(accounts.shown, accounts.exchanges, settings.minimum_accounts, habits(accounts))


def find(accounts: Accounts, nulls: Nulls, settings: Settings) -> Found:
    """Find the campaigns among accounts.

    Where a log has two populations, everybody of the smaller one is more like a core than like the strangers: a core
    that would take in many times the accounts that any accused group holds stays as it is.
    """
    accounts = replace(accounts)  # the features that it computes are as large as itself, and go when this is done
    forming, nulls = nulls.trust, replace(nulls, trust=nulls.trust_of(accounts))
    groups, _ = at_once(
        lambda: form_groups(accounts, settings),
        lambda: [features_of(test, accounts) for test in ALL],  # kept with the accounts: what all tests look at
    )
    scores = score(accounts, groups, nulls, settings.false_discovery_fraction)
    accused = np.flatnonzero(scores.accused)
    fragments = communities(groups.members[accused], scores.total[accused])
    suspected = np.asarray(groups.members[accused].sum(axis=0)).ravel() > 0
    taken = np.zeros(len(accounts.exchanges), bool)
    stood = np.zeros(len(groups), bool)
    campaigns: list[FoundCampaign] = []
    reach: list[Reach] = []
    cores = join_operators(accounts, _cleaned(accounts, fragments, forming, settings), scores.strangers)
    while cores:
        core, *cores = cores
        seated = seated_elsewhere(accounts, core)
        others = np.any([taken, seated, *cores], axis=0)
        start = core & ~taken & ~seated
        grown, bits = grow(accounts, start, others, settings.membership_bits, forming)
        adrift = grown.sum() > _DRAWN_IN * max((grown & suspected).sum(), 1)
        if adrift:
            grown, bits = start, odds(accounts, start, ~start, forming)
        same = [not adrift and _fits(other, bits, seated, settings) for other in cores]
        if any(same):
            rest = [other for other, one in zip(cores, same, strict=True) if not one]
            cores = [np.any([core, *(other for other, one in zip(cores, same, strict=True) if one)], axis=0), *rest]
            continue
        members = grown
        if nulls.trust is not forming and not adrift:
            members, bits = settle(accounts, grown, others, settings.membership_bits, nulls.trust)
        own = _own_groups(groups, scores, members)
        if members.sum() >= settings.minimum_accounts and scores.choice.stands(own, len(campaigns)):
            taken |= members
            stood[own] = True
            campaigns.append(_campaign(accounts, groups, scores, members, bits, own))
            reach.append(Reach(grown, members, bits, seated, int(own[np.argmax(scores.total[own])])))
    on, off = _tests(scores)
    checked = Checked(groups, scores.total, ~declared_groups(accounts, groups), nulls.source)
    threshold = float(scores.total[stood].min()) if campaigns else None
    scores = replace(scores, accused=stood)
    judged = tested(accounts, groups, scores, nulls, reach)
    return Found(tuple(campaigns), len(groups), checked.calibration(taken), on, off, threshold, judged, checked)


def _fits(core: Mask, bits: Floats, seated: Mask, settings: Settings) -> bool:
    """Whether half of another core would belong to a campaign whose odds these are, were they not that one's."""
    inside = (bits >= settings.membership_bits) & ~seated
    return bool(inside[core].mean() >= _SAME_FRACTION)


def _cleaned(accounts: Accounts, fragments: list[Mask], trust: Trust, settings: Settings) -> list[Mask]:
    """Leave in each fragment the accounts that fit it: bridges between operators are made of misfits."""
    some = sampled(accounts, np.any([*fragments, np.zeros(len(accounts.exchanges), bool)], axis=0))
    fitting, cleaned = Fitting(some, trust), []
    for fragment in fragments:
        fits = np.zeros(len(fragment), bool)
        fits[np.flatnonzero(fragment)[fitting.odds(fragment[some.rows]) >= settings.membership_bits]] = True
        cleaned.append(fits)
    return [mask for mask in cleaned if mask.sum() >= settings.minimum_accounts]


def _own_groups(groups: Groups, scores: Scores, members: Mask) -> npt.NDArray[np.int64]:
    """The accused groups that half consist of members, or the one with the most members."""
    inside = np.asarray(groups.members @ members.astype(float)).ravel()
    size = np.asarray(groups.members.sum(axis=1)).ravel()
    own = np.flatnonzero(scores.accused & (2 * inside >= size))
    return own if len(own) else np.array([int(np.argmax(np.where(scores.accused, inside, -1)))])


def _campaign(  # noqa: PLR0913, PLR0917 - one campaign, and what it is judged by
    accounts: Accounts, groups: Groups, scores: Scores, members: Mask, bits: Floats, own: npt.NDArray[np.int64]
) -> FoundCampaign:
    strangers, rows = scores.strangers & ~members, np.flatnonzero(members)
    reasons, (together_bits, evidence) = at_once(
        lambda: _reasons(accounts, members, strangers, rows, scores.nulls.trust),
        lambda: together_evidence(accounts, groups, scores, own),
    )
    return FoundCampaign(
        rows=rows,
        bits=bits[rows],
        together_bits=together_bits,
        evidence=evidence,
        traits=_shared_traits(accounts, members, strangers),
        scaffolds=_scaffolds(accounts, members, strangers),
        reasons=reasons,
    )


def _reasons(
    accounts: Accounts, members: Mask, strangers: Mask, rows: npt.NDArray[np.int64], trust: Trust
) -> tuple[tuple[str, ...], ...]:
    """The tests that speak loudest for each member, with their bits."""
    weights = weigh(accounts, members, strangers, trust)
    names = list(weights)
    table = np.vstack([weights[name][rows] for name in names])
    order = np.argsort(-table, axis=0)[:_REASONS]
    return tuple(
        tuple(f"{names[t]} {table[t, column]:+.1f} bits" for t in order[:, column] if table[t, column] > 0)
        for column in range(len(rows))
    )


def _holders(accounts: Accounts, kind: TraitKind, mask: Mask) -> npt.NDArray[np.int64]:
    part = accounts.shown[kind]
    return holders(part.rows, part.codes, mask, len(part.values))


def _shared_traits(accounts: Accounts, members: Mask, strangers: Mask) -> tuple[SharedTrait, ...]:
    """The three commonest values of every kind that several members show."""
    found: list[SharedTrait] = []
    for kind, part in accounts.shown.items():
        inside, outside = _holders(accounts, kind, members), _holders(accounts, kind, strangers)
        for code in np.argsort(-inside, kind="stable")[:3]:
            if inside[code] >= _TELLING_MEMBERS:
                value = part.values[int(code)].as_py()
                found.append(SharedTrait(Trait(kind, value), int(inside[code]), int(outside[code]), value))
    return tuple(found)


def _scaffolds(accounts: Accounts, members: Mask, strangers: Mask) -> tuple[int, ...]:
    """Hashes of words that members show far more often than strangers."""
    telling: list[int] = []
    for kind in (TraitKind.SCAFFOLD, TraitKind.SYSTEM_PROMPT):
        inside, outside = _holders(accounts, kind, members), _holders(accounts, kind, strangers)
        share, background = inside / max(members.sum(), 1), (outside + 1) / (strangers.sum() + 1)
        marks = np.flatnonzero((inside >= _TELLING_MEMBERS) & (share >= _TELLING_LIFT * background))
        telling += [int(accounts.shown[kind].values[int(code)].as_py()) for code in marks]
    return tuple(sorted(telling))


def learn(references: Sequence[Accounts], settings: Settings, source: str) -> Nulls:
    """Learn nulls from benign traffic."""
    observed: dict[str, list[Dispersion]] = {}
    labels: list[str] = []
    for accounts in references:
        groups = form_groups(accounts, settings)
        labels += null_labels(accounts, groups)
        measured = measure_all(accounts, groups, exempted(accounts, groups))
        for test, result in observe(measured, np.ones(len(accounts.exchanges), bool)).items():
            observed.setdefault(test, []).append(result)
    return fit({test: stacked(results) for test, results in observed.items()}, labels, source)


def learn_weights(campaigns: Sequence[tuple[Accounts, Mask]], nulls: Nulls, settings: Settings) -> Nulls:
    """Learn how much each test counts in its family, from accounts of which it is known who belongs to a campaign."""
    even = replace(nulls, weights={}, stakes={})
    return replace(nulls, weights=weights_of([(s.tests, own) for s, _, own in _scored(campaigns, even, settings)]))


def learn_stakes(campaigns: Sequence[tuple[Accounts, Mask]], nulls: Nulls, settings: Settings) -> Nulls:
    """Learn how much of the error rate is staked on each kind of group, from the same."""
    found = _scored(campaigns, replace(nulls, stakes={}), settings)
    return replace(nulls, stakes=fit_stakes([_staked(*one) for one in found]))


def _staked(scores: Scores, groups: Groups, own: Mask) -> tuple[npt.NDArray[np.str_], Floats, Floats, Mask]:
    return kinds_of(groups), even_by_size(groups), scores.total, own


def _scored(
    campaigns: Sequence[tuple[Accounts, Mask]], nulls: Nulls, settings: Settings
) -> list[tuple[Scores, Groups, Mask]]:
    """Scores and groups of every log, and which groups consist of a campaign's accounts."""
    found: list[tuple[Scores, Groups, Mask]] = []
    for accounts, guilty in campaigns:
        groups = form_groups(accounts, settings)
        scores = score(accounts, groups, nulls, settings.false_discovery_fraction)
        inside = np.asarray(groups.members @ guilty.astype(float)).ravel()
        pure = np.asarray(inside >= _PURE_FRACTION * np.asarray(groups.members.sum(axis=1)).ravel())
        found.append((scores, groups, pure))
    return found


def learn_trust(campaigns: Sequence[tuple[Accounts, npt.NDArray[np.str_]]], nulls: Nulls, settings: Settings) -> Nulls:
    """Learn how far weights of membership are trusted, from accounts whose operators are known ("" for none)."""
    learnt = replace(nulls, trust=Trust(), wordless=None)
    for _ in range(_TRUST_ROUNDS):
        learnt = replace(learnt, trust=fit_trust(_labelled(campaigns, learnt, settings)))
    return replace(learnt, wordless=nulls.wordless)


def learn_wordless_trust(
    campaigns: Sequence[tuple[Accounts, npt.NDArray[np.str_]]], nulls: Nulls, settings: Settings
) -> Nulls:
    """Learn how far the same weights are trusted in logs without words, beside the cores that are found in such."""
    return replace(nulls, wordless=fit_trust(_labelled(campaigns, replace(nulls, wordless=None), settings)))


def beside(campaigns: Sequence[FoundCampaign], accounts: int) -> list[tuple[FoundCampaign, Mask]]:
    """Give each campaign with the accounts that are in another: those cannot be its members."""
    inside = np.zeros((len(campaigns), accounts), bool)
    for number, campaign in enumerate(campaigns):
        inside[number, campaign.rows] = True
    return [(c, np.asarray(np.delete(inside, number, axis=0).any(axis=0))) for number, c in enumerate(campaigns)]


def _labelled(
    campaigns: Sequence[tuple[Accounts, npt.NDArray[np.str_]]], nulls: Nulls, settings: Settings
) -> list[Labelled]:
    """Find the campaigns of every log, and weigh all accounts beside each that is an operator's."""
    found = [
        _weighed(accounts, operators, campaign.rows, taken)
        for accounts, operators in campaigns
        for campaign, taken in beside(find(accounts, nulls, settings).campaigns, len(operators))
    ]
    return [one for one in found if one]


def _weighed(
    accounts: Accounts, operators: npt.NDArray[np.str_], rows: npt.NDArray[np.int64], taken: Mask
) -> Labelled | None:
    """Weigh all accounts beside a campaign with even trust; None for a campaign of the innocent."""
    names, counts = np.unique(operators[rows], return_counts=True)
    operator = names[counts.argmax()]
    if not operator:
        return None
    members = np.isin(np.arange(len(operators)), rows)
    families = family_weights(weigh(accounts, members, ~members, Trust()))
    stack = np.column_stack([families[family] for family in FAMILIES])[~taken]
    return Labelled(stack, prior_bits(members), (operators == operator)[~taken])


def learn_sums(sums: Floats, nulls: Nulls) -> Nulls:
    """Measure what sums of bits are worth: those of benign groups that the nulls were not learnt from (`sums_of`)."""
    return replace(nulls, sums=fit_sums(sums))


def learn_looks(most: Floats, nulls: Nulls) -> Nulls:
    """Measure what sums are worth when one looks again and again: `most` is the most that each group ever reached."""
    return replace(nulls, looks=fit_sums(most))


def sums_of(accounts: Accounts, nulls: Nulls, settings: Settings) -> dict[tuple[Trait, ...], float]:
    """The sum of the families' bits of every group that declares no common organisation, by what it shares or
    which part of a habit it is.
    """
    groups = form_groups(accounts, settings)
    if not len(groups):
        return {}
    scores = score(accounts, groups, replace(nulls, sums=Sums()), settings.false_discovery_fraction)
    rows = np.flatnonzero(~declared_groups(accounts, groups)).tolist()
    return {groups.traits[row]: float(scores.total[row]) for row in rows}


def _tests(scores: Scores) -> tuple[tuple[str, ...], tuple[NotEvaluated, ...]]:
    """Which tests said anything at all, and what the others miss."""
    on = [t.name for t in ALL if np.isfinite(scores.tests[t.name]).any()]
    off = [NotEvaluated(t.name, "together", t.needs) for t in ALL if t.name not in on]
    return tuple(on), tuple(off)
