"""Plans: what a policy makes of campaigns, within its caps, and what can never be made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillwatch.decide import POLICIES, Policy, approved, linked, load_policy, propose
from stillwatch.errors import SettingsError
from stillwatch.types import (
    Accused,
    Action,
    Approval,
    CampaignId,
    Decision,
    DecisionId,
    Mark,
    Plan,
    Scope,
    Verdict,
)

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
RULE = """
name = "test"
[caps_per_hour]
block = 3
[[rule]]
who = "members"
verdicts = ["distillation"]
together_bits = 20
bits = 6.6
action = "block"
hours = 24
reason_code = "T-1"
"""


def _policy(tmp_path: Path, text: str = RULE) -> str:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _propose(campaigns: list[Accused], policy: Policy, now: datetime, **more: Any) -> Plan:
    return propose(campaigns, policy, now, bits_held="held", **more)


def _accused(accounts: int, bits: float = 30.0, name: str = "c1", member_bits: float = 9.0) -> Accused:
    members = tuple((f"{name}-{n}", member_bits) for n in range(accounts))
    return Accused(CampaignId(name), Verdict.DISTILLATION, bits, members)


@pytest.mark.parametrize("name", POLICIES)
def test_the_shipped_policies_act_on_distillation_and_follow_up(name: str) -> None:
    """Each example proposes something for a campaign with many bits, and nothing at 5 bits."""
    policy = load_policy(name)
    plan = _propose([_accused(5, 60.0, member_bits=20.0)], policy, NOW)
    assert len(plan.decisions) == 5
    assert len(plan.follow_ups) == 1
    assert _propose([_accused(5, 5.0, member_bits=20.0)], policy, NOW).decisions == ()


def test_bits_of_campaign_and_member_must_both_suffice(tmp_path: Path) -> None:
    """At the threshold it counts; below it, either way, nothing is proposed."""
    policy = load_policy(_policy(tmp_path))
    assert [len(_propose([_accused(1, *bits)], policy, NOW).decisions) for bits in ((20.0,), (19.9,))] == [1, 0]
    assert _propose([_accused(1, member_bits=6.5)], policy, NOW).decisions == ()


def test_an_organisation_is_never_acted_on(tmp_path: Path) -> None:
    """A policy cannot name a verdict that does not accuse."""
    with pytest.raises(SettingsError, match="ones that accuse"):
        load_policy(_policy(tmp_path, RULE.replace('"distillation"', '"organisation"')))


def test_a_campaign_is_moved_to_a_free_hour_or_held_but_never_split(tmp_path: Path) -> None:
    """Under a cap of three an hour: two, then two an hour later; four are held."""
    plan = _propose(
        [_accused(2), _accused(2, 29.0, "c2"), _accused(4, 28.0, "c3")], load_policy(_policy(tmp_path)), NOW
    )
    starts = {d.campaign_id: d.start for d in plan.decisions}
    assert starts == {"c1": NOW, "c2": datetime(2026, 11, 24, 13, tzinfo=UTC)}
    assert [(h.campaign_id, h.targets) for h in plan.held] == [("c3", 4)]


def test_accounts_touched_before_count_towards_the_cap(tmp_path: Path) -> None:
    """The cap is on the hour, not on the plan."""
    touched = {(Action.BLOCK, datetime(2026, 11, 24, 12, tzinfo=UTC)): 2}
    plan = _propose([_accused(2)], load_policy(_policy(tmp_path)), NOW, touched=touched)
    assert {d.start.hour for d in plan.decisions} == {13}


def test_a_random_cohort_is_acted_on_at_one_drawn_time(tmp_path: Path) -> None:
    """All accounts of a campaign share it, and drawing again on the same day gives the same."""
    text = RULE.replace("[caps", '[timing]\ncohort = "random"\nwithin_hours = 6\n[caps')
    policy = load_policy(_policy(tmp_path, text))
    (start,) = {d.start for d in _propose([_accused(3)], policy, NOW).decisions}
    assert NOW <= start < NOW + timedelta(hours=6)
    assert {d.start for d in _propose([_accused(3)], policy, NOW).decisions} == {start}


def test_exempt_targets_are_left_out(tmp_path: Path) -> None:
    """An allow-list entry is not proposed in the first place."""
    plan = _propose([_accused(2)], load_policy(_policy(tmp_path)), NOW, exempt={(Scope.ACCOUNT, "c1-0")})
    assert [d.value for d in plan.decisions] == ["c1-1"]


def test_a_campaign_whose_members_were_found_innocent_more_often_than_its_odds_allow_is_held(tmp_path: Path) -> None:
    """Of 50 members at 9 bits a tenth of one is expected: one overturned appeal is bad luck, three are too many."""
    policy = load_policy(_policy(tmp_path, RULE.replace("block = 3", "block = 100")))
    campaign = _accused(50)
    assert len(_propose([campaign], policy, NOW, innocents={"c1-0"}).decisions) == 50
    plan = _propose([campaign], policy, NOW, innocents={"c1-0", "c1-1", "c1-2"})
    assert (len(plan.decisions), plan.follow_ups) == (0, ())
    assert "innocent on appeal" in plan.held[0].why


def test_hundreds_of_overturned_appeals_are_counted_too(tmp_path: Path) -> None:
    """A mistake of that size is when the rule is needed most."""
    policy = load_policy(_policy(tmp_path, RULE.replace("block = 3", "block = 5000")))
    plan = _propose([_accused(3_000)], policy, NOW, innocents={f"c1-{n}" for n in range(1_000)})
    assert (len(plan.decisions), plan.follow_ups) == (0, ())


def test_marks_that_strangers_show_are_left_out() -> None:
    """Words that one innocent shows are no ground for anything."""
    marks = (Mark(Scope.SCAFFOLD, "11", 12.0, 9, 0), Mark(Scope.SCAFFOLD, "12", 12.0, 9, 1))
    accused = Accused(CampaignId("c1"), Verdict.DISTILLATION, 30.0, (), marks)
    plan = _propose([accused], load_policy("gateway-operator"), NOW)
    assert [(d.scope, d.value, d.action, d.bits) for d in plan.decisions] == [
        (Scope.SCAFFOLD, "11", Action.WATCH, 12.0)
    ]


def test_only_rules_that_may_be_enforced_are(tmp_path: Path) -> None:
    """An approval does not make real what the policy keeps simulated."""
    for enforce in (False, True):
        policy = load_policy(_policy(tmp_path, RULE + f"enforce = {str(enforce).lower()}\n"))
        plan = approved(_propose([_accused(2)], policy, NOW), "A. Person", NOW)
        assert [d.enforced for d in plan.decisions] == [enforce] * 2


def test_nothing_is_approved_on_bits_that_did_not_hold() -> None:
    """The plan remembers whether the run's check of its own bits held."""
    plan = propose([_accused(2)], load_policy("small-host"), NOW, bits_held="not_held")
    with pytest.raises(ValueError, match="did not hold"):
        approved(plan, "A. Person", NOW)


def test_what_cannot_be_made() -> None:
    """No decision without campaign and bits; no approval without a name or on bits that did not hold."""

    def made(campaign: str = "c1", bits: float = 20.0) -> Decision:
        return Decision(
            DecisionId("d"),
            Scope.ACCOUNT,
            "a",
            Action.BLOCK,
            "T",
            CampaignId(campaign),
            bits,
            NOW,
            NOW.replace(year=2027),
        )

    assert not made().enforced
    for campaign, bits in (("", 20.0), ("c1", 0.0), ("c1", float("nan")), ("c1", float("inf"))):
        with pytest.raises(ValueError, match="rests on a campaign and its bits"):
            made(campaign, bits)
    with pytest.raises(ValueError, match="names the person"):
        Approval(" ", NOW, bits_held=True)
    with pytest.raises(ValueError, match="did not hold"):
        Approval("A. Person", NOW, bits_held=False)


def test_a_fresh_account_gets_the_follow_up_s_action_under_its_approval() -> None:
    """The approval is the one that was given for accounts that continue the campaign."""
    policy = load_policy("small-host")
    plan = approved(_propose([_accused(1)], policy, NOW), "A. Person", NOW)
    made = linked("new", 14.2, plan.follow_ups[0], NOW)
    assert (made.action, made.value, made.bits, made.enforced) == (Action.CAP, "new", 14.2, True)
    assert linked("new", 14.2, plan.follow_ups[0], NOW).decision_id == made.decision_id
    assert not linked("new", 14.2, _propose([_accused(1)], policy, NOW).follow_ups[0], NOW).enforced


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("block = 3", "block = 0", "at least 1"),
        ("block = 3", "", "caps_per_hour must name block"),
        ('"members"', '"everybody"', "who is one of"),
        ("together_bits = 20", "together_bits = 0", "bits must be above 0"),
        ("together_bits = 20", "together_bits = inf", "no infinity"),
        ("together_bits = 20", "together_bits = nan", "bits must be above 0"),
        ("hours = 24", "hours = inf", "hours must be above 0 and at most"),
        ("hours = 24", "hours = 24\nrequests = 5", "requests go with throttle and cap"),
        ("hours = 24", "hours = 24\ncolour = 5", "unknown key"),
        ('name = "test"', 'name = "test"\nother = 1', "unknown key"),
    ],
)
def test_a_wrong_policy_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    """Checked once, where bytes enter."""
    with pytest.raises(SettingsError, match=words):
        load_policy(_policy(tmp_path, RULE.replace(old, new)))
