"""The four answers about one campaign, in words, and what a run found in one sentence.

In: a campaign and the run's calibration. Out: `Reply` values that the terminal and the page lay out.
"""

from dataclasses import dataclass
from typing import Literal

from stillwatch.report import words
from stillwatch.report.clean import visible
from stillwatch.types import ACCUSING, Answer, Calibration, Campaign, Leak, Scan, Verdict

Tone = Literal["bad", "warn", "good", "unknown"]

UNCALIBRATED = "UNCALIBRATED: nothing may be enforced"

_NO_INPUT = "An input that this question needs was missing."

_TAKING_TONES: dict[Answer, Tone] = {"yes": "bad", "mixed": "warn", "no": "good", "not_evaluated": "unknown"}
_TAKING_WORDS: dict[Answer, str] = {"yes": "Yes", "mixed": "In part", "no": "No", "not_evaluated": "Not evaluated"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One question with its short answer and the sentence behind it."""

    question: str
    answer: str
    tone: Tone
    sentence: str


def four_answers(campaign: Campaign, calibration: Calibration) -> tuple[Reply, Reply, Reply, Reply]:
    """Answer the four questions of one campaign, in their order."""
    return (_together(campaign, calibration), _hidden(campaign), _taking(campaign, calibration), _leaked(campaign))


def chance(bits: float, calibration: Calibration) -> str:
    """Say how often at most chance gives this many bits, or that these bits were not shown to hold."""
    return words.odds_of_chance(bits) if calibration.ok else "uncalibrated"


def calibration_line(calibration: Calibration) -> str:
    """Say in one line whether the bits of this run held on benign groups, and what became of labelled innocents."""
    return f"{_checked(calibration)}{_labelled(calibration)}"


def _checked(calibration: Calibration) -> str:
    groups = words.many(calibration.groups_checked, "benign group")
    if calibration.ok:
        return f"bits checked on {groups}: holds{_excused(calibration)}"
    if calibration.groups_checked == 0:
        return f"{UNCALIBRATED} (no benign groups to check the bits on)"
    broken = [e for e in calibration.exceedance if not e.holds]
    if not broken:
        return f"{UNCALIBRATED} ({groups} are too few)"
    worst = broken[0]
    return (
        f"{UNCALIBRATED} (of {groups}, {worst.exceeding:,} reached {worst.bits} bits; "
        f"{worst.allowed_fraction * worst.groups:.1f} are allowed)"
    )


def _excused(calibration: Calibration) -> str:
    most = [e for e in calibration.exceedance if e.excused][-1:]
    told = (f"{e.exceeding:,} reached {e.bits} bits, as do groups of a few operators not accused" for e in most)
    return "".join(f" ({one}, counted once)" for one in told)


def _labelled(calibration: Calibration) -> str:
    labelled = calibration.labelled
    if labelled is None or not labelled.accounts:
        return ""
    accused = words.count(labelled.accused) if labelled.accused else "none"
    return f"; of {words.many(labelled.accounts, 'account')} labelled innocent, {accused} in a campaign"


def headline(scan: Scan) -> str:
    """Say in one sentence what was found and among how much."""
    accusing = sum(campaign.verdict in ACCUSING for campaign in scan.campaigns)
    found = "No campaign" if accusing == 0 else words.many(accusing, "campaign")
    coverage = scan.coverage
    return (
        f"{found} found among {words.many(coverage.accounts, 'account')} and "
        f"{words.many(coverage.exchanges, 'exchange')}"
    )


def why_no_test(scan: Scan) -> str:
    """Say why no test ran."""
    return "none: every test lacked its input" if scan.groups_tested else "none: there was no group of accounts to test"


def verdict_counts(scan: Scan) -> tuple[tuple[Verdict, int], ...]:
    """Count campaigns by verdict, worst first; verdicts that do not occur are left out."""
    counted = ((verdict, sum(c.verdict is verdict for c in scan.campaigns)) for verdict in words.SEVERITY)
    return tuple((verdict, number) for verdict, number in counted if number)


def pool_lines(scan: Scan) -> tuple[str, ...]:
    """Say which campaigns share networks: operators that behaviour tells apart, on one pool of proxies."""
    return tuple(
        f"A pool shared by {', '.join(visible(name, 40) for name in pool.campaign_ids)} ({_bits(pool.bits)}): "
        f"{visible(pool.claim, 400)}."
        for pool in scan.pools
    )


def targets_phrase(campaign: Campaign, most: int = 3) -> str:
    """Name the largest targets with their shares."""
    largest = sorted(campaign.targets, key=lambda t: (-t.exchanges, t.target))[:most]
    if not largest:
        return "none"
    named = ", ".join(f"{words.target_name(t.target)} {words.share(t.share_fraction)}" for t in largest)
    left = len(campaign.targets) - len(largest)
    return f"{named}, {left} more" if left else named


def targets_column(campaign: Campaign) -> str:
    """Name the targets in a table; where nothing is taken, none."""
    return "none" if campaign.taking == "no" else targets_phrase(campaign)


def leak_phrase(leak: Leak) -> str:
    """Say what has gone: unique tasks, tokens, list price."""
    counted = {"input ": leak.input_tokens, "output ": leak.output_tokens}
    known = {side: tokens for side, tokens in counted.items() if tokens is not None}
    side = "" if len(known) == len(counted) else "".join(known)
    token_words = f"{words.count(sum(known.values()))} {side}tokens" if known else "tokens unknown"
    floor = "at least " if (leak.unpriced_models or side) and leak.list_price_usd is not None else ""
    return f"{words.many(leak.unique_tasks, 'unique task')}, {token_words}, {floor}{words.usd(leak.list_price_usd)}"


def leak_column(campaign: Campaign) -> str:
    """Say what has gone in a table, where a campaign that took nothing needs one word."""
    reply = _leaked(campaign)
    nothing = campaign.leak.exchanges == 0 or campaign.taking == "no"
    return reply.answer if nothing else leak_phrase(campaign.leak)


def _together(campaign: Campaign, calibration: Calibration) -> Reply:
    members = words.many(len(campaign.members), "account")
    if campaign.verdict is Verdict.NO_CAMPAIGN:
        return Reply("Together?", "No", "good", f"{members} behave like strangers ({_bits(campaign.together_bits)}).")
    if not calibration.ok:
        sentence = f"{members} share {_bits(campaign.together_bits)} of evidence, but bits are {UNCALIBRATED}."
        return Reply("Together?", "Yes, uncalibrated", "warn", sentence)
    odds = words.odds_of_chance(campaign.together_bits)
    odds = f"chance does this at most once in {odds.removeprefix('1 in ')}" if campaign.together_bits >= 1 else odds
    verdict_tone: Tone = "bad" if campaign.verdict in ACCUSING else "warn"
    sentence = f"{members}, {_bits(campaign.together_bits)}; {odds}."
    return Reply("Together?", "Yes", verdict_tone, sentence)


def _hidden(campaign: Campaign) -> Reply:
    finding = campaign.hidden
    if finding.answer == "not_evaluated":
        return Reply("Hidden?", "Not evaluated", "unknown", _NO_INPUT)
    facts = []
    if finding.declared_share_fraction is not None:
        largest = f" ({visible(finding.largest_organisation, 60)})" if finding.largest_organisation else ""
        facts.append(f"{words.share(finding.declared_share_fraction)} declare one organisation{largest}")
    facts.append(f"{words.many(finding.organisations, 'organisation')} among {words.count(len(campaign.members))}")
    if finding.disposable_email_fraction is not None:
        facts.append(f"{words.share(finding.disposable_email_fraction)} throw-away e-mail")
    if finding.country_mismatch_fraction is not None:
        facts.append(f"{words.share(finding.country_mismatch_fraction)} in another country than declared")
    sentence = "; ".join(facts) + "."
    answers: dict[Answer, tuple[str, Tone]] = {
        "yes": ("Yes, posing as unrelated", "bad"),
        "mixed": ("In part", "warn"),
        "no": ("No, declared", "good"),
    }
    answer, tone = answers[finding.answer]
    return Reply("Hidden?", answer, tone, sentence)


def _taking(campaign: Campaign, calibration: Calibration) -> Reply:
    if campaign.taking == "not_evaluated":
        return Reply("Taking?", "Not evaluated", "unknown", _NO_INPUT)
    counted = f"{words.count(campaign.taking_exchanges)} of {words.many(campaign.exchanges, 'exchange')}"
    aims = f"; aims: {targets_phrase(campaign)}" if campaign.targets else ""
    warning = "" if calibration.ok else ", uncalibrated"
    if campaign.taking == "no":
        sentence = f"{counted} resemble taking ({_bits(campaign.taking_bits)}{warning}), which is not enough to say so."
        return Reply("Taking?", "No", "good", sentence)
    sentence = f"{counted} are taken ({_bits(campaign.taking_bits)}{warning}){aims}."
    return Reply("Taking?", _TAKING_WORDS[campaign.taking], _TAKING_TONES[campaign.taking], sentence)


def _leaked(campaign: Campaign) -> Reply:
    if campaign.taking == "not_evaluated" and campaign.leak.exchanges == 0:
        return Reply("Leaked?", "Not evaluated", "unknown", "What was taken is not known, so neither is what has gone.")
    if campaign.taking == "no" or campaign.leak.exchanges == 0:
        return Reply("Leaked?", "Nothing counted", "good", "No exchange is held to be taken.")
    tone: Tone = "bad" if campaign.verdict in ACCUSING else "warn"
    return Reply("Leaked?", words.many(campaign.leak.exchanges, "exchange"), tone, f"{leak_phrase(campaign.leak)}.")


def _bits(bits: float) -> str:
    return f"{words.in_bits(bits).removeprefix('+')} bits"
