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
"""Kinds that a fresh account can show in its first exchanges. Kinds of one family depend on each other and are judged
jointly: users of one product share its prompt, client and parameters, the seats of a company its card and address."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A value that marks a campaign: members and strangers that show it, and its lift.

    lift_bits: log2 of its share among members over that among strangers, these counted one too many; organisations:
    those of the strangers that show it. Its seats share their company's prompt and tools whoever copies them, so to
    another seat of theirs the value says nothing.
    """

    value: str
    members: int
    strangers: int
    lift_bits: float
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindIndicators:
    """Indicators of one kind."""

    kind: TraitKind
    values: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class FamilyOdds:
    """What a score in one family says; the score is the sum over its kinds of the best lift met.

    absent_bits: where nothing was met, below 0; steps: (score, bits) rising in both: bits hold from that score on.
    """

    family: Family
    absent_bits: float
    steps: tuple[tuple[float, float], ...]

    def bits(self, score: float) -> float:
        """Give the bits of a score.

        >>> FamilyOdds("application", -1.0, ((5.0, 2.0), (9.0, 8.5))).bits(8.0)
        2.0
        """
        reached = self.absent_bits
        for step, bits in self.steps:
            if step > score:
                break
            reached = bits
        return reached


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
    families: tuple[FamilyOdds, ...]
