"""From accused campaigns and a policy to a plan of decisions; and what an approval makes of it.

In: campaigns, policy, exemptions, accounts already touched, the time. Out: `Plan`. Equal input, equal plan and ids.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from scipy.special import pdtrc

from stillwatch.decide.policy import Policy, Rule
from stillwatch.types import Accused, Action, Approval, CampaignId, Decision, DecisionId, FollowUp, Held, Plan, Scope

Hour = tuple[Action, datetime]
Target = tuple[Scope, str]
_SURPRISE = 0.001
_BEYOND_BITS = 1_000.0  # no float holds the odds of more
_HOURS_AHEAD = 24 * 7  # a campaign that finds no free hour in a week is held


def propose(  # noqa: PLR0913 - what a plan depends on, by keyword
    campaigns: Sequence[Accused],
    policy: Policy,
    now: datetime,
    *,
    bits_held: Literal["held", "not_held"],
    exempt: Collection[Target] = frozenset(),
    touched: Mapping[Hour, int] | None = None,
    innocents: Collection[str] = frozenset(),
) -> Plan:
    """Give what the policy wants done about campaigns, within its caps, all simulated.

    Args:    bits_held: whether the run's check of its own bits held; without, nothing can be approved; exempt: what no
             decision may touch; touched: accounts already acted on, by action and hour of start; innocents: accounts
             whose appeals were overturned: a campaign of which more were than its odds allow is held as a whole.
    """
    busy = Counter(dict(touched or {}))
    decisions: list[Decision] = []
    held: list[Held] = []
    for campaign in sorted(campaigns, key=lambda c: (-c.together_bits, c.campaign_id)):
        begin = _cohort_time(campaign.campaign_id, policy, now)
        for rule, targets in _by_rule(campaign, policy, exempt):
            if refuted(campaign, innocents):
                why = "more of its members were found innocent on appeal than their odds of membership allow"
                held.append(Held(campaign.campaign_id, rule.action, len(targets), why))
                continue
            start = _free_hour(rule.action, len(targets), begin, policy, busy)
            if start is None:
                why = f"more than the policy's cap of {policy.caps_per_hour[rule.action]:,} an hour leaves room for"
                held.append(Held(campaign.campaign_id, rule.action, len(targets), why))
                continue
            busy[rule.action, _hour(start)] += len(targets)
            decisions += [decision(campaign.campaign_id, rule, value, bits, start) for value, bits in targets]
    follow_ups = (follow_up(campaign, policy) for campaign in campaigns if not refuted(campaign, innocents))
    return Plan(
        tuple(decisions),
        tuple(held),
        tuple(f for f in follow_ups if f is not None),
        bits_held == "held",
        frozenset((rule.reason_code, rule.action) for rule in policy.rules if rule.enforce),
        tuple(sorted(policy.caps_per_hour.items())),
    )


def refuted(campaign: Accused, innocents: Collection[str]) -> bool:
    """Whether so many labelled innocents among the members have less than one chance in 1,000, if the odds are right.

    The number of innocents among members with odds 2^b is near Poisson, with the sum of 1 / (1 + 2^b) as its mean. One
    appeal alone holds nothing.
    """
    found = sum(account in innocents for account, _ in campaign.members)
    mean = sum(1 / (1 + 2.0 ** min(bits, _BEYOND_BITS)) for _, bits in campaign.members)
    return found > 1 and float(pdtrc(found - 1, mean)) < _SURPRISE


def approved(plan: Plan, by: str, now: datetime) -> Plan:
    """Give the plan with what the policy lets be enforced enforced, and the rest simulated.

    Raises:  ValueError: nobody is named, or the plan rests on bits that did not hold.
    """
    approval = Approval(by, now, plan.bits_held)

    def given(reason_code: str, action: Action) -> Approval | None:
        return approval if (reason_code, action) in plan.enforceable else None

    return replace(
        plan,
        decisions=tuple(replace(d, approval=given(d.reason_code, d.action)) for d in plan.decisions),
        follow_ups=tuple(replace(f, approval=given(f.reason_code, f.action)) for f in plan.follow_ups),
    )


def follow_up(campaign: Accused, policy: Policy) -> FollowUp | None:
    """Give what is done with fresh accounts that continue a campaign, by the first rule that fits, or None."""
    rules = (rule for rule in policy.rules if rule.who == "continuations" and _fits(campaign, rule))
    rule = next(rules, None)
    if rule is None:
        return None
    return FollowUp(
        campaign.campaign_id,
        rule.action,
        rule.reason_code,
        campaign.together_bits,
        rule.bits,
        rule.hours,
        rule.requests,
        rule.message,
        per_hour=policy.caps_per_hour.get(rule.action, 0),
    )


def linked(account: str, bits: float, following: FollowUp, now: datetime) -> Decision:
    """Make the decision about a fresh account that continues a campaign, under the approval given for such accounts."""
    return Decision(
        decision_id=decision_id(following.campaign_id, Scope.ACCOUNT, account, following.action, now),
        scope=Scope.ACCOUNT,
        value=account,
        action=following.action,
        reason_code=following.reason_code,
        campaign_id=following.campaign_id,
        bits=round(bits, 3),
        start=now,
        end=now + timedelta(hours=following.hours),
        requests=following.requests,
        message=following.message,
        approval=following.approval,
    )


def decision(campaign_id: CampaignId, rule: Rule, value: str, bits: float, start: datetime) -> Decision:
    """Make the simulated decision that a rule asks for; its id follows from what it says."""
    return Decision(
        decision_id=decision_id(campaign_id, rule.scope, value, rule.action, start),
        scope=rule.scope,
        value=value,
        action=rule.action,
        reason_code=rule.reason_code,
        campaign_id=campaign_id,
        bits=round(bits, 3),
        start=start,
        end=start + timedelta(hours=rule.hours),
        requests=rule.requests,
        message=rule.message,
    )


def decision_id(campaign_id: str, scope: Scope, value: str, action: str, start: datetime) -> DecisionId:
    """The id of a decision, which follows from what it says: whoever makes it, ledger or gateway, it has the same."""
    words = f"{campaign_id}\0{scope}\0{value}\0{action}\0{start.isoformat()}"
    return DecisionId("d-" + hashlib.sha256(words.encode()).hexdigest()[:20])


def _fits(campaign: Accused, rule: Rule) -> bool:
    return campaign.verdict in rule.verdicts and campaign.together_bits >= rule.together_bits


def _by_rule(
    campaign: Accused, policy: Policy, exempt: Collection[Target]
) -> Iterable[tuple[Rule, list[tuple[str, float]]]]:
    """Each rule that fits the campaign, with what it is about and the bits that the decision states.

    A member's decision states the campaign's bits; a mark's states its lift, which is less.
    """
    taken: set[Target] = set()
    for rule in policy.rules:
        if not _fits(campaign, rule):
            continue
        chosen = [
            (value, bits)
            for value, bits in _candidates(campaign, rule)
            if (rule.scope, value) not in taken and (rule.scope, value) not in exempt
        ]
        taken |= {(rule.scope, value) for value, _ in chosen}
        if chosen:
            yield rule, chosen


def _candidates(campaign: Accused, rule: Rule) -> list[tuple[str, float]]:
    if rule.who == "members":
        return [(account, campaign.together_bits) for account, bits in sorted(campaign.members) if bits >= rule.bits]
    marks = [m for m in campaign.marks if m.scope is rule.scope and rule.who == "marks"]
    fitting = [m for m in marks if m.lift_bits >= rule.bits and m.strangers <= rule.most_strangers]
    return sorted((m.value, min(m.lift_bits, campaign.together_bits)) for m in fitting)


def _cohort_time(campaign_id: CampaignId, policy: Policy, now: datetime) -> datetime:
    """One time for the whole campaign. Drawn from its id and the day, so that a dry run and applying agree."""
    if policy.cohort == "at_once":
        return now
    drawn = hashlib.sha256(f"{campaign_id}\0{now:%Y-%m-%d}".encode()).digest()
    share = int.from_bytes(drawn[:8], "big") / 2**64
    return now + timedelta(hours=policy.within_hours * share)


def _free_hour(
    action: Action, targets: int, begin: datetime, policy: Policy, busy: Mapping[Hour, int]
) -> datetime | None:
    """The first hour in which the whole cohort fits under the cap; None if there is none."""
    cap = policy.caps_per_hour.get(action)
    if cap is None:
        return begin
    for ahead in range(_HOURS_AHEAD if targets <= cap else 0):
        start = begin if ahead == 0 else _hour(begin) + timedelta(hours=ahead)
        if busy.get((action, _hour(start)), 0) + targets <= cap:
            return start
    return None


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
