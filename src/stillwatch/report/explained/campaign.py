"""A campaign explained: the waterfall of bits of each question, and what would explain it innocently.

In: the folder of a scan, a campaign id. Out: an `Explanation`.
"""

from collections.abc import Mapping, Sequence

from stillwatch.report import words
from stillwatch.report.answers import UNCALIBRATED
from stillwatch.report.explained import innocent
from stillwatch.report.explained.lines import (
    BITS_EXPLAINED,
    SUM_NULL,
    check_section,
    family_parts,
    group_phrase,
    null_sentence,
    taken_words,
    tests_text,
)
from stillwatch.report.explained.stored import Row, Stored
from stillwatch.report.explained.values import Explanation, Fact, Line, Section
from stillwatch.types import Verdict

_GROUPS = 8
_HYPOTHESIS = "; hypothesis: "
_HEADINGS = {
    "together": "Together? Evidence that one operator runs these accounts",
    "taking": "Taking? Evidence that the traffic is made to harvest",
    "hidden": "Hidden? Whether the accounts say that they belong together",
}
_RULES = {"hidden": ("The answer follows from the first line and from policy rules, not from the bits.",)}
_COURSE_RULE = (
    "Release pivot, improving student and probing before scaling stand beside the total and are not added to it."
)
_COURSE_NULLS = {
    "release pivot": "customers of this log that asked before the release; an organisation is one customer",
    "improving student": "the same days in any other order",
    "probing before scaling": "customers of this log with 20 exchanges or more; an organisation is one customer",
}


def explain_campaign(stored: Stored, campaign_id: str) -> Explanation | None:
    """Explain why a campaign got its verdict; None if the scan found none of that id."""
    campaign = stored.campaign(campaign_id)
    if campaign is None:
        return None
    leading = stored.leading(campaign_id)
    tests = stored.tests(leading["group"]) if leading else []
    sections = (
        _spoken_section(campaign, leading),
        _question(campaign, "together", tests),
        _question(campaign, "hidden", ()),
        _question(campaign, "taking", ()),
        *_groups(stored, campaign_id),
        check_section(stored),
    )
    answer = _answer(campaign, calibrated=stored.overview["calibration"]["ok"])
    return Explanation("campaign", campaign_id, answer, _facts(stored, campaign, leading), sections)


def _answer(campaign: Row, *, calibrated: bool) -> str:
    name = words.VERDICT_NAMES[Verdict(campaign["verdict"])]
    accounts = words.many(campaign["accounts"], "account")
    warning = "" if calibrated else f" {UNCALIBRATED}."
    return f"{name[0].upper()}{name[1:]}, {accounts}: {campaign['meaning']}{warning}"


def _facts(stored: Stored, campaign: Row, leading: Row | None) -> dict[str, Fact]:
    return {
        "verdict": campaign["verdict"],
        "accounts": campaign["accounts"],
        "exchanges": campaign["exchanges"],
        "taking_exchanges": campaign["taking_exchanges"],
        "together_bits": campaign["together_bits"],
        "taking_bits": campaign["taking_bits"],
        "needed_bits": leading["needed_bits"] if leading else None,
        "hidden": campaign["hidden"]["answer"],
        "taking": campaign["taking"],
        "calibrated": stored.overview["calibration"]["ok"],
    }


def _spoken_section(campaign: Row, leading: Row | None) -> Section:
    taken, all_of_them = words.count(campaign["taking_exchanges"]), words.many(campaign["exchanges"], "exchange")
    text = [
        f"{words.many(campaign['accounts'], 'account')} made {all_of_them}; {taken} {taken_words(campaign)}.",
        f"By chance, at most {words.odds_of_chance(campaign['together_bits'])} innocent groups behave so alike.",
    ]
    if leading:
        text.append(f"The evidence is about {group_phrase(leading)}.")
        text.append(
            f"The innocent explanation nearest to that: {innocent.shared_innocently(leading['kinds'])}. Groups of that "
            "kind are what the tests below compare it with."
        )
    off = sorted({innocent.named(test["test"]) for test in campaign["not_evaluated"]})
    text += [f"Not looked at here: {', '.join(off)}."] if off else []
    return Section("In short", tuple(text))


def _question(campaign: Row, question: str, tests: Sequence[Row]) -> Section:
    found = [evidence for evidence in campaign["evidence"] if evidence["question"] == question]
    if question != "hidden":
        found = sorted(found, key=lambda evidence: -(evidence["bits"] or 0))
    parts, nulls = family_parts(tests), {test["test"]: test for test in tests}
    lines = tuple(_line(evidence, nulls, parts) for evidence in found)
    text = (BITS_EXPLAINED, *tests_text(tests)) if tests else _RULES.get(question, ())
    text = (*text, _COURSE_RULE) if any(evidence["test"] in _COURSE_NULLS for evidence in found) else text
    total = {"together": campaign["together_bits"], "taking": campaign["taking_bits"]}.get(question)
    return Section(_HEADINGS[question], text if lines else (), lines, total)


def _line(evidence: Row, nulls: Mapping[str, Row], parts: Mapping[str, tuple[Line, ...]]) -> Line:
    test = evidence["test"]
    claim = evidence["claim"].split(_HYPOTHESIS)[0]
    null = null_sentence(nulls[test]) if test in nulls else _other_null(evidence)
    own = parts.get(nulls[test]["family"], ()) if test in nulls else ()
    return Line(test, evidence["bits"], claim, null, innocent.innocent(test), tuple(evidence["exchange_ids"]), own)


def _other_null(evidence: Row) -> str:
    """Say what a test outside the groups' own nulls was compared with."""
    if evidence["test"] in _COURSE_NULLS:
        return _COURSE_NULLS[evidence["test"]]
    if evidence["question"] == "taking":
        return "ordinary accounts of this log with 20 exchanges or more, as counted in the sentence"
    if evidence["question"] == "hidden" and evidence["bits"]:
        return "the other accounts of this log; members are taken as one draw, not as many"
    if evidence["question"] == "hidden":
        return "none: a fact, no test"
    if evidence["test"] == "sum_of_families":
        return f"{SUM_NULL}, as counted in the sentence"
    return "none: the price of having looked at several groups" if evidence["test"] == "choice_of_group" else ""


def _groups(stored: Stored, campaign_id: str) -> tuple[Section, ...]:
    groups: Sequence[Row] = stored.campaign_groups(campaign_id)
    if not groups:
        return ()
    lines = tuple(
        Line(
            "+".join(group["kinds"]),
            group["bits"],
            f"{group_phrase(group)}; {words.count(group['campaign_accounts'])} are members of a campaign",
            "",
            innocent.shared_innocently(group["kinds"]),
        )
        for group in groups[:_GROUPS]
    )
    more = (
        (f"{words.many(len(groups) - _GROUPS, 'more group')}: groups_tested.parquet.",) if len(groups) > _GROUPS else ()
    )
    return (
        Section(
            "Accused groups of these accounts, the strongest first; they overlap, so nothing is added", more, lines
        ),
    )
