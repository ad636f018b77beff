"""The answer to "taking?": a campaign's harvest against that of ordinary customers, in bits.

In: `Counts`, one campaign, how many of its exchanges were taken. Out: a `TakingFinding`.

A campaign is one draw, however many accounts it has: they are clones. Under the null it is an ordinary customer, so
its reading is as likely to have any rank among the strangers' as any other: the conformal p-value. Tests of one family
are dependent, their e-values are averaged; the families are added. Content and structure are not independent
either (who does much of anything is extreme in both). Capped at `FAMILY_BITS` each, their sum is honest even if
both were the same test: 2 * p(b / 2 bits) <= 2**-b for the calibrator used, up to 2 * FAMILY_BITS.

Few strangers cannot give many bits. Therefore a second, rank-only route: the bits of each unit's weaker family ranked
among the strangers', which needs no independence and no calibrator. The weaker family, because a harvest shows in
both: a large organisation is extreme in what it asks, never in how. This route spends what error the first leaves:
together at most 2**-taking_bits. docs/why/hidden-taking-leaked.md has the derivation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.bits import calibrate_bits, mean_bits
from stillwatch.settings import Settings
from stillwatch.taking.conversation import CONVERSATION
from stillwatch.taking.counts import Counts, Vector
from stillwatch.taking.elicitation import ELICITATION
from stillwatch.taking.focus import FOCUS
from stillwatch.taking.harvest import Family, HarvestTest
from stillwatch.taking.judge_use import JUDGE_USE
from stillwatch.taking.metadata import LONG_ANSWERS, NO_REST, Silent
from stillwatch.taking.resampling import RESAMPLING
from stillwatch.taking.sweep import SWEEP
from stillwatch.taking.uniqueness import UNIQUENESS
from stillwatch.types import Answer, Evidence, NotEvaluated

TESTS: tuple[HarvestTest, ...] = (ELICITATION, JUDGE_USE, FOCUS, SWEEP, UNIQUENESS, CONVERSATION, RESAMPLING)
SILENT_TESTS: tuple[HarvestTest, ...] = (LONG_ANSWERS, NO_REST)
FAMILIES: tuple[Family, ...] = ("content", "structure")
FAMILY_BITS = 5.0  # above this a family's bits would no longer be honest when added to the other's; see above
RANK_MARGIN_BITS = 1.5  # the rank route is this much stricter where the bits route can speak too
WEAKER_BITS = 1.0  # the rank route asks for this much from either family: two to one at least, not merely rare
MIXED_FRACTION = 0.05  # of a campaign's exchanges; less is an accident, or one customer's, unless
MOST_MEMBERS = 0.5  # more of its accounts than this have a part in it: that is what one operator's harvest looks like
PLAIN_FRACTION = 0.1  # a campaign that this share of strangers matches is ordinary, however few they are


@dataclass(frozen=True, slots=True)
class TakingFinding:
    """The answer, the bits it rests on, and why. `rank_fraction`: p-value of the weaker family, or None."""

    answer: Answer
    bits: float
    rank_fraction: float | None
    evidence: tuple[Evidence, ...]
    not_evaluated: tuple[NotEvaluated, ...]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One test's p-values of the campaign (row 0) and of each stranger, in the sample of all of them."""

    test: HarvestTest
    p: Vector
    sentence: str

    @property
    def bits(self) -> Vector:
        return np.asarray(calibrate_bits(np.log(self.p)))


def judge_taking(  # noqa: PLR0913, PLR0917 - what one question is asked of
    counts: Counts,
    campaign: str,
    taken_exchanges: int,
    settings: Settings,
    silent: Silent | None = None,
    takers_fraction: float = 0.0,
) -> TakingFinding:
    """Answer whether a campaign's traffic is made to harvest.

    Args:    taken_exchanges: answered exchanges counted by `taken`.
             silent: the same units counted without text: all there is of a campaign that has no words.
             takers_fraction: share of the campaign's accounts that took any.
    Returns: "yes" or "mixed" by the share taken when the evidence suffices, "no" when it does not,
             "not_evaluated" with too few strangers to tell. Without words "mixed" or "not_evaluated", nothing else, and
             where nobody was ever answered "not_evaluated".
    """
    if campaign not in counts.campaigns:
        refused = tuple(NotEvaluated(test.name, "taking", "an exchange that was answered") for test in TESTS)
        return TakingFinding("not_evaluated", 0.0, None, (), refused)
    row = counts.campaigns.index(campaign)
    if counts.texted[row]:
        share = taken_exchanges / max(counts.exchanges[row], 1.0)
        return _judged(
            TESTS, counts, row, max(share, MIXED_FRACTION if takers_fraction > MOST_MEMBERS else 0), settings
        )
    off = tuple(NotEvaluated(test.name, "taking", "prompt_text") for test in TESTS)
    if silent is None:
        return TakingFinding("not_evaluated", 0.0, None, (), off)
    finding = _judged(SILENT_TESTS, silent, silent.campaigns.index(campaign), MIXED_FRACTION, settings)
    answer: Answer = "mixed" if finding.answer == "mixed" else "not_evaluated"
    return replace(finding, answer=answer, not_evaluated=(*off, *finding.not_evaluated))


def _judged(
    tests: Sequence[HarvestTest], counts: Counts | Silent, row: int, share_fraction: float, settings: Settings
) -> TakingFinding:
    missing = tuple(NotEvaluated(test.name, "taking", test.missing) for test in tests if not _ran(test, counts, row))
    ranked = [_rank(test, counts, row) for test in tests if _ran(test, counts, row)]
    families = {family: _family(ranked, family) for family in FAMILIES}
    family_bits = [float(family[0]) for family in families.values()]
    rank_fraction = _rank_together(families)
    answer = _answer(family_bits, rank_fraction, counts.strangers, share_fraction, settings)
    if answer == "not_evaluated":
        missing = (*missing, _too_few(counts.strangers, settings))
    evidence = (*_family_evidence(ranked, families), _rank_evidence(rank_fraction, counts.strangers))
    return TakingFinding(answer, math.fsum(family_bits), rank_fraction, evidence, missing)


def strangers_needed(settings: Settings) -> int:
    """Say how many strangers the rank route needs to be able to reach `taking_bits`."""
    return math.ceil(2**settings.taking_bits) - 1


def _ran(test: HarvestTest, counts: Counts | Silent, row: int) -> bool:
    return bool(test.read(counts).of[row] > 0)


def _rank(test: HarvestTest, counts: Counts | Silent, row: int) -> _Ranked:
    """Rank the campaign and every stranger by one test: p = (units at least as extreme) / (units), itself included."""
    reading = test.read(counts)
    mine = np.concatenate([[row], np.arange(len(counts.campaigns), len(reading.of))])
    harvest = reading.harvest(test.exponent)[mine]
    p = _shares_at_least(harvest)
    hits, of = int(reading.hits[row]), int(reading.of[row])
    beyond = round(p[0] * len(p)) - 1
    words = test.sentence(counts, row, hits, of)
    return _Ranked(test, p, f"{words}; {beyond:,} of {counts.strangers:,} ordinary accounts take as much this way")


def _shares_at_least(values: Vector) -> Vector:
    """Give for each value the share of all values that are at least as large."""
    below = np.searchsorted(np.sort(values), values, side="left")
    return np.asarray((len(values) - below) / len(values), np.float64)


def _family(ranked: Sequence[_Ranked], family: Family) -> Vector:
    """Average the e-values of a family's tests, for the campaign and each stranger; 0 bits when none ran."""
    rows = [one.bits for one in ranked if one.test.family == family]
    if not rows:
        return np.zeros(len(ranked[0].p))
    return np.minimum(np.asarray(mean_bits(np.stack(rows), axis=0)), FAMILY_BITS)


def _rank_together(families: dict[Family, Vector]) -> float:
    """Rank the campaign's weaker family among the strangers' weaker families: the share that is at least as high."""
    weaker: Vector = np.round(np.min(list(families.values()), axis=0), 9)
    return float(np.count_nonzero(weaker >= weaker[0]) / len(weaker))


def _answer(
    family_bits: Sequence[float], rank_fraction: float, strangers: int, share_fraction: float, settings: Settings
) -> Answer:
    most = len(FAMILIES) * min(FAMILY_BITS, float(calibrate_bits(-math.log(strangers + 1))))
    margin = RANK_MARGIN_BITS if most >= settings.taking_bits else 0.0
    rare = rank_fraction <= 2 ** -(settings.taking_bits + margin)
    both = min(family_bits) >= WEAKER_BITS  # a large organisation is extreme in what it asks alone
    if both and (math.fsum(family_bits) >= settings.taking_bits or rare):
        if share_fraction >= settings.taking_share_fraction:
            return "yes"
        return "mixed" if share_fraction >= MIXED_FRACTION else "no"
    if strangers < strangers_needed(settings) and rank_fraction <= PLAIN_FRACTION:
        return "not_evaluated"
    return "no" if strangers else "not_evaluated"


def _too_few(strangers: int, settings: Settings) -> NotEvaluated:
    need = f"at least {strangers_needed(settings):,} ordinary accounts with 20 exchanges or more to compare with"
    return NotEvaluated("harvest against ordinary accounts", "taking", f"{need}; the log has {strangers:,}")


def _family_evidence(ranked: Sequence[_Ranked], families: dict[Family, Vector]) -> tuple[Evidence, ...]:
    """Give one piece of evidence a family: its averaged bits and its tests' sentences, strongest first."""
    found = []
    for family in FAMILIES:
        tests = sorted((one for one in ranked if one.test.family == family), key=lambda one: float(one.p[0]))
        if tests:
            claim = ". ".join(one.sentence for one in tests) + "."
            found.append(Evidence(f"harvest {family}", "taking", float(families[family][0]), claim))
    return tuple(found)


def _rank_evidence(rank_fraction: float, strangers: int) -> Evidence:
    """Say how many strangers harvest as much in both families; 0 bits, because the families' bits say it."""
    beyond = round(rank_fraction * (strangers + 1)) - 1
    claim = f"{beyond:,} of {strangers:,} ordinary accounts harvest as much in content and structure together."
    return Evidence("harvest rank", "taking", 0.0, claim)
