"""Does an account continue a known campaign? A pure look-up, exchange by exchange.

In: an `Index` made once, and the values that an account shows. Out: a new `Trail`, and its bits for each campaign.

Bits are log2 of an e-value that may be looked at after every exchange: values count by the best one met so far,
strangers were counted by what they ever show. Kinds of one family are averaged; the two families are taken as
independent among strangers. A kind in which nothing known was met stands for the bet that it was changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp2, log2
from types import MappingProxyType

from stillwatch.known.campaigns import CHANGED_FRACTION, FAMILIES, KnownCampaign
from stillwatch.types import Trait, TraitKind

_REASONS = 3

Trail = Mapping[int, Mapping[TraitKind, float]]
"""By campaign number: the most bits met so far in each kind. Campaigns of which nothing was met are not in it."""


@dataclass(frozen=True, slots=True)
class Index:
    """Known campaigns turned round: (campaign number, bits) by trait; weights: by campaign, each kind's share."""

    campaigns: tuple[KnownCampaign, ...]
    marks: Mapping[Trait, tuple[tuple[int, float], ...]]
    weights: tuple[Mapping[TraitKind, float], ...]


def index(campaigns: Sequence[KnownCampaign]) -> Index:
    """Turn campaigns into what `follow` looks up."""
    marks: dict[Trait, tuple[tuple[int, float], ...]] = {}
    for number, campaign in enumerate(campaigns):
        for kind in campaign.kinds:
            for value in kind.values:
                trait = Trait(kind.kind, value.value)
                marks[trait] = (*marks.get(trait, ()), (number, value.bits))
    weights = tuple(
        MappingProxyType({kind.kind: kind.weight_fraction for kind in campaign.kinds}) for campaign in campaigns
    )
    return Index(tuple(campaigns), MappingProxyType(marks), weights)


def follow(known: Index, trail: Trail, shown: Iterable[Trait]) -> Trail:
    """Add what one more exchange shows; the trail is the same value when nothing new was met."""
    grown: dict[int, Mapping[TraitKind, float]] | None = None
    for trait in shown:
        for number, bits in known.marks.get(trait, ()):
            best = (trail if grown is None else grown).get(number, {})
            if bits > best.get(trait.kind, 0.0):
                grown = dict(trail) if grown is None else grown
                grown[number] = {**best, trait.kind: bits}
    return trail if grown is None else grown


def total_bits(known: Index, trail: Trail) -> dict[int, float]:
    """Give the bits of each campaign of which something was met."""
    return {number: _bits(known.weights[number], best) for number, best in trail.items()}


def passed(known: Index, met: Iterable[tuple[int, Trait]], threshold_bits: float) -> tuple[int, int, float] | None:
    """Follow one account through what it met: (campaign, exchanges until its bits sufficed, its bits in the end).

    Args:    met: (exchange, trait), exchanges numbered from 1; of one exchange together.
    Returns: None if the bits of no campaign ever suffice; of several the one with the most bits.
    """
    by_exchange: dict[int, list[Trait]] = defaultdict(list)
    for exchange, trait in met:
        by_exchange[exchange].append(trait)
    trail: Trail = {}
    first: dict[int, int] = {}
    for exchange in sorted(by_exchange):
        trail = follow(known, trail, by_exchange[exchange])
        for number, bits in total_bits(known, trail).items():
            if bits >= threshold_bits:
                first.setdefault(number, exchange)
    if not first:
        return None
    bits_in_the_end = total_bits(known, trail)
    number = max(first, key=lambda n: (bits_in_the_end[n], -n))
    return number, first[number], round(bits_in_the_end[number], 3)


def reasons(known: Index, number: int, met: Iterable[Trait]) -> tuple[str, ...]:
    """Say what an account met of a campaign: the best value of each kind, with its numbers, the strongest first."""
    campaign, shown = known.campaigns[number], set(met)
    said: list[tuple[float, str]] = []
    for kind in campaign.kinds:
        own = [value for value in kind.values if Trait(kind.kind, value.value) in shown]
        if own:
            best = max(own, key=lambda value: value.bits)
            members = f"{best.members:,} of {campaign.accounts:,} members"
            strangers = f"{best.strangers:,} of {campaign.strangers:,} strangers"
            said.append((best.bits, f"{kind.kind} {best.bits:+.1f} bits: shown by {members} and {strangers}"))
    return tuple(sentence for _, sentence in sorted(said, reverse=True)[:_REASONS])


def _bits(weights: Mapping[TraitKind, float], best: Mapping[TraitKind, float]) -> float:
    mean: dict[str, float] = {}
    for kind, weight in weights.items():
        bits = best.get(kind)
        e_value = CHANGED_FRACTION if bits is None else exp2(bits)
        mean[FAMILIES[kind]] = mean.get(FAMILIES[kind], 0.0) + weight * e_value
    return sum(log2(part) for part in mean.values())
