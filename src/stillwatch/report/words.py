"""Numbers, times and verdicts as words: one phrasing for the terminal and the page.

In: values of `types`. Out: short strings without user text. `answers` puts them together into sentences.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from stillwatch.types import Campaign, Scan, Target, Verdict

SEVERITY: tuple[Verdict, ...] = (
    Verdict.DISTILLATION,
    Verdict.RELAY,
    Verdict.DECLARED_HARVEST,
    Verdict.NOT_EVALUATED,
    Verdict.ORGANISATION,
    Verdict.NO_CAMPAIGN,
)

VERDICT_NAMES: Mapping[Verdict, str] = {
    Verdict.DISTILLATION: "distillation",
    Verdict.RELAY: "relay",
    Verdict.DECLARED_HARVEST: "declared harvest",
    Verdict.NOT_EVALUATED: "not evaluated",
    Verdict.ORGANISATION: "organisation",
    Verdict.NO_CAMPAIGN: "no campaign",
}

VERDICT_MEANINGS: Mapping[Verdict, str] = {
    Verdict.DISTILLATION: "One operator, posing as unrelated customers, takes answers to train a model.",
    Verdict.RELAY: "One operator, posing as unrelated customers, passes on mixed traffic; part of it is taken.",
    Verdict.DECLARED_HARVEST: "One declared customer harvests answers: a question of the contract, not a fraud.",
    Verdict.NOT_EVALUATED: "These accounts are together, but an answer needed for a verdict is missing.",
    Verdict.ORGANISATION: "Accounts that belong together, with no sign of taking that they hide. No accusation.",
    Verdict.NO_CAMPAIGN: "These accounts are not together.",
}

_EXTRACT = ("AML.T0024.002", "MITRE ATLAS: Extract AI Model")
_PROXIES = ("AML.T0008.005", "MITRE ATLAS: AI Service Proxies")
_ESTABLISH = ("AML.T0021", "MITRE ATLAS: Establish Accounts")
_ACCESS = ("AML.T0040", "MITRE ATLAS: AI Model Inference API Access")
_UNBOUNDED = ("LLM10:2025", "OWASP Top 10 for LLM Applications: Unbounded Consumption")
_CASE = ("AML.CS0056", "MITRE ATLAS case study: model distillation campaigns")

STANDARD_IDS: Mapping[Verdict, tuple[tuple[str, str], ...]] = {
    Verdict.DISTILLATION: (_CASE, _EXTRACT, _PROXIES, _ESTABLISH, _ACCESS, _UNBOUNDED),
    Verdict.RELAY: (_CASE, _EXTRACT, _PROXIES, _ESTABLISH, _ACCESS, _UNBOUNDED),
    Verdict.DECLARED_HARVEST: (_EXTRACT, _ACCESS, _UNBOUNDED),
}

_NARROW = "\u00a0"  # a space at which no line breaks
_BEYOND = 30  # powers of ten after which the tests' assumptions, not chance, are the larger doubt
_DIGITS, _RAISED = "0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPTS, _LOWERED = str.maketrans(_DIGITS, _RAISED), str.maketrans(_RAISED, _DIGITS)


def ranked(scan: Scan) -> tuple[Campaign, ...]:
    """Order campaigns by severity of the verdict, then size, then id."""
    return tuple(
        sorted(
            scan.campaigns,
            key=lambda c: (SEVERITY.index(c.verdict), -c.exchanges, -len(c.members), c.campaign_id),
        )
    )


def odds_of_chance(bits: float) -> str:
    """Say 2**-bits, the most often that chance alone does this, rounded towards doubt and never below 1 in 10³⁰."""
    if not bits >= 1:
        return "no evidence"
    tens = min(bits * math.log10(2), _BEYOND)
    if tens >= 4:
        return f"1 in 10{str(int(tens)).translate(_SUPERSCRIPTS)}"
    unit = 10 ** max(int(tens) - 1, 0)
    return f"1 in {int(2**bits) // unit * unit:,}"


def in_bits(bits: float) -> str:
    """Give bits with a sign and one decimal."""
    return f"{bits:+.1f}" if math.isfinite(bits) else "beyond range"


def without_superscripts(text: str) -> str:
    """Write powers as 10^13, where superscripts cannot be shown."""
    return re.sub(f"[{_RAISED}]+", lambda raised: f"^{raised[0].translate(_LOWERED)}", text)


def count(number: int) -> str:
    """Give a count in full up to a million, then in millions with three digits."""
    if abs(number) < 1_000_000:
        return f"{number:,}"
    millions = number / 1e6
    return f"{millions:,.2f}{_NARROW}M" if millions < 100 else f"{millions:,.0f}{_NARROW}M"


def usd(amount: float | None) -> str:
    """Give US dollars, or say that there is no price."""
    if amount is None:
        return "price unknown"
    if amount < 1_000_000:
        return f"${amount:,.0f}" if amount >= 10 else f"${amount:,.2f}"
    return f"${amount / 1e6:,.2f}{_NARROW}M"


def share(fraction: float | None) -> str:
    """Give a fraction 0..1 as per cent, never rounding something to nothing or to everything."""
    if fraction is None or not math.isfinite(fraction):
        return "unknown"
    if 0 < fraction < 0.01:
        return f"<1{_NARROW}%"
    if 0.995 <= fraction < 1:
        return f">99{_NARROW}%"
    return f"{100 * fraction:.0f}{_NARROW}%"


def many(number: int, noun: str) -> str:
    """Give a count with its noun, in the plural unless it is one."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def day(moment: datetime | None) -> str:
    """Give a date."""
    return "unknown" if moment is None else moment.strftime("%Y-%m-%d")


def minute(moment: datetime | None) -> str:
    """Give a time to the minute, UTC."""
    return "unknown" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def period(first: datetime | None, last: datetime | None) -> str:
    """Give a period and its length; within two days, to the minute."""
    if first is None or last is None:
        return "unknown"
    if last - first < timedelta(days=2):
        return f"{minute(first)} to {minute(last)} ({length(last - first)})"
    return f"{day(first)} to {day(last)} ({length(last - first)})"


def since(first: datetime, last: datetime) -> str:
    """Give the first day and the length of a period, for narrow columns."""
    return f"{day(first)}, {length(last - first)}"


def length(duration: timedelta) -> str:
    """Give a length of time in its natural unit."""
    seconds = duration.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size * (2 if unit == "day" else 1):
            return many(round(seconds / size), unit)
    return many(round(seconds), "second")


def likelihood(bits: float) -> str:
    """Say log2 odds as a chance: in per cent, or as one in so many where it is small."""
    fraction = membership_fraction(bits)
    if fraction > 0.999:
        return f"more than 99.9{_NARROW}%"
    if fraction >= 0.01:
        return f"{100 * fraction:.1f}{_NARROW}%".replace(".0", "")
    return f"1 in {2 ** min(-bits, 20) + 1:,.0f}" if bits > -20 else "less than 1 in a million"


def membership_fraction(bits: float) -> float:
    """Turn log2 odds into the probability they stand for, 0..1."""
    return 1 / (1 + 2 ** min(-bits, 1000.0))


def spoken(name: str) -> str:
    """Turn a name with underscores into words."""
    return name.replace("_", " ")


def target_name(target: Target) -> str:
    """Name a capability in words."""
    return spoken(target.value)
