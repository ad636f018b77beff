"""The accounts of a campaign: what they share, and a sample of them against the reasons they were counted for.

In: members and shared traits. Out: a table of traits and a matrix of a stated sample. All are in members.parquet.
"""

import re
from collections import Counter
from collections.abc import Sequence

from stillwatch.report import words
from stillwatch.report.clean import visible
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import left_out, note, table
from stillwatch.types import Campaign, Member, SharedTrait

_ROWS = 30  # accounts in the matrix
_REASONS = 8  # columns of the matrix
_TRAITS = 20
_TOO_MANY = 60  # with more different reasons than this, numbers in them are folded
_SHADES = 5  # of a cell, one for two bits
_WITH_BITS = re.compile(r"\A(.*) ([+-]\d+(?:\.\d+)?) bits", re.DOTALL | re.ASCII)
_FIGURES = re.compile(r"[-+]?\d[\d.,]*")


def members(campaign: Campaign) -> Markup:
    """Show what the accounts share and who they are."""
    parts = [element("h4", "What the accounts share"), _traits(campaign.traits, len(campaign.members))]
    parts += [element("h4", "Accounts against reasons"), _matrix(campaign.members)]
    return together(parts)


def sample(everyone: Sequence[Member], rows: int = _ROWS) -> list[Member]:
    """Pick members evenly along their falling odds, the first and the last among them."""
    ordered = sorted(everyone, key=lambda m: (-m.bits, m.account_id))
    if len(ordered) <= rows:
        return ordered
    return [ordered[round(i * (len(ordered) - 1) / (rows - 1))] for i in range(rows)]


def _traits(traits: Sequence[SharedTrait], size: int) -> Markup:
    if not traits:
        return note("No shared trait was recorded.")
    ordered = sorted(traits, key=lambda t: (-t.members, t.strangers, t.trait.kind, t.trait.value))
    rows = (
        (
            words.spoken(t.trait.kind.value),
            element("code", visible(t.label or t.trait.value, 120)),
            f"{words.count(t.members)} ({words.share(t.members / max(size, 1))})",
            words.count(t.strangers),
        )
        for t in ordered[:_TRAITS]
    )
    heads = ("Kind", "Value", "Members", "Other accounts")
    caption = "Shared traits: how many members show each, and how many accounts outside"
    return together(
        (table(caption, heads, rows, numbers=(2, 3)), left_out(_TRAITS, len(ordered), "trait", "campaigns.json"))
    )


def _matrix(everyone: Sequence[Member]) -> Markup:
    every, fold = _columns(everyone)
    columns = every[:_REASONS]
    shown = sample(everyone)
    heads = ("Account", *(f"R{i}" for i in range(1, len(columns) + 1)), "Odds, bits", "Exchanges", "Taken", "Active")
    rows = (_account(member, columns, fold) for member in shown)
    legend = element(
        "ol", *(element("li", visible(r if " " in r else words.spoken(r), 200)) for r in columns), class_="reasons"
    )
    caption = "Members and the strongest reasons they were counted for, in bits where the reason has bits of its own"
    right = range(1, len(columns) + 4)
    matrix = element("div", table(caption, heads, rows, numbers=right), class_="matrix")
    cut = left_out(len(columns), len(every), "reason", "members.parquet")
    return together((legend, cut, matrix, _how_many(len(shown), len(everyone))))


def _how_many(shown: int, total: int) -> Markup:
    if shown == total:
        return note(f"All {words.many(total, 'account')}.")
    return note(
        f"{words.count(shown)} of {words.many(total, 'account')}, taken evenly along their odds of belonging; "
        "all are in members.parquet."
    )


def _account(member: Member, columns: Sequence[str], fold: re.Pattern[str] | None) -> tuple[str, ...]:
    own = {_folded(name, fold): bits for name, bits in map(_split, member.top_reasons)}
    return (
        element("code", visible(member.account_id, 28)),
        *(_mark(own[name]) if name in own else "" for name in columns),
        words.in_bits(member.bits),
        words.count(member.exchanges),
        words.count(member.taking_exchanges),
        words.since(member.first_seen, member.last_seen),
    )


def _mark(bits: float | None) -> Markup:
    if bits is None:
        return element("span", "●", class_="dot", role="img", aria_label="yes")
    return element("span", words.in_bits(bits), class_=f"heat h{min(max(int(bits // 2), 0), _SHADES)}")


def _columns(everyone: Sequence[Member]) -> tuple[list[str], re.Pattern[str] | None]:
    exact = Counter(name for member in everyone for name in {_split(reason)[0] for reason in member.top_reasons})
    fold = _FIGURES if len(exact) > _TOO_MANY else None
    counted: Counter[str] = Counter()
    for name, number in exact.items():
        counted[_folded(name, fold)] += number
    return [r for r, _ in sorted(counted.items(), key=lambda c: (-c[1], c[0]))], fold


def _split(reason: str) -> tuple[str, float | None]:
    """Take a reason apart into what it names and its bits, if it ends in them."""
    found = _WITH_BITS.fullmatch(reason)
    return (found[1], float(found[2])) if found else (reason, None)


def _folded(reason: str, fold: re.Pattern[str] | None) -> str:
    return fold.sub("…", reason) if fold else reason
