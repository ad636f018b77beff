"""Declared relation: the accounts say themselves that they belong together.

Source: DESIGN.md question 2: an organisation declares its seats. Claims: at least `declared_share_fraction` of the
members name the same organisation, or have their addresses at the same corporate mail domain.
Exemptions: a domain declares nothing if it is disposable, a public provider by list or because most of its accounts
are strangers, or if its addresses are machine-made: one pattern for nearly all of them that strangers rarely have.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.hidden.domains import free_domains, is_disposable
from stillwatch.hidden.population import Coded, Mask, Population
from stillwatch.settings import Settings
from stillwatch.types import Evidence

PUBLIC_FRACTION = 0.5  # of a domain's accounts are strangers: the domain belongs to a provider, not to the members
PATTERN_FRACTION = 0.8  # of a domain's members have one address pattern: made by a machine ...
PATTERN_RARITY_FRACTION = 0.1  # ... unless so many strangers' addresses have that pattern too


@dataclass(frozen=True, slots=True)
class Declared:
    """What the members declare. `share_fraction`: of all members, in the largest organisation (or the declared
    domain); `relation`: how they declare that they belong together, or empty.
    """

    relation: str
    share_fraction: float
    largest: str | None
    organisations: int
    evidence: Evidence


def declared_relation(accounts: Population, members: Mask, settings: Settings) -> Declared:
    """Tell whether the members declare that they belong together, and as what."""
    size = int(members.sum())
    counts = accounts.organisation.counts(members)
    organisations = int(np.count_nonzero(counts))
    largest, holders = _commonest(accounts.organisation, counts)
    claim = _organisation_claim(size, holders, organisations, counts)
    if holders >= settings.declared_share_fraction * size:
        return Declared("organisation", holders / size, largest, organisations, _evidence(claim))
    domain, at_domain = _commonest(accounts.domain, accounts.domain.counts(members))
    if domain and at_domain >= settings.declared_share_fraction * size and _corporate(accounts, members, domain):
        claim = f"{at_domain:,} of {size:,} accounts have addresses at {domain}, a domain that others do not use."
        return Declared("domain", at_domain / size, domain, organisations, _evidence(claim))
    return Declared("", holders / max(size, 1), largest, organisations, _evidence(claim))


def _commonest(column: Coded, counts: npt.NDArray[np.int64]) -> tuple[str | None, int]:
    if not counts.any():
        return None, 0
    place = int(counts.argmax())
    return column.values[place], int(counts[place])


def _corporate(accounts: Population, members: Mask, domain: str) -> bool:
    if domain in free_domains() or is_disposable(domain):
        return False
    users = accounts.domain.among([domain])
    if (users & ~members).sum() > PUBLIC_FRACTION * users.sum():
        return False
    return not _machine_made(accounts, users & members, ~members)


def _machine_made(accounts: Population, users: Mask, strangers: Mask) -> bool:
    counts = accounts.shape.counts(users)
    if not counts.any() or counts.max() < PATTERN_FRACTION * users.sum():
        return False
    others = accounts.shape.counts(strangers)
    return bool(others[counts.argmax()] < PATTERN_RARITY_FRACTION * max(others.sum(), 1))


def _organisation_claim(size: int, holders: int, organisations: int, counts: npt.NDArray[np.int64]) -> str:
    if organisations == 0:
        return f"None of {size:,} accounts names an organisation."
    naming = int(counts.sum())
    named = f"{naming:,} of {size:,} accounts name {organisations:,} organisation{'s' if organisations > 1 else ''}"
    return f"{named}; the largest has {holders:,} of them."


def _evidence(claim: str) -> Evidence:
    """A fact that decides the answer by rule, hence without bits."""
    return Evidence("declared relation", "hidden", 0.0, claim)
