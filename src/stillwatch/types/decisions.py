"""What is done about a campaign: decisions, and whose approval lets them be enforced.

In: nothing. Out: frozen values. A decision without a campaign and its bits cannot be made, and one without a named
person's approval, given on bits that held, is never enforced: `Decision` and `Approval` refuse it. Read `decide` next.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import NewType

from stillwatch.types.campaigns import CampaignId, Verdict

DecisionId = NewType("DecisionId", str)
ActId = NewType("ActId", str)


class Scope(StrEnum):
    """What a decision or an exemption is about."""

    ACCOUNT = "account"
    KEY = "key"
    ORGANISATION = "organisation"
    ADDRESS = "address"
    NETWORK = "network"
    CLIENT = "client"
    SCAFFOLD = "scaffold"


class Action(StrEnum):
    """What happens to a request, from the mildest to the hardest; of several decisions the hardest counts."""

    WATCH = "watch"
    WITHHOLD_REASONING = "withhold_reasoning"
    CAP = "cap"
    THROTTLE = "throttle"
    CHALLENGE = "challenge"
    VERIFY = "verify"
    BLOCK = "block"


SEVERITY: dict[Action, int] = {action: place for place, action in enumerate(Action)}

ACCUSED_OF = frozenset({Verdict.DISTILLATION, Verdict.RELAY, Verdict.DECLARED_HARVEST})
"""Verdicts that a decision can rest on."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A named person lets decisions be enforced. bits_held: the run's own check of its bits, which must have held.

    Raises:  ValueError: nobody is named, or the bits did not hold.
    """

    by: str
    at: datetime
    bits_held: bool

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise ValueError("an approval names the person who gives it")
        if self.bits_held is not True:
            raise ValueError("the run's check of its own bits did not hold: nothing can be approved on them")
        _aware(self.at)


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing done to one scope and value, from `start` to before `end`. Without an approval it is simulated.

    bits: what the campaign's evidence is worth, or a fresh account's that continues it. requests: what passes
    in an hour of a throttle, in a day of a cap; 0 for other actions.
    Raises:  ValueError: no campaign, bits that are not above 0, an end that is not after the start.
    """

    decision_id: DecisionId
    scope: Scope
    value: str
    action: Action
    reason_code: str
    campaign_id: CampaignId
    bits: float
    start: datetime
    end: datetime
    requests: int = 0
    message: str = ""
    approval: Approval | None = None

    def __post_init__(self) -> None:
        if not self.campaign_id or not isfinite(self.bits) or self.bits <= 0:
            raise ValueError("a decision rests on a campaign and its bits, which must be above 0")
        if not self.value or not self.reason_code:
            raise ValueError("a decision names what it is about and why")
        _aware(self.start)
        _aware(self.end)
        if self.end <= self.start:
            raise ValueError("a decision ends after it starts")
        if (self.action in (Action.THROTTLE, Action.CAP)) != (self.requests > 0):
            raise ValueError("a throttle or a cap says how many requests pass; other actions do not")

    @property
    def enforced(self) -> bool:
        """Whether doors act on it; else they only count what they would have done."""
        return self.approval is not None


@dataclass(frozen=True, slots=True)
class Exemption:
    """What no decision touches, earlier and later ones alike: allowed by a person, or released after an appeal."""

    scope: Scope
    value: str
    by: str
    at: datetime
    why: str
    released: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A value that marks a campaign: members and strangers that show it, and log2 of how much oftener members do."""

    scope: Scope
    value: str
    lift_bits: float
    members: int
    strangers: int


@dataclass(frozen=True, slots=True)
class Accused:
    """What `decide` needs of a campaign: its verdict, bits, members with log2 odds of membership, and marks."""

    campaign_id: CampaignId
    verdict: Verdict
    together_bits: float
    members: tuple[tuple[str, float], ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A part of a plan that is not done, and why."""

    campaign_id: CampaignId
    action: Action
    targets: int
    why: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is done with a fresh account that is seen to continue a campaign, once it has so many bits.

    campaign_bits: what the campaign's own evidence is worth; per_hour: fresh accounts that a gateway may act on in an
    hour, 0 for no such cap. Without an approval it is simulated.
    """

    campaign_id: CampaignId
    action: Action
    reason_code: str
    campaign_bits: float
    bits: float
    hours: float
    requests: int = 0
    message: str = ""
    approval: Approval | None = None
    per_hour: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a policy wants done: decisions in a fixed order, what follows up on them, and what is held back.

    bits_held: whether the run's check of its own bits held; enforceable: reason codes and actions that the policy
    lets an approval enforce; caps_per_hour: decisions of an action that may start in an hour, other acts' included.
    """

    decisions: tuple[Decision, ...]
    held: tuple[Held, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    bits_held: bool = False
    enforceable: frozenset[tuple[str, Action]] = frozenset()
    caps_per_hour: tuple[tuple[Action, int], ...] = ()


def _aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("times are aware, in UTC")
