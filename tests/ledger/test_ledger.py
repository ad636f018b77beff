"""The ledger: an act is done whole or not at all, undone whole, beaten by exemptions, and the log shows tampering."""

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from stillwatch import ledger as books
from stillwatch.decide import approved, load_policy, propose
from stillwatch.errors import UsageError
from stillwatch.ledger import Ledger, open_ledger
from stillwatch.types import Accused, ActId, Action, CampaignId, Exemption, Mark, Plan, Scope, Verdict

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
POLICY = load_policy("small-host")


def _plan(accounts: int = 3, campaign: str = "c1") -> Plan:
    members = tuple((f"{campaign}-{n}", 12.0) for n in range(accounts))
    return propose([Accused(CampaignId(campaign), Verdict.DISTILLATION, 40.0, members)], POLICY, NOW, bits_held="held")


def _applied(ledger: Ledger, plan: Plan) -> books.Standing:
    act = books.propose(ledger, plan, "A. Person", NOW)
    books.approve(ledger, act, "A. Person", NOW, lambda p: approved(p, "A. Person", NOW))
    return books.standing(ledger, NOW)


def _applied_act(ledger: Ledger, act: ActId) -> None:
    books.approve(ledger, act, "A. Person", NOW, lambda p: approved(p, "A. Person", NOW))


def test_a_proposal_changes_nothing_and_applying_it_brings_exactly_its_decisions(ledger: Ledger) -> None:
    """What a dry run shows is what applying does."""
    plan = _plan()
    act = books.propose(ledger, plan, "A. Person", NOW)
    assert books.standing(ledger, NOW).decisions == ()
    books.approve(ledger, act, "A. Person", NOW, lambda p: approved(p, "A. Person", NOW))
    assert set(books.standing(ledger, NOW).decisions) == set(approved(plan, "A. Person", NOW).decisions)
    assert books.proposed(ledger, act) == plan


def test_a_decision_that_many_accounts_can_show_stands_with_its_policys_caps(ledger: Ledger) -> None:
    """As long as it stands; decisions about accounts alone need none, since their plan has counted them."""
    mark = Mark(Scope.SCAFFOLD, "77", 14.0, 30, 0)
    accused = Accused(CampaignId("c2"), Verdict.DISTILLATION, 40.0, (("c2-0", 12.0),), (mark,))
    policy = load_policy("gateway-operator")
    assert _applied(ledger, _plan()).caps == {}
    plan = propose([accused], policy, NOW, bits_held="held")
    assert Scope.SCAFFOLD in {d.scope for d in plan.decisions}
    assert _applied(ledger, plan).caps == policy.caps_per_hour
    books.undo(ledger, books.propose(ledger, plan, "A. Person", NOW), "A. Person", NOW)
    assert books.standing(ledger, NOW).caps == {}


def test_without_an_approval_every_decision_is_simulated(ledger: Ledger) -> None:
    """`apply` never enforces."""
    act = books.propose(ledger, _plan(), "A. Person", NOW)
    assert books.apply(ledger, act, "A. Person", NOW) == 3
    assert [d.enforced for d in books.standing(ledger, NOW).decisions] == [False] * 3


def test_doing_an_act_again_changes_nothing(ledger: Ledger) -> None:
    """Whoever does not know whether an act went through does it again."""
    before = _applied(ledger, _plan())
    assert _applied(ledger, _plan()) == before
    (act,) = {e.act_id for e in books.entries(ledger)}
    books.undo(ledger, act, "A. Person", NOW)
    assert books.undo(ledger, act, "A. Person", NOW) == 0
    with pytest.raises(UsageError, match="undone"):
        _applied(ledger, _plan())


def test_undo_takes_back_an_act_and_what_was_linked_under_it_and_nothing_else(ledger: Ledger) -> None:
    """Another act stays as it was."""
    other = _applied(ledger, _plan(campaign="c2"))
    _applied(ledger, _plan())
    act = books.entries(ledger)[-1].act_id
    fresh = [d for d in _plan(9).decisions if d.value == "c1-8"]
    assert books.link(ledger, act, fresh, NOW) == 1
    assert books.link(ledger, act, fresh, NOW) == 0
    assert books.undo(ledger, act, "A. Person", NOW) == 4
    assert books.standing(ledger, NOW).decisions == other.decisions
    assert books.link(ledger, act, fresh, NOW) == 0


def test_an_exemption_beats_earlier_and_later_decisions(ledger: Ledger) -> None:
    """An allow-list entry ends what is there and keeps out what comes."""
    _applied(ledger, _plan(2))
    books.allow(ledger, Exemption(Scope.ACCOUNT, "c1-0", "A. Person", NOW, "known customer"))
    assert [d.value for d in books.standing(ledger, NOW).decisions] == ["c1-1"]
    assert [d.value for d in _applied(ledger, _plan(3)).decisions if d.value == "c1-0"] == []
    assert books.withdraw_allowance(ledger, Scope.ACCOUNT, "c1-0", "A. Person", NOW)
    assert "c1-0" in [d.value for d in books.standing(ledger, NOW).decisions]


def test_an_overturned_appeal_releases_for_good_and_labels_an_innocent(ledger: Ledger) -> None:
    """Neither withdrawing, nor allowing, nor a new act touches what was released."""
    first = _applied(ledger, _plan(2)).decisions[0]
    made = books.appeal(ledger, first.decision_id, "we are a school", NOW)
    assert books.appeal(ledger, first.value, "again", NOW) == made
    assert books.settle(ledger, made.appeal_id, "overturned", "B. Reviewer", NOW).state == "overturned"
    books.allow(ledger, Exemption(Scope.ACCOUNT, first.value, "A. Person", NOW, "weaker"))
    assert not books.withdraw_allowance(ledger, Scope.ACCOUNT, first.value, "A. Person", NOW)
    assert first.value not in [d.value for d in _applied(ledger, _plan(3)).decisions]
    assert books.innocents(ledger) == [first.value]
    with pytest.raises(UsageError, match="overturned by B"):
        books.settle(ledger, made.appeal_id, "upheld", "C. Other", NOW)


def test_decisions_end(ledger: Ledger) -> None:
    """At its end a decision no longer holds; a clock put back does not matter to the ledger."""
    (end,) = {d.end for d in _applied(ledger, _plan()).decisions}
    assert books.standing(ledger, end).decisions == ()
    assert len(books.standing(ledger, end - timedelta(seconds=1)).decisions) == 3


def test_the_log_cannot_be_changed_and_shows_what_was_changed_around_it(ledger: Ledger) -> None:
    """Entries refuse updates and deletes; an altered decision and a cut end are told."""
    _applied(ledger, _plan())
    noted = books.entries(ledger)[-1].hash
    assert books.verify(ledger, noted) == []
    with pytest.raises(Exception, match="append-only"):
        ledger.run("DELETE FROM log WHERE entry = 1")
    with pytest.raises(Exception, match="append-only"):
        ledger.run("UPDATE log SET made_by = 'nobody'")
    ledger.run("UPDATE decisions SET value = 'somebody else' WHERE value = 'c1-0'")
    assert books.verify(ledger) == ["entry 2: the decisions it brought were changed"]
    assert books.verify(ledger, "f" * 64)[-1].startswith("the log no longer holds")


def test_what_holds_must_be_what_the_log_says(ledger: Ledger) -> None:
    """A decision set free, an approval slipped into a follow-up, an exemption written by hand, one taken away."""
    _applied(ledger, _plan())
    act = books.entries(ledger)[-1].act_id
    books.allow(ledger, Exemption(Scope.ACCOUNT, "c1-1", "A. Person", NOW, "known customer"))
    assert books.verify(ledger) == []
    ledger.run("UPDATE decisions SET state = 'undone' WHERE value = 'c1-0'")
    ledger.run("UPDATE follow_ups SET body = '[]'")
    ledger.run("UPDATE exemptions SET value = 'friend' WHERE value = 'c1-1'")
    assert books.verify(ledger) == [
        "entry 2: what follows up on it was changed",
        f"{act}: decisions are undone, and the log does not say so",
        "account friend: its exemption is not in the log",
        "account c1-1: its exemption is gone",
    ]


def test_a_plan_changed_after_it_was_proposed_is_refused(ledger: Ledger) -> None:
    """Its id follows from its words."""
    act = books.propose(ledger, _plan(), "A. Person", NOW)
    ledger.run("UPDATE acts SET plan = REPLACE(plan, 'c1-0', 'somebody')")
    with pytest.raises(UsageError, match="changed after it was proposed"):
        _applied_act(ledger, act)
    assert books.standing(ledger, NOW).decisions == ()


def test_an_act_applied_simulated_is_never_said_to_be_enforced(ledger: Ledger) -> None:
    """Nor does an approval that is given again bring anything."""
    act = books.propose(ledger, _plan(), "A. Person", NOW)
    books.apply(ledger, act, "A. Person", NOW)
    with pytest.raises(UsageError, match="by `apply`"):
        _applied_act(ledger, act)


def test_caps_hold_over_acts_that_were_proposed_side_by_side(ledger: Ledger) -> None:
    """Each plan alone fits under the cap of 200; together they do not, and the second is refused whole."""
    acts = [books.propose(ledger, _plan(150, name), "A. Person", NOW) for name in ("c1", "c2")]
    _applied_act(ledger, acts[0])
    with pytest.raises(UsageError, match="over the policy's cap, 150 of 200"):
        _applied_act(ledger, acts[1])
    assert len(books.standing(ledger, NOW).decisions) == 150


def test_two_nodes_at_once_do_an_act_once(place: str, ledger: Ledger) -> None:
    """Each opens the ledger for itself; all are told that it is done, and the log holds it once."""
    act = books.propose(ledger, _plan(100), "A. Person", NOW)

    def node(number: int) -> int:
        held = open_ledger(place)
        count = books.apply(held, act, f"Person {number}", NOW)
        held.close()
        return count

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(node, range(4))) == [100] * 4
    assert [e.kind for e in books.entries(ledger)] == ["propose", "apply"]
    assert len(books.standing(ledger, NOW).decisions) == 100
    assert books.verify(ledger) == []


def test_touched_counts_by_action_and_hour(ledger: Ledger) -> None:
    """What the caps of the next plan are reckoned from."""
    _applied(ledger, _plan())
    assert books.touched(ledger) == {(Action.CAP, datetime(2026, 11, 24, 12, tzinfo=UTC)): 3}


_VICTIM = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from stillwatch import ledger as books
    place, act, what = sys.argv[1:]
    held, now = books.open_ledger(place), datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    print("ready", flush=True)
    sys.stdin.readline()
    (books.apply if what == "apply" else books.undo)(held, act, "A. Person", now)
    print("done", flush=True)
    sys.stdin.readline()
""")


@pytest.mark.parametrize("what", ["apply", "undo"])
def test_kill_9_leaves_an_act_done_or_not_begun(place: str, what: str) -> None:
    """Killed at any moment, an act is whole or absent; doing it again ends where no kill would have."""
    draw = Random(7)
    for kill in range(4):
        held = open_ledger(place)
        plan = replace(_plan(150, f"k{kill}"), caps_per_hour=())  # all acts of this test fall into one hour
        act = books.propose(held, plan, "A. Person", NOW)
        before = books.standing(held, NOW).decisions
        if what == "undo":
            books.apply(held, act, "A. Person", NOW)
        whole = books.standing(held, NOW).decisions
        command = [sys.executable, "-c", _VICTIM, place, act, what]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
            assert victim.stdin is not None
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            victim.stdin.write("go\n")
            victim.stdin.flush()
            try:
                victim.wait(draw.uniform(0.0, 0.03))
            except subprocess.TimeoutExpired:
                victim.send_signal(signal.SIGKILL)
        seen = books.standing(held, NOW).decisions
        if what == "apply":
            books.apply(held, act, "A. Person", NOW)
            whole = books.standing(held, NOW).decisions
            assert len(whole) - len(before) == 150
        else:
            books.undo(held, act, "A. Person", NOW)
            assert books.standing(held, NOW).decisions == before
        assert seen in (before, whole)
        assert books.verify(held) == []
        held.close()
