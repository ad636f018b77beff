"""An exchange explained: whether it was counted as taken, for which capability, and by which words.

In: the folder of a scan, an exchange id, and, for an exchange that was not taken, what its log says. Out: an
`Explanation`. The prompt is never shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.report import words
from stillwatch.report.answers import UNCALIBRATED
from stillwatch.report.explained.account import account_answer
from stillwatch.report.explained.lines import check_section
from stillwatch.report.explained.stored import Row, Stored
from stillwatch.report.explained.values import Explanation, Fact, Line, Section
from stillwatch.types import ACCUSING, Target, Verdict

_WORDS_INNOCENT = (
    "the same words come with a popular tool; therefore only words that members use far more than others count"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a log says about one exchange. status: HTTP, None where none is recorded; target: None without a prompt."""

    account_id: str
    model: str
    status: int | None
    target: str | None
    target_fraction: float


def explain_exchange(stored: Stored, exchange_id: str, looked: Looked | None = None) -> Explanation | None:
    """Explain whether an exchange was taken; None if the folder does not list it and no log was looked at."""
    taken = stored.taken(exchange_id)
    if taken is None and looked is None:
        return None
    account_id = taken["account_id"] if taken else looked.account_id if looked else ""
    account, member = stored.account(account_id), stored.member(account_id)
    answer = _taken_answer(stored, taken) if taken else "Not counted as taken: this exchange is held against nobody."
    text = [f"It is an exchange of account {account_id}."]
    text += [account_answer(stored, account, member)] if account else ["The scan saw no traffic of that account."]
    sections = [Section("In short", tuple(text))]
    sections += [Section("Why it was counted", (), tuple(_why_taken(stored, taken)))] if taken else []
    sections += (
        [Section("Why it was not counted", tuple(_why_not(stored, member, looked)))] if not taken and looked else []
    )
    sections += [Section("What its log says", tuple(_seen(looked)))] if looked else []
    facts = _facts(account_id, taken, member, looked)
    return Explanation("exchange", exchange_id, answer, facts, (*sections, check_section(stored)))


def _taken_answer(stored: Stored, taken: Row) -> str:
    campaign = stored.campaign(taken["campaign_id"]) or {"verdict": Verdict.NOT_EVALUATED}
    verdict = Verdict(campaign["verdict"])
    sure = "" if taken["target_fraction"] is None else f", {words.share(taken['target_fraction'])} sure"
    aim = f"{words.target_name(Target(taken['target']))}{sure}"
    if verdict not in ACCUSING:
        found = words.VERDICT_NAMES[verdict]
        return f"No accusation: it carries what marks {taken['campaign_id']} ({aim}), found as {found}."
    warning = "" if stored.overview["calibration"]["ok"] else f" {UNCALIBRATED}."
    return f"Counted as taken by {taken['campaign_id']}: {aim}.{warning}"


def _facts(account_id: str, taken: Row | None, member: Row | None, looked: Looked | None) -> dict[str, Fact]:
    target = taken["target"] if taken else looked.target if looked else None
    fraction = taken["target_fraction"] if taken else looked.target_fraction if looked else None
    return {
        "taken": taken is not None,
        "account_id": account_id,
        "member": member is not None,
        "campaign_id": member["campaign_id"] if member else None,
        "target": target,
        "target_fraction": fraction,
        "scaffold": taken["scaffold"] if taken else None,
    }


def _why_taken(stored: Stored, taken: Row) -> Iterator[Line]:
    campaign = stored.campaign(taken["campaign_id"])
    if taken["scaffold"] is None:
        yield Line(
            "opening",
            None,
            "it carries none of the campaign's fixed words; it was counted because it is of a kind (capability, "
            "length, place in a conversation) that is likelier harvest than a customer's, or, in a campaign with "
            "hardly any fixed words, because it opens a conversation and aims at a capability",
            "exchanges of this campaign with its fixed words, where there are enough of them",
            "an ordinary question of an honest customer behind this account: counted by rule, not by words of its own",
        )
        return
    label, shared = _label(campaign, taken["scaffold"])
    yield Line("scaffold", None, f"it carries fixed words of the campaign: {label}", shared, _WORDS_INNOCENT)
    target = words.target_name(Target(taken["target"]))
    yield Line(
        "target", None, f"exchanges with these words, or its own words where those do not agree, ask for {target}"
    )


def _label(campaign: Row | None, scaffold: int) -> tuple[str, str]:
    """The words of a scaffold where the report shows them, else their hash; and who uses them."""
    for trait in campaign["traits"] if campaign else ():
        if trait["trait"]["kind"] in {"scaffold", "system_prompt"} and trait["trait"]["value"] == str(scaffold):
            members, others = words.count(trait["members"]), words.count(trait["strangers"])
            who = f"{members} members use them, and of the accounts outside every accused group {others}"
            return f"{trait['label']} (hash {scaffold})", who
    return f"hash {scaffold}", "at least three members use them, eight times as often as other accounts"


def _why_not(stored: Stored, member: Row | None, looked: Looked | None) -> Iterator[str]:
    if member is None:
        yield "Its account is no member of a campaign; exchanges of other accounts are never counted."
    elif looked and looked.status is not None and looked.status >= 400:
        yield f"It was not answered (HTTP status {looked.status}); nothing went out with it."
    elif stored.overview.get("exchanges_listed") is False:
        yield "The scan did not list the exchanges that were taken."
    else:
        yield (
            "Its account is a member, but this exchange carries none of the campaign's fixed words: an honest customer "
            "may stand behind it."
        )


def _seen(looked: Looked) -> Iterator[str]:
    yield f"Model asked for: {looked.model}."
    if looked.target is None:
        yield "It has no prompt that could be looked at."
    else:
        target = words.target_name(Target(looked.target))
        yield f"Capability asked for, by its words alone: {target}, {words.share(looked.target_fraction)} sure."
