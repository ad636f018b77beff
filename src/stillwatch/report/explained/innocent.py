"""The nearest innocent explanation of everything that accounts can share and of everything they can do alike.

In: a kind of trait or the name of a test. Out: words for it, and who else shows it. Each of these groups stands in the
reference traffic that nulls are learnt from, or in the log itself.
"""

from collections.abc import Mapping, Sequence

from stillwatch.types import TraitKind

SHARED: Mapping[str, tuple[str, str]] = {
    TraitKind.PAYMENT: ("means of payment", "a company or a family that pays for several accounts with one card"),
    TraitKind.ADDRESS: ("internet address", "one office, campus, mobile carrier or VPN exit behind one address"),
    TraitKind.NETWORK: (
        "network of 256 addresses",
        "a company, a campus or a carrier whose addresses lie side by side",
    ),
    TraitKind.ASN: ("network operator", "customers of one internet provider or one cloud"),
    TraitKind.CLIENT: ("client software", "people who use one popular tool in one version"),
    TraitKind.EMAIL_DOMAIN: ("e-mail domain", "colleagues at one company, or users of one mail provider"),
    TraitKind.EMAIL_SHAPE: ("form of e-mail address", "a company or a provider that prescribes the form of addresses"),
    TraitKind.SIGN_UP: ("time of sign-up", "people who came on one day because of a class, a launch or the news"),
    TraitKind.SCAFFOLD: (
        "fixed words in their prompts",
        "users of one tool, course or shared prompt that adds those words",
    ),
    TraitKind.SYSTEM_PROMPT: ("system prompt", "users of one product, which has one system prompt"),
    TraitKind.TOOL_SCHEMA: ("set of tools", "users of one agent framework, which offers the same tools to everybody"),
    TraitKind.PARAMETERS: ("request parameters", "users of one library with its default parameters"),
    TraitKind.TASK_LIST: ("list of tasks", "students with one assignment, or teams that run one public benchmark"),
    TraitKind.MODEL: ("model", "everybody who uses that model"),
    TraitKind.ORGANISATION: ("organisation", "colleagues: the seats of one declared organisation"),
    TraitKind.TOPICS: ("mix of topics", "people of one trade, or users of one tool for one purpose"),
}

DONE: Mapping[str, tuple[str, str]] = {
    "volume": ("exchanges per day", "machines of one honest customer that share their work, such as CI runners"),
    "hour": ("hours of the day", "people of one time zone, or honest jobs that run every night"),
    "sum_of_families": (
        "what the tests are worth together",
        "customers who are alike in several ways for one reason, such as one tool on one schedule",
    ),
    "gap": ("pauses between exchanges", "one honest tool that sends requests at its own pace"),
    "target": ("capabilities asked for", "colleagues who do one kind of work"),
    "reply": ("reply lengths", "one honest tool that asks one kind of question or limits its replies"),
    "harvest content": ("what is asked for", "an audit trail that asks for reasons, or a team that grades answers"),
    "harvest structure": ("how tasks follow each other", "a customer's bot with a template, or a public benchmark"),
    "harvest rank": ("content and structure together", "the busiest honest automated customer of this log"),
    "release pivot": ("move to a new model", "a company that changes its default model on the day of a release"),
    "improving student": ("answers that are graded", "a team that grades its own product while it gets better"),
    "probing before scaling": ("a slow first phase", "a customer's pilot before its roll-out"),
    "declared relation": ("what accounts declare", "separate customers, who have no relation to declare"),
    "disposable e-mail": ("throw-away e-mail", "people who guard their address"),
    "patterned e-mail": (
        "pattern of e-mail addresses",
        "a company or a provider that prescribes the form of addresses",
    ),
    "country mismatch": ("country", "travellers, people who live abroad, and users of a VPN"),
}

FAMILIES: Mapping[str, tuple[str, frozenset[str]]] = {
    "pace": ("how much", frozenset({"volume"})),
    "rhythm": ("hours and pauses", frozenset({"hour", "gap"})),
    "content": ("what is asked and how long it is", frozenset({"target", "reply"})),
    "application": (
        "the software and its settings",
        frozenset({"client", "parameters", "tool_schema", "model", "system_prompt", "scaffold"}),
    ),
    "identity": (
        "payment, mail, sign-up and network",
        frozenset({"email_domain", "email_shape", "sign_up", "payment", "asn", "network"}),
    ),
}
"""Families of tests in words, and the tests of each: those of one family depend on each other and are averaged."""

_STANDS_FOR = {
    "pace": "volume",
    "rhythm": "hour",
    "content": "reply",
    "application": "client",
    "identity": "email_domain",
}


def named(test: str) -> str:
    """Name a test or a kind of trait in words; one that has none keeps its own name."""
    return (DONE.get(test) or SHARED.get(test) or (test.replace("_", " "), ""))[0]


def family_named(family: str) -> str:
    """Name a family of tests in words."""
    return FAMILIES[family][0] if family in FAMILIES else family


def family_innocent(family: str) -> str:
    """Give the nearest innocent explanation of being alike in what a family of tests looks at."""
    return innocent(_STANDS_FOR.get(family, ""))


def family_of(test: str) -> str:
    """Give the family of a test, empty if it is in none."""
    return next((family for family, (_, tests) in FAMILIES.items() if test in tests), "")


def innocent(test: str) -> str:
    """Give the nearest innocent explanation of a test or a kind of trait; empty where none is needed."""
    return (DONE.get(test) or SHARED.get(test) or ("", ""))[1]


def shared_thing(kinds: Sequence[str]) -> str:
    """Name what a group shares: 'the same client software', 'a similar mix of topics'."""
    return (
        f"{'a similar' if TraitKind(kinds[0]).is_habit else 'the same'} {' and '.join(named(kind) for kind in kinds)}"
    )


def shared_innocently(kinds: Sequence[str]) -> str:
    """Say who else shares what a group shares; of two things at once, both."""
    return "; or ".join(dict.fromkeys(innocent(kind) for kind in kinds))


def null_groups(kind: str) -> str:
    """Name the innocent groups that a null was learnt from."""
    if kind == "*":
        return "innocent groups that share anything at all"
    if kind == "pair":
        return "innocent groups that share two things at once"
    if kind == TraitKind.ORGANISATION:
        return "declared organisations, such as a company's seats"
    return f"innocent groups with {shared_thing([kind])}"
