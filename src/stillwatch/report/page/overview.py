"""The top of the page: what was looked at, what was found, and the campaigns ranked.

In: a `Scan`. Out: the header and the ranking table.
"""

from collections.abc import Sequence

from stillwatch.report import answers, words
from stillwatch.report.clean import visible
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import left_out, note, table, verdict_tag
from stillwatch.types import Campaign, Scan

_RANKED = 200  # campaigns in the ranking table


def header(scan: Scan) -> Markup:
    """Say what was found, among how much, and whether the bits can be trusted."""
    coverage = scan.coverage
    facts = (
        ("Period (UTC)", words.period(coverage.first_seen, coverage.last_seen)),
        ("Exchanges", words.count(coverage.exchanges)),
        ("Accounts", words.count(coverage.accounts)),
        ("Groups tested", words.count(scan.groups_tested)),
        ("As of", words.minute(scan.as_of)),
    )
    tags = [
        element("span", verdict_tag(verdict), f" {number:,}", class_="counted")
        for verdict, number in answers.verdict_counts(scan)
    ]
    return element(
        "header",
        element("p", "Stillwatch report", class_="mark"),
        element("h1", f"{answers.headline(scan)}."),
        element("p", *tags, class_="tags") if tags else together(()),
        element(
            "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in facts), class_="facts"
        ),
        _calibration_banner(scan),
        class_="top",
    )


def ranking(campaigns: Sequence[Campaign], scan: Scan, detailed: int) -> Markup:
    """Rank the campaigns in one table; those with an article of their own are linked to it."""
    if not campaigns:
        return element("section", element("h2", "Campaigns"), _nothing(scan))
    rows = (_row(number, campaign, scan, detailed) for number, campaign in enumerate(campaigns[:_RANKED], 1))
    heads = (
        "#",
        "Verdict",
        "Campaign",
        "Accounts",
        "Exchanges",
        "When",
        "Chance, at most",
        "Targets",
        "Leaked",
        "Hidden",
    )
    made = table("By severity of the verdict, then by size", heads, rows, numbers=(3, 4))
    cut = left_out(_RANKED, len(campaigns), "campaign", "campaigns.json")
    pools = (element("p", line) for line in answers.pool_lines(scan))
    return element("section", element("h2", "Campaigns"), made, cut, *pools, class_="ranking")


def _row(number: int, campaign: Campaign, scan: Scan, detailed: int) -> tuple[str, ...]:
    name = element("code", visible(campaign.campaign_id, 24))
    return (
        str(number),
        verdict_tag(campaign.verdict),
        element("a", name, href=f"#campaign-{number}") if number <= detailed else name,
        words.count(len(campaign.members)),
        words.count(campaign.exchanges),
        words.since(campaign.first_seen, campaign.last_seen),
        answers.chance(campaign.together_bits, scan.calibration),
        answers.targets_column(campaign),
        answers.leak_column(campaign),
        answers.four_answers(campaign, scan.calibration)[1].answer,
    )


def _calibration_banner(scan: Scan) -> Markup:
    line = answers.calibration_line(scan.calibration)
    return element("p", line, class_="calibration good" if scan.calibration.ok else "calibration bad")


def _nothing(scan: Scan) -> Markup:
    tests = ", ".join(visible(words.spoken(test), 40) for test in scan.coverage.tests_on)
    groups = words.many(scan.groups_tested, "group")
    return together(
        (
            element("p", f"Nothing was found. {groups} of accounts with something in common were tested."),
            note(f"Tests that ran: {tests or answers.why_no_test(scan)}."),
        )
    )
