"""Campaigns and what is said about them: the vocabulary of DESIGN.md section 4 as types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

AccountId = NewType("AccountId", str)
ExchangeId = NewType("ExchangeId", str)
CampaignId = NewType("CampaignId", str)

Question = Literal["together", "hidden", "taking", "leaked"]
Answer = Literal["yes", "mixed", "no", "not_evaluated"]


class Target(StrEnum):
    """The capability an exchange takes (DESIGN.md section 7); the order is the order of classifier columns."""

    REASONING = "reasoning"
    GRADING = "grading"
    CODING = "coding"
    AGENTIC_TOOL_USE = "agentic_tool_use"
    DATA_ANALYSIS = "data_analysis"
    VISION_COMPUTER_USE = "vision_computer_use"
    FORMATTING = "formatting"
    REFUSAL_REWRITING = "refusal_rewriting"
    INSTRUCTION_FOLLOWING = "instruction_following"
    KNOWLEDGE = "knowledge"
    OTHER = "other"


TARGETS: tuple[Target, ...] = tuple(Target)


class Verdict(StrEnum):
    """What a campaign is, by the table of DESIGN.md section 2."""

    DISTILLATION = "distillation"
    RELAY = "relay"
    DECLARED_HARVEST = "declared_harvest"
    ORGANISATION = "organisation"
    NO_CAMPAIGN = "no_campaign"
    NOT_EVALUATED = "not_evaluated"


DISGUISED = frozenset({Verdict.DISTILLATION, Verdict.RELAY})
"""Verdicts on one operator that takes and poses as strangers."""

ACCUSING = DISGUISED | {Verdict.DECLARED_HARVEST}
"""Verdicts that allege something."""


class TraitKind(StrEnum):
    """What accounts can have in common."""

    PAYMENT = "payment"
    ADDRESS = "address"
    NETWORK = "network"
    ASN = "asn"
    CLIENT = "client"
    EMAIL_DOMAIN = "email_domain"
    EMAIL_SHAPE = "email_shape"
    SIGN_UP = "sign_up"
    SCAFFOLD = "scaffold"
    SYSTEM_PROMPT = "system_prompt"
    TOOL_SCHEMA = "tool_schema"
    PARAMETERS = "parameters"
    TASK_LIST = "task_list"
    MODEL = "model"
    ORGANISATION = "organisation"
    TOPICS = "topics"

    @property
    def is_habit(self) -> bool:
        """Whether accounts are alike in it, and none has a value of it: a part of all accounts stands for that."""
        return self is TraitKind.TOPICS


@dataclass(frozen=True, slots=True)
class Trait:
    """What accounts have in common: a hypothesis that they are one operator, never a proof."""

    kind: TraitKind
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One test's finding about one campaign.

    `bits` is the base-2 logarithm of an e-value; it can be negative. `claim` is a sentence with numbers
    that an analyst can check; `exchange_ids` point at examples.
    """

    test: str
    question: Question
    bits: float
    claim: str
    exchange_ids: tuple[ExchangeId, ...] = ()


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """A test that could not run, and the input that would turn it on."""

    test: str
    question: Question
    missing: str


@dataclass(frozen=True, slots=True)
class Member:
    """One account of a campaign. `bits`: log2 odds that it belongs, after the prior. Times are event time."""

    account_id: AccountId
    bits: float
    first_seen: datetime
    last_seen: datetime
    exchanges: int
    taking_exchanges: int
    top_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HiddenFinding:
    """Do the accounts pose as unrelated? Fractions are shares of member accounts, 0..1, or None if unknown."""

    answer: Answer
    declared_share_fraction: float | None
    largest_organisation: str | None
    organisations: int
    disposable_email_fraction: float | None
    country_mismatch_fraction: float | None
    rules_fired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetShare:
    """How much of a campaign's taking aims at one capability."""

    target: Target
    exchanges: int
    share_fraction: float


@dataclass(frozen=True, slots=True)
class Learning:
    """An estimate, not a measurement, of what the leaked exchanges teach a student of one size.

    `points` is the expected gain on `benchmark` in percentage points, with a 90 % interval.
    """

    student: str
    benchmark: str
    points: float
    low_points: float
    high_points: float


@dataclass(frozen=True, slots=True)
class Leak:
    """What has gone: counted where counted, estimated where marked."""

    exchanges: int
    unique_tasks: int
    input_tokens: int | None
    output_tokens: int | None
    list_price_usd: float | None
    unpriced_models: tuple[str, ...]
    learning_estimate: tuple[Learning, ...]


@dataclass(frozen=True, slots=True)
class HourCount:
    """Exchanges of a campaign in one hour of event time (UTC)."""

    hour: datetime
    exchanges: int


@dataclass(frozen=True, slots=True)
class SharedTrait:
    """A trait as seen in a campaign: how many members show it, how many other accounts do."""

    trait: Trait
    members: int
    strangers: int
    label: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """Accounts judged together, with everything a reader needs to check the judgement."""

    campaign_id: CampaignId
    verdict: Verdict
    together_bits: float
    taking_bits: float
    hidden: HiddenFinding
    taking: Answer
    members: tuple[Member, ...]
    exchanges: int
    taking_exchanges: int
    first_seen: datetime
    last_seen: datetime
    targets: tuple[TargetShare, ...]
    evidence: tuple[Evidence, ...]
    leak: Leak
    indicators: tuple[str, ...]
    traits: tuple[SharedTrait, ...]
    timeline: tuple[HourCount, ...]
    examples: tuple[tuple[ExchangeId, str], ...]
    not_evaluated: tuple[NotEvaluated, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """Campaigns that stay separate and send through the same networks: customers of one proxy service, say.

    values: the networks, or addresses, that two of them or more use; accounts: of these campaigns behind them; bits: of
    the least sure link that holds the pool together.
    """

    campaign_ids: tuple[CampaignId, ...]
    kind: TraitKind
    values: tuple[str, ...]
    accounts: int
    bits: float
    claim: str


@dataclass(frozen=True, slots=True)
class Exceedance:
    """Of `groups` held-out benign groups, how many reached `bits`; `allowed_fraction` is 2**-bits.

    holds: the interval reaches down to what is allowed, or what lies above it is no more than a few operators' doing.
    """

    bits: int
    groups: int
    exceeding: int
    low_fraction: float
    high_fraction: float
    allowed_fraction: float
    holds: bool

    @property
    def excused(self) -> bool:
        """Whether it holds only because groups of one operator count once."""
        return self.holds and self.low_fraction > self.allowed_fraction


@dataclass(frozen=True, slots=True)
class LabelledInnocents:
    """Accounts labelled innocent that are in the log: how many, how many of them a campaign accuses, and how many bits
    the groups reach that they are most of. Labels of appeals are of accounts that were accused, so their groups have
    more bits than others; they are counted among all benign groups, not alone.
    """

    accounts: int
    accused: int
    groups: int
    exceedance: tuple[Exceedance, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The run's check of its own bits. Not `ok` means: bits are uncalibrated and nothing may be enforced.

    labelled: None where no innocents were given.
    """

    groups_checked: int
    exceedance: tuple[Exceedance, ...]
    ok: bool
    source: str
    labelled: LabelledInnocents | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not be read; it is counted and nothing else is lost."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the input held: the first thing a user reads. exchanges: those judged, each once, up to `--as-of`."""

    files: tuple[str, ...]
    exchanges: int
    rows_read: int
    rows_quarantined: int
    rows_duplicated: int
    quarantined: tuple[Quarantined, ...]
    column_fraction: Mapping[str, float]
    account_column_fraction: Mapping[str, float]
    accounts: int
    accounts_declared: int
    first_seen: datetime | None
    last_seen: datetime | None
    tests_on: tuple[str, ...]
    tests_off: tuple[NotEvaluated, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContinuedAccount:
    """A fresh account that continues a known campaign. exchanges_until_named: its exchanges when bits sufficed, from 1.

    bits: log2 of an e-value against strangers; reasons: the best value of each kind it met, in words.
    """

    account_id: AccountId
    campaign_id: CampaignId
    first_seen: datetime
    last_seen: datetime
    exchanges: int
    exchanges_until_named: int
    bits: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """Who continues the known campaigns of earlier reports, and at what rate that is said of an innocent.

    found_again: known campaigns that a campaign of this run continues under their id; accounts_checked: fresh accounts;
    false_fraction: at most this share of innocent ones is expected to be named; threshold_bits: what that takes, of the
    campaign with most members.
    """

    known: tuple[CampaignId, ...]
    found_again: tuple[CampaignId, ...]
    accounts_checked: int
    false_fraction: float
    threshold_bits: float
    accounts: tuple[ContinuedAccount, ...]


_TICK_SECONDS = 0.001  # the shortest time a stage is taken to last


@dataclass(frozen=True, slots=True)
class StageCost:
    """What a stage of a run cost. peak_bytes: largest resident memory; spilled_bytes: put on disk for want of it."""

    stage: str
    seconds: float
    peak_bytes: int
    spilled_bytes: int


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run cost, and the input that it is measured against: rows, and bytes as they lie on disk."""

    rows: int
    bytes: int
    stages: tuple[StageCost, ...]

    def rows_per_second(self, stage: StageCost) -> int:
        """The pace at which a stage got through all rows of the input."""
        return round(self.rows / max(stage.seconds, _TICK_SECONDS))

    def bytes_per_second(self, stage: StageCost) -> int:
        """The pace at which a stage got through all bytes of the input."""
        return round(self.bytes / max(stage.seconds, _TICK_SECONDS))


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of one run: what `report` prints and `decide` judged.

    `threshold_bits`: the fewest bits that e-BH accused on in this run; None if it accused nobody or is not known.
    `continued`: None where no earlier report was given; `cost`: None where it was not asked for.
    `pools`: which of the campaigns share networks.
    """

    version: str
    as_of: datetime
    input_fingerprint: str
    settings_hash: str
    coverage: Coverage
    calibration: Calibration
    groups_tested: int
    campaigns: tuple[Campaign, ...]
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    threshold_bits: float | None = None
    continued: Continuation | None = None
    cost: RunCost | None = None
    pools: tuple[Pool, ...] = ()
