"""A campaign as it is remembered: its id, its members, and the values that mark it with their bits.

In: nothing. Out: frozen values, small enough to be held by a gateway. Read `learning` next for where bits come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stillwatch.types import AccountId, CampaignId, TraitKind, Verdict

Family = Literal["application", "identity"]

FAMILIES: Mapping[TraitKind, Family] = {
    TraitKind.SCAFFOLD: "application",
    TraitKind.SYSTEM_PROMPT: "application",
    TraitKind.TOOL_SCHEMA: "application",
    TraitKind.CLIENT: "application",
    TraitKind.PARAMETERS: "application",
    TraitKind.PAYMENT: "identity",
    TraitKind.EMAIL_DOMAIN: "identity",
    TraitKind.EMAIL_SHAPE: "identity",
    TraitKind.ADDRESS: "identity",
    TraitKind.NETWORK: "identity",
}
"""Kinds that a fresh account can show in its first exchanges. Kinds of one family depend on each other (users of one
product share its prompt, client and parameters; the seats of one company its card and address) and are averaged."""

CHANGED_FRACTION = 0.25  # the bet that a replacement shows nothing known of one kind: a burnt scaffold costs 2 bits


@dataclass(frozen=True, slots=True)
class Indicator:
    """A value that marks a campaign: members and strangers that show it; bits: what meeting it says, above 0."""

    value: str
    members: int
    strangers: int
    bits: float


@dataclass(frozen=True, slots=True)
class KindIndicators:
    """Indicators of one kind. weight_fraction: its share in the mean of its family.

    level_bits: bits by level; a value's level is how many bits commoner it is among members (see `levels`).
    """

    kind: TraitKind
    weight_fraction: float
    level_bits: Mapping[int, float]
    values: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A campaign of an earlier report. as_of: how far that report looked.

    members: all that were ever seen; accounts, strangers: members and others that the values were learnt from.
    """

    campaign_id: CampaignId
    verdict: Verdict
    as_of: datetime
    first_seen: datetime
    last_seen: datetime
    members: frozenset[AccountId]
    accounts: int
    strangers: int
    kinds: tuple[KindIndicators, ...]
