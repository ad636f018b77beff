"""The ordinary customers of a model service, one table row a kind.

In: nothing. Out: `KINDS`: share of accounts, volume, hours, what they ask and how they sign up. The numbers are chosen,
not measured; docs/why/simulator.md says so. Volumes and gaps of the `business` kinds come from real clients.
"""

from dataclasses import dataclass
from typing import Literal

Volume = Literal["person", "business"]
Rhythm = Literal["person", "office", "nightly", "hourly", "steady", "tide", "real"]

# what a kind asks: (weight, target, source, order, scaffolded, second text, how often it is there)
Ask = tuple[float, str, str, str, bool, str, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of innocent customer. `template` and `system`: phrase lists of its own wording, "" for none."""

    name: str
    share: float
    volume: Volume
    rhythms: tuple[Rhythm, ...]
    asks: tuple[Ask, ...]
    session: float = 1.0
    template: str = ""
    templates: int = 1
    system: str = ""
    tools: tuple[int, int] = (0, 0)
    organisation_fraction: float = 0.0
    own_domain_fraction: float = 0.1
    hosted_fraction: float = 0.0
    addresses: tuple[int, int] = (1, 3)
    seats: int = 0


CHAT: tuple[Ask, ...] = (
    (0.45, "other", "arena", "own", False, "sentences", 0.7),
    (0.15, "instruction_following", "personas", "own", False, "sentences", 0.8),
    (0.15, "instruction_following", "roleplay", "own", False, "sentences", 0.5),
    (0.15, "other", "seed_tasks", "own", False, "sentences", 0.9),
    (0.10, "knowledge", "sentences", "own", False, "", 0.0),
)
CHAT_ZH: tuple[Ask, ...] = (
    (0.8, "other", "belle_zh", "own", False, "belle_zh", 0.6),
    (0.2, "instruction_following", "personas_zh", "own", False, "belle_zh", 0.8),
)
DEVELOP: tuple[Ask, ...] = (
    (0.5, "coding", "code", "own", False, "sentences", 0.6),
    (0.4, "coding", "nl2bash", "own", False, "sentences", 0.35),
    (0.1, "agentic_tool_use", "taubench", "own", False, "", 0.0),
)
STUDY: tuple[Ask, ...] = (
    (0.5, "reasoning", "gsm8k", "own", True, "sentences", 0.25),
    (0.3, "knowledge", "t0", "own", True, "", 0.0),
    (0.2, "coding", "code", "own", True, "sentences", 0.3),
)

KINDS: tuple[Kind, ...] = (
    Kind("chat_person", 0.37, "person", ("person",), CHAT, session=4.0, system="chat_system"),
    Kind("chat_person_zh", 0.05, "person", ("person",), CHAT_ZH, session=4.0, system="chat_system"),
    Kind(
        "coding_developer",
        0.16,
        "person",
        ("person", "office"),
        DEVELOP,
        session=9.0,
        own_domain_fraction=0.4,
        tools=(5, 9),
    ),
    Kind(
        "customer_bot",
        0.06,
        "business",
        ("real", "tide"),
        ((1.0, "other", "clinc", "any", True, "", 0.0),),
        session=3.0,
        template="bot",
        system="bot_system",
        organisation_fraction=0.6,
        own_domain_fraction=0.8,
        hosted_fraction=0.9,
        addresses=(1, 6),
        seats=400,
    ),
    Kind(
        "nightly_batch",
        0.04,
        "business",
        ("nightly",),
        (
            (0.5, "formatting", "t0", "slice", True, "sentences", 1.0),
            (0.5, "formatting", "sentences", "slice", True, "sentences", 0.9),
        ),
        template="pipeline",
        templates=2,
        organisation_fraction=0.5,
        own_domain_fraction=0.8,
        hosted_fraction=0.9,
    ),
    Kind(
        "evaluation",
        0.02,
        "business",
        ("office", "nightly"),
        ((0.6, "reasoning", "gsm8k", "own", True, "", 0.0), (0.4, "grading", "judge", "own", False, "", 0.0)),
        template="evaluation",
        templates=2,
        organisation_fraction=0.5,
        own_domain_fraction=0.6,
        hosted_fraction=0.6,
    ),
    Kind(
        "rag",
        0.02,
        "business",
        ("real",),
        (
            (0.8, "knowledge", "t0", "slice", True, "sentences", 1.0),
            (0.2, "knowledge", "sentences", "slice", True, "sentences", 1.0),
        ),
        template="rag",
        organisation_fraction=0.5,
        own_domain_fraction=0.8,
        hosted_fraction=0.9,
    ),
    Kind(
        "agent",
        0.06,
        "business",
        ("real", "office", "tide", "steady"),
        (
            (0.7, "agentic_tool_use", "taubench", "own", False, "sentences", 0.5),
            (0.3, "agentic_tool_use", "toolformer", "own", False, "sentences", 0.3),
        ),
        session=12.0,
        system="agent_system",
        tools=(3, 12),
        organisation_fraction=0.5,
        own_domain_fraction=0.7,
        hosted_fraction=0.7,
    ),
    Kind(
        "pipeline",
        0.08,
        "business",
        ("real", "hourly", "steady", "steady"),
        (
            (0.6, "data_analysis", "t0", "slice", True, "sentences", 1.0),
            (0.4, "data_analysis", "sentences", "slice", True, "sentences", 0.8),
        ),
        template="pipeline",
        templates=3,
        organisation_fraction=0.5,
        own_domain_fraction=0.8,
        hosted_fraction=0.8,
    ),
    Kind(
        "translator",
        0.04,
        "person",
        ("office", "person"),
        ((0.6, "other", "sentences", "slice", True, "sentences", 0.9), (0.4, "other", "arena", "own", True, "", 0.0)),
        template="translate",
        templates=2,
        own_domain_fraction=0.4,
    ),
    Kind("student", 0.10, "person", ("person",), STUDY, session=3.0, template="lesson", templates=4),
)
BY_NAME = {kind.name: kind for kind in KINDS}
