"""One campaign on the page: verdict, four answers, waterfall, times, accounts, targets, leak, evidence, gaps.

In: a campaign and the run it belongs to. Out: one article. Long lists are cut and say so.
"""

from collections.abc import Iterator, Sequence

from stillwatch.report import answers, words
from stillwatch.report.clean import visible
from stillwatch.report.page.loss import leak, targets
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.members import members
from stillwatch.report.page.parts import left_out, note, table, verdict_tag
from stillwatch.report.page.timeline import timeline
from stillwatch.report.page.waterfall import waterfall
from stillwatch.types import Campaign, Evidence, ExchangeId, NotEvaluated, Question, Scan

_EVIDENCE, _IDS, _EXAMPLES, _INDICATORS, _MISSING = 40, 2, 8, 30, 40
_QUESTIONS: tuple[Question, ...] = ("together", "hidden", "taking", "leaked")


def campaign_article(campaign: Campaign, number: int, scan: Scan) -> Markup:
    """Show everything a reader needs to check the judgement on one campaign."""
    taking = campaign.taking != "no"
    return element(
        "article",
        _banner(campaign, number),
        _answers(campaign, scan),
        *_waterfalls(campaign, scan),
        _section("When", timeline(campaign.timeline)),
        _section("Who", members(campaign)),
        _section("What is taken" if taking else "What resembles taking", targets(campaign.targets)),
        _section("What has gone" if taking else "What would have gone, were it taken", leak(campaign.leak)),
        _section("Evidence", _evidence(campaign.evidence), _examples(campaign.examples)),
        _section("Indicators and standard ids", _indicators(campaign)),
        _section("Not evaluated", _missing(campaign.not_evaluated)),
        id=f"campaign-{number}",
    )


def _banner(campaign: Campaign, number: int) -> Markup:
    return element(
        "header",
        element(
            "h2", f"{number}. ", verdict_tag(campaign.verdict), " ", element("code", visible(campaign.campaign_id, 60))
        ),
        element("p", words.VERDICT_MEANINGS[campaign.verdict], class_="meaning"),
        element(
            "p",
            f"{words.many(len(campaign.members), 'account')}, {words.many(campaign.exchanges, 'exchange')}, "
            f"{words.period(campaign.first_seen, campaign.last_seen)}",
        ),
        class_=f"banner {campaign.verdict.value}",
    )


def _answers(campaign: Campaign, scan: Scan) -> Markup:
    return element(
        "div",
        *(
            element(
                "section",
                element("h3", reply.question),
                element("p", reply.answer, class_="answer"),
                element("p", reply.sentence),
                class_=f"card {reply.tone}",
            )
            for reply in answers.four_answers(campaign, scan.calibration)
        ),
        class_="cards",
    )


def _waterfalls(campaign: Campaign, scan: Scan) -> Iterator[Markup]:
    parts: list[Markup] = []
    together_tests = [e for e in campaign.evidence if e.question == "together"]
    taking_tests = [e for e in campaign.evidence if e.question == "taking"]
    if together_tests:
        odds = answers.chance(campaign.together_bits, scan.calibration)
        drawn = waterfall(together_tests, campaign.together_bits, scan.threshold_bits, "Together")
        parts.append(_figure(f"Together? Bits of each test and their running total. Chance at most: {odds}.", drawn))
    if taking_tests:
        drawn = waterfall(taking_tests, campaign.taking_bits, None, "Taking")
        parts.append(_figure("Taking? Bits of each test and their running total.", drawn))
    if parts:
        yield _section("How the bits add up", *parts)


def _figure(caption: str, drawn: Markup) -> Markup:
    return element("figure", element("figcaption", caption), drawn)


def _evidence(evidence: Sequence[Evidence]) -> Markup:
    ordered = sorted(evidence, key=lambda e: (_QUESTIONS.index(e.question), -e.bits, e.test))
    rows = (
        (
            f"{e.question}?",
            visible(words.spoken(e.test), 50),
            words.in_bits(e.bits),
            visible(e.claim, 600),
            _ids(e.exchange_ids),
        )
        for e in ordered[:_EVIDENCE]
    )
    heads = ("Question", "Test", "Bits", "What was found", "Example exchanges")
    made = table("Every test that spoke, as sentences that can be checked", heads, rows, numbers=(2,))
    return together((made, left_out(_EVIDENCE, len(ordered), "test", "campaigns.json")))


def _ids(exchange_ids: Sequence[ExchangeId]) -> Markup:
    shown = [element("code", visible(i, 40), class_="id") for i in exchange_ids[:_IDS]]
    left = len(exchange_ids) - len(shown)
    return together((*shown, element("small", f"{left:,} more")) if left > 0 else shown)


def _examples(examples: Sequence[tuple[ExchangeId, str]]) -> Markup:
    if not examples:
        return note("No excerpts: the prompts were not read, or are not kept.")
    quotes = (
        element(
            "blockquote", element("code", visible(exchange_id, 40), class_="id"), element("p", visible(excerpt, 260))
        )
        for exchange_id, excerpt in examples[:_EXAMPLES]
    )
    return together(
        (element("h4", "Excerpts of prompts"), *quotes, left_out(_EXAMPLES, len(examples), "excerpt", "campaigns.json"))
    )


def _indicators(campaign: Campaign) -> Markup:
    found = campaign.indicators[:_INDICATORS]
    listed = element("ul", *(element("li", visible(i, 200)) for i in found)) if found else note("No indicator fired.")
    fired = campaign.hidden.rules_fired[:_INDICATORS]
    rules = element("p", f"Policy rules that fired: {visible(', '.join(fired), 400)}") if fired else together(())
    ids = words.STANDARD_IDS.get(campaign.verdict, ())
    terms = together(together((element("dt", name), element("dd", meaning))) for name, meaning in ids)
    standard = element("dl", terms, class_="ids") if ids else note("No standard id: this verdict alleges no technique.")
    cut = left_out(_INDICATORS, len(campaign.indicators), "indicator", "campaigns.json")
    return together((listed, cut, rules, standard))


def _missing(missing: Sequence[NotEvaluated]) -> Markup:
    if not missing:
        return note("Every test that applies to this campaign could run.")
    rows = ((f"{m.question}?", visible(words.spoken(m.test), 60), visible(m.missing, 300)) for m in missing[:_MISSING])
    made = table("Tests that could not run, and the input that would turn them on", ("Question", "Test", "Needs"), rows)
    return together((made, left_out(_MISSING, len(missing), "test", "campaigns.json")))


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h3", title), *content)
