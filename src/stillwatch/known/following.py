"""Does an account continue a known campaign? A pure look-up, exchange by exchange.

In: an `Index` made once, and the values that an account shows. Out: a new `Trail`, and its bits for each campaign.

In each kind the best lift met counts, their sum in a family is its score, and the score has bits (`lifts`), log2 of an
e-value that may be looked at after every exchange. The two families are taken as independent among strangers. Several
campaigns share the innocent accounts that may be named by how many accounts each had: a large one replaces many.
Source: Genovese, Roeder & Wasserman 2006, False discovery control with p-value weighting (weighted union bound).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from types import MappingProxyType

from stillwatch.known.campaigns import FAMILIES, KnownCampaign
from stillwatch.types import Trait, TraitKind

_REASONS = 3

Trail = Mapping[int, Mapping[TraitKind, float]]
"""By campaign number: the best lift met so far in each kind. Campaigns of which nothing was met are not in it."""


@dataclass(frozen=True, slots=True)
class Index:
    """Known campaigns turned round. marks: (campaign number, lift in bits, organisations whose own it is) by trait."""

    campaigns: tuple[KnownCampaign, ...]
    marks: Mapping[Trait, tuple[tuple[int, float, tuple[str, ...]], ...]]


def index(campaigns: Sequence[KnownCampaign]) -> Index:
    """Turn campaigns into what `follow` looks up."""
    marks: dict[Trait, tuple[tuple[int, float, tuple[str, ...]], ...]] = {}
    for number, campaign in enumerate(campaigns):
        for kind in campaign.kinds:
            for value in kind.values:
                trait = Trait(kind.kind, value.value)
                marks[trait] = (*marks.get(trait, ()), (number, value.lift_bits, value.organisations))
    return Index(tuple(campaigns), MappingProxyType(marks))


def needed_bits(campaigns: Sequence[KnownCampaign], false_fraction: float) -> tuple[float, ...]:
    """Give the bits that an account needs to be named for each campaign.

    Args:    false_fraction: of innocent fresh accounts that may be named, over all campaigns together.
    """
    sizes = [max(len(campaign.members), 1) for campaign in campaigns]
    return tuple(log2(sum(sizes) / size / false_fraction) for size in sizes)


def follow(known: Index, trail: Trail, shown: Iterable[Trait], organisation: str = "") -> Trail:
    """Add what one more exchange shows; the trail is the same value when nothing new was met.

    Args:    organisation: of the account; what other seats of it showed says nothing.
    """
    grown: dict[int, Mapping[TraitKind, float]] | None = None
    for trait in shown:
        for number, lift, organisations in known.marks.get(trait, ()):
            best = (trail if grown is None else grown).get(number, {})
            if lift > best.get(trait.kind, 0.0) and organisation not in organisations:
                grown = dict(trail) if grown is None else grown
                grown[number] = {**best, trait.kind: lift}
    return trail if grown is None else grown


def total_bits(known: Index, trail: Trail) -> dict[int, float]:
    """Give the bits of each campaign of which something was met."""
    return {number: _bits(known.campaigns[number], best) for number, best in trail.items()}


def passed(
    known: Index, met: Iterable[tuple[int, Trait]], needed: Sequence[float], organisation: str = ""
) -> tuple[int, int, float] | None:
    """Follow one account through what it met: (campaign, exchanges until its bits sufficed, its bits in the end).

    Args:    met: (exchange, trait), exchanges numbered from 1; of one exchange together; needed: bits, by campaign;
             organisation: see `follow`.
    Returns: None if the bits of no campaign ever suffice; of several the one with the most bits.
    """
    by_exchange: dict[int, list[Trait]] = defaultdict(list)
    for exchange, trait in met:
        by_exchange[exchange].append(trait)
    trail: Trail = {}
    first: dict[int, int] = {}
    for exchange in sorted(by_exchange):
        trail = follow(known, trail, by_exchange[exchange], organisation)
        for number, bits in total_bits(known, trail).items():
            if bits >= needed[number]:
                first.setdefault(number, exchange)
    if not first:
        return None
    bits_in_the_end = total_bits(known, trail)
    number = max(first, key=lambda n: (bits_in_the_end[n], -n))
    return number, first[number], round(bits_in_the_end[number], 3)


def reasons(known: Index, number: int, met: Iterable[Trait], organisation: str = "") -> tuple[str, ...]:
    """Say what an account met of a campaign: the best value of each kind, with its numbers, the strongest first."""
    campaign, shown = known.campaigns[number], set(met)
    said: list[tuple[float, str]] = []
    for kind in campaign.kinds:
        met_values = (value for value in kind.values if Trait(kind.kind, value.value) in shown)
        own = [value for value in met_values if organisation not in value.organisations]
        if own:
            best = max(own, key=lambda value: value.lift_bits)
            members = f"{best.members:,} of {campaign.accounts:,} members"
            strangers = f"{best.strangers:,} of {campaign.strangers:,} strangers"
            said.append((best.lift_bits, f"{kind.kind} {best.lift_bits:+.1f} bits: shown by {members} and {strangers}"))
    return tuple(sentence for _, sentence in sorted(said, reverse=True)[:_REASONS])


def _bits(campaign: KnownCampaign, best: Mapping[TraitKind, float]) -> float:
    score = {family.family: 0.0 for family in campaign.families}
    for kind, lift in best.items():
        if FAMILIES[kind] in score:
            score[FAMILIES[kind]] += lift
    return sum(family.bits(score[family.family]) for family in campaign.families)
