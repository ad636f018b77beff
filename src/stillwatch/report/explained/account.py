"""An account explained: why it is a member of a campaign, or why it was cleared. The words to an angry customer.

In: the folder of a scan, an account id. Out: an `Explanation`. No other account is ever named in it.
"""

from collections.abc import Sequence

from stillwatch.report import words
from stillwatch.report.answers import UNCALIBRATED
from stillwatch.report.explained import innocent
from stillwatch.report.explained.lines import (
    BITS_EXPLAINED,
    check_section,
    family_lines,
    group_phrase,
    taken_words,
    tests_text,
)
from stillwatch.report.explained.stored import Row, Stored
from stillwatch.report.explained.values import Explanation, Fact, Line, Section
from stillwatch.types import ACCUSING, Verdict

_EXAMPLES = 5
_NEAR_FRACTION = 0.01  # chance of membership from which a cleared account is worth a second look
_LIKELY_FRACTION = 0.5  # from which nobody can call it cleared, though it is too little to accuse


def explain_account(stored: Stored, account_id: str) -> Explanation | None:
    """Explain why an account was counted or cleared; None if the scan saw no traffic of it."""
    account = stored.account(account_id)
    if account is None:
        return None
    member = stored.member(account_id)
    groups = stored.groups(account["strongest"] or [])
    found = (_spoken_section(stored, account, member, groups), *_weighing(stored, account, member), *_shared(groups))
    tests = _closest(stored, groups)
    facts = _facts(stored, account, member, groups)
    sections = (*found, *tests, *_taken(stored, account_id, member), check_section(stored))
    return Explanation("account", account_id, account_answer(stored, account, member), facts, sections)


def account_answer(stored: Stored, account: Row, member: Row | None) -> str:
    """Say in one sentence what was decided about an account."""
    if _undecided(account, member):
        chance = f"the chance that it belongs to {account['nearest_campaign_id']}"
        return (
            "Not accused, not cleared: this account is a member of no campaign, and nothing may be done to it; but "
            f"{chance} is {words.likelihood(account['membership_bits'])}."
        )
    if member is None:
        return "Cleared: this account is a member of no campaign, and this scan gives no reason to act against it."
    campaign = stored.campaign(member["campaign_id"])
    if campaign is None:
        return _continues(stored, member)
    verdict = Verdict(campaign["verdict"])
    name, meaning = words.VERDICT_NAMES[verdict], campaign["meaning"]
    belongs = f"this account belongs to {member['campaign_id']}, found as {name}"
    if verdict not in ACCUSING:
        return f"No accusation: {belongs}. {meaning}"
    warning = "" if stored.overview["calibration"]["ok"] else f" {UNCALIBRATED}."
    return f"Counted: {belongs}; the chance that it does is {words.likelihood(member['bits'])}.{warning}"


def _undecided(account: Row, member: Row | None) -> bool:
    """Whether an account likelier belongs to a campaign than not, and yet is no member of any."""
    return member is None and account["nearest_campaign_id"] is not None and _reaches(account, _LIKELY_FRACTION)


def _reaches(account: Row, fraction: float) -> bool:
    """Whether the chance of membership in the nearest campaign is so high; who declares seats cannot be a member."""
    return not account["declares_seats"] and words.membership_fraction(account["membership_bits"]) >= fraction


def _continues(stored: Stored, member: Row) -> str:
    """Say that an account goes on with a campaign of an earlier report that this scan did not find again."""
    warning = "" if stored.overview["calibration"]["ok"] else f" {UNCALIBRATED}."
    return (
        f"Counted: this account continues {member['campaign_id']}, a campaign of an earlier report; that was clear "
        f"after {words.many(member['exchanges_until_named'] or 0, 'exchange')}, by {member['bits']:.1f} bits.{warning}"
    )


def _facts(stored: Stored, account: Row, member: Row | None, groups: Sequence[Row]) -> dict[str, Fact]:
    nearest = account["membership_bits"]
    return {
        "member": member is not None,
        "undecided": _undecided(account, member),
        "campaign_id": member["campaign_id"] if member else None,
        "nearest_campaign_id": account["nearest_campaign_id"],
        "membership_bits": nearest,
        "membership_fraction": None if nearest is None else words.membership_fraction(nearest),
        "groups": account["groups"],
        "strongest_group_bits": groups[0]["bits"] if groups else None,
        "needed_bits": groups[0]["needed_bits"] if groups else None,
        "exchanges": account["exchanges"],
        "taking_exchanges": member["taking_exchanges"] if member else 0,
        "calibrated": stored.overview["calibration"]["ok"],
    }


def _spoken_section(stored: Stored, account: Row, member: Row | None, groups: Sequence[Row]) -> Section:
    """The few sentences that can be read aloud."""
    seen = (
        f"{words.many(account['exchanges'], 'exchange')}, {words.period(account['first_seen'], account['last_seen'])}."
    )
    text = [seen, _shares_sentence(account)]
    if member is None:
        text += _cleared_sentences(stored, account, groups)
    else:
        text += _member_sentences(stored, member)
        if groups and groups[0]["accused"]:
            who = innocent.shared_innocently(groups[0]["kinds"])
            text.append(
                f"The innocent explanation nearest to what they have in common: {who}. The tests below compare it "
                "with that."
            )
    return Section("In short", tuple(text))


def _member_sentences(stored: Stored, member: Row) -> list[str]:
    """What a member took; of one that continues an earlier campaign, why it was named."""
    campaign = stored.campaign(member["campaign_id"])
    if campaign is None:
        reasons = f" It was named for this: {'; '.join(member['top_reasons'])}." if member["top_reasons"] else ""
        return [f"What it took was not counted, since its campaign was not found again.{reasons}"]
    taken = f"{words.count(member['taking_exchanges'])} of its {words.many(member['exchanges'], 'exchange')}"
    text = [f"{taken} {taken_words(campaign, 'by ' + member['campaign_id'])}."]
    if member["exchanges_until_named"] is not None:
        after = words.many(member["exchanges_until_named"], "exchange")
        text.append(f"It continues that campaign of an earlier report, which was clear after {after}.")
    return text


def _shares_sentence(account: Row) -> str:
    if not account["groups"]:
        return "It shares nothing that was tested with enough other accounts to form a group, and no habit."
    groups = words.many(account["groups"], "group")
    return (
        f"It shares something with other accounts, or has habits like theirs, in {groups}. That is no offence: of each "
        "group the scan asked whether its accounts behave as if one operator ran them, or like customers who do not "
        "know each other."
    )


def _cleared_sentences(stored: Stored, account: Row, groups: Sequence[Row]) -> list[str]:
    text = []
    accused = [group for group in groups if group["accused"]]
    if accused:
        found = "was" if len(accused) == 1 else "were"
        text.append(
            f"{len(accused)} of its strongest groups {found} found to be run by one operator. This account was then "
            "weighed by itself and does not belong: it has something in common with them, as innocent customers do."
        )
    if groups and not accused:
        text.append(_distance(groups[0]))
    if groups:
        text.append(f"Why innocent accounts have that in common: {innocent.shared_innocently(groups[0]['kinds'])}.")
    if account["declares_seats"]:
        text.append(
            "It declares an organisation with several seats. Who declares that does not pose as a stranger, so it is "
            "judged as that organisation and not as a member of anything else."
        )
    text.append(_nearest_sentence(stored, account))
    return text


def _distance(group: Row) -> str:
    """Say how far the strongest group stayed from an accusation."""
    needed, bits = group["needed_bits"], group["bits"]
    found = f"The closest were {group_phrase(group)}: {words.in_bits(bits).removeprefix('+')} bits of evidence"
    if group.get("outdone"):
        return f"{found}; a part of them says more, and is what was accused: the rest is alike for its sake."
    if bits < 1:
        return f"{found}, next to nothing; {needed:.1f} are needed to accuse. They behave like separate customers."
    times = words.odds_of_chance(bits).removeprefix("1 in ")
    return f"{found}, as chance alone gives to one innocent group in {times}; {needed:.1f} bits are needed to accuse."


def _nearest_sentence(stored: Stored, account: Row) -> str:
    if account["nearest_campaign_id"] is None:
        return "This scan found no campaign that it could belong to."
    nearest, chance = account["nearest_campaign_id"], words.likelihood(account["membership_bits"])
    against = [innocent.named(_split(reason)[0]) for reason in account["speaks_against"] or []]
    unlike = f" Most unlike its members: {', '.join(against)}." if against else ""
    again = (
        " A member needs far more than that, but it is not nothing: look again when there is more traffic."
        if _reaches(account, _NEAR_FRACTION)
        else ""
    )
    if stored.campaign(nearest) is None:
        return f"The chance that it belongs to the nearest group of accounts is {chance}.{unlike}{again}"
    return (
        f"The campaign it comes nearest to is {nearest}; the chance that it belongs there is {chance}.{unlike}{again}"
    )


def _weighing(stored: Stored, account: Row, member: Row | None) -> tuple[Section, ...]:
    """Waterfall of the odds that the account belongs to the campaign it comes nearest to."""
    if account["nearest_campaign_id"] is None:
        return ()
    reasons = [_split(reason) for reason in (*(account["speaks_for"] or []), *(account["speaks_against"] or []))]
    first = Line(
        "prior",
        account["prior_bits"],
        "before looking at it: few of all accounts belong to this campaign",
        "none: the campaign's share of all accounts",
    )
    heading = "How it was weighed: does it belong" if member is None else "How it was weighed: it belongs"
    campaign = stored.campaign(account["nearest_campaign_id"]) or {"accounts": 0}
    strangers = stored.coverage["accounts"] - campaign["accounts"]
    sizes = words.count(campaign["accounts"]), words.count(strangers)
    null = f"Each line compares the members ({sizes[0]}) with all other accounts ({sizes[1]})."
    against = f"how often the {sizes[1]} other accounts show the like"
    lines = [first] + [_family_line(family, account, reasons, against) for family in innocent.FAMILIES]
    odds = f"Together that makes a chance of {words.likelihood(account['membership_bits'])}."
    return (
        Section(
            f"{heading} to {account['nearest_campaign_id']}", (null, odds), tuple(lines), account["membership_bits"]
        ),
    )


def _family_line(family: str, account: Row, reasons: Sequence[tuple[str, float]], null: str) -> Line:
    """One family. Only the account's strongest tests are kept: they may be few of it, or point the other way."""
    bits = account[f"{family}_bits"]
    own = sorted(((t, b) for t, b in reasons if innocent.family_of(t) == family), key=lambda r: -abs(r[1]))
    agreeing = [test for test, weight in own if weight * bits > 0]
    said = [f"{innocent.named(t)} {'like' if weight > 0 else 'unlike'} theirs ({weight:+.1f})" for t, weight in own]
    sentence = "; ".join(said if agreeing else [_taken_together(bits), *said])
    who = innocent.innocent(agreeing[0]) if agreeing else innocent.family_innocent(family)
    return Line(family, bits, f"{innocent.family_named(family)}: {sentence}", null, who)


def _taken_together(bits: float) -> str:
    if abs(bits) < 1:
        return "says little"
    return "taken together like theirs" if bits > 0 else "taken together unlike theirs"


def _split(reason: str) -> tuple[str, float]:
    test, _, bits = reason.rpartition(" ")
    return test, float(bits)


def _shared(groups: Sequence[Row]) -> tuple[Section, ...]:
    if not groups:
        return ()
    lines = tuple(
        Line(
            "+".join(group["kinds"]),
            group["bits"],
            f"{group_phrase(group)}: {_judgement(group)}; {words.count(group['campaign_accounts'])} of them are in a "
            "campaign",
            "",
            innocent.shared_innocently(group["kinds"]),
        )
        for group in groups
    )
    return (Section("What it has in common with others, the strongest groups first", (BITS_EXPLAINED,), lines),)


def _judgement(group: Row) -> str:
    if group.get("outdone"):
        return "not accused, for a part of it says more"
    return f"{'accused' if group['accused'] else 'not accused'}; {group['needed_bits']:.1f} bits are needed"


def _closest(stored: Stored, groups: Sequence[Row]) -> tuple[Section, ...]:
    if not groups or not (tests := stored.tests(groups[0]["group"])):
        return ()
    group = groups[0]
    heading = f"The strongest group test by test: {group_phrase(group)}"
    return (Section(heading, tests_text(tests), family_lines(tests, group["bits"]), group["bits"]),)


def _taken(stored: Stored, account_id: str, member: Row | None) -> tuple[Section, ...]:
    if member is None or not (rows := stored.taken_of(account_id)):
        return ()
    campaign = stored.campaign(member["campaign_id"])
    heading = "What was counted as taken" if campaign is None or campaign["taking"] != "no" else "What resembles taking"
    lines = []
    for target in sorted({row["target"] for row in rows}):
        own = [row["exchange_id"] for row in rows if row["target"] == target]
        lines.append(Line(target, None, words.many(len(own), "exchange"), exchange_ids=tuple(sorted(own)[:_EXAMPLES])))
    return (Section(f"{heading}, by capability", (), tuple(lines)),)
