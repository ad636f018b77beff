"""Acts: propose, approve, undo, allow, link. Each is one transaction: all of it or nothing, whenever the process dies.

In: values. Out: act ids, and what stands. Doing an act again that was done changes nothing, so whoever does not know
whether it went through does it again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from stillwatch.errors import UsageError
from stillwatch.ledger.chain import Signed, append, digest, last_number, next_number
from stillwatch.ledger.connection import Ledger
from stillwatch.ledger.rows import (
    COLUMNS,
    decision_of,
    decision_row,
    exemption_of,
    follow_up_of,
    follow_up_text,
    moment_text,
    plan_of,
    plan_text,
)
from stillwatch.types import ActId, Action, Decision, Exemption, FollowUp, Plan, Scope

Hour = tuple[Action, datetime]
_HOLDS = "d.state = 'holds' AND NOT EXISTS (SELECT * FROM exemptions e WHERE e.scope = d.scope AND e.value = d.value)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says now. version: the last log entry that it rests on; caps: by action, the accounts an hour
    that decisions about what many accounts may show are allowed to touch, of several acts the least.
    """

    version: int
    decisions: tuple[Decision, ...]
    follow_ups: tuple[tuple[ActId, FollowUp], ...]
    exemptions: tuple[Exemption, ...]
    caps: Mapping[Action, int] = field(default_factory=dict)


def propose(ledger: Ledger, plan: Plan, by: str, now: datetime) -> ActId:
    """Keep a plan under an id that follows from it; nothing is done yet. It is the plan that `approve` will apply."""
    text = plan_text(plan)
    act_id = act_id_of(text)
    with ledger.write():
        new = "INSERT INTO acts VALUES (?, 'plan', 'proposed', ?, ?, ?) ON CONFLICT (act_id) DO NOTHING"
        if ledger.run(new, (act_id, by, moment_text(now), text)):
            append(
                ledger, Signed(by, now, "propose", act_id), {"decisions": len(plan.decisions), "held": len(plan.held)}
            )
    return act_id


def act_id_of(plan: str) -> ActId:
    """The id of an act, which follows from its plan as text: another plan is another act."""
    return ActId("a-" + hashlib.sha256(plan.encode()).hexdigest()[:16])


def proposed(ledger: Ledger, act_id: ActId) -> Plan:
    """Give the plan of an act.

    Raises:  UsageError: there is no such act, or its plan is not the one that was proposed.
    """
    rows = ledger.rows("SELECT plan FROM acts WHERE act_id = ?", (act_id,))
    if not rows:
        raise UsageError(f"no act is called {act_id}; `stillwatch act log` lists them")
    if act_id_of(rows[0][0]) != act_id:
        raise UsageError(f"{act_id}: its plan was changed after it was proposed; look at `stillwatch act log --verify`")
    return plan_of(rows[0][0])


def approve(ledger: Ledger, act_id: ActId, by: str, now: datetime, approved: Callable[[Plan], Plan]) -> int:
    """Apply a proposed plan with a person's approval and give how many decisions it brought.

    Args:    approved: what the approval makes of the plan.
    Raises:  UsageError: there is no such act, it was undone or applied simulated, or other acts have used up a cap.
    """
    return _bring(ledger, approved(proposed(ledger, act_id)), Signed(by, now, "approve", act_id))


def apply(ledger: Ledger, act_id: ActId, by: str, now: datetime) -> int:
    """Apply a proposed plan simulated: doors count what they would have done."""
    plan = proposed(ledger, act_id)
    simulated = replace(
        plan,
        decisions=tuple(replace(d, approval=None) for d in plan.decisions),
        follow_ups=tuple(replace(f, approval=None) for f in plan.follow_ups),
    )
    return _bring(ledger, simulated, Signed(by, now, "apply", act_id))


def _bring(ledger: Ledger, plan: Plan, signed: Signed) -> int:
    act_id = signed.act_id
    with ledger.write():
        (state,) = ledger.rows("SELECT state FROM acts WHERE act_id = ?", (act_id,))[0]
        if state == "undone":
            raise UsageError(f"{act_id} was undone, and what was released stays released; propose again")
        if state == "applied":
            _same_way(ledger, signed)
            return len(plan.decisions)
        _within_caps(ledger, plan)
        ups = sorted((f.campaign_id, follow_up_text(f)) for f in plan.follow_ups)
        _insert(ledger, plan.decisions, signed, {"follow_ups": digest(ups)})
        ledger.many("INSERT INTO follow_ups VALUES (?, ?, ?, 'holds')", [(act_id, *up) for up in ups])
        ledger.run("UPDATE acts SET state = 'applied' WHERE act_id = ?", (act_id,))
    return len(plan.decisions)


def _same_way(ledger: Ledger, signed: Signed) -> None:
    """Refuse to say that an act is enforced which was only applied simulated, or the other way round."""
    kinds = ledger.rows("SELECT kind FROM log WHERE act_id = ? AND kind IN ('approve', 'apply')", (signed.act_id,))
    if kinds != [(signed.kind,)]:
        raise UsageError(f"{signed.act_id} was done before, by `{kinds[0][0]}`; undo it and propose again")


def _within_caps(ledger: Ledger, plan: Plan) -> None:
    """Check the policy's caps once more: other acts may have been done since the plan was made."""
    caps, held = dict(plan.caps_per_hour), touched(ledger)
    wanted = Counter((d.action, d.start.replace(minute=0, second=0, microsecond=0)) for d in plan.decisions)
    for (action, hour), count in wanted.items():
        if action in caps and held[action, hour] + count > caps[action]:
            there = f"{held[action, hour]:,} of {caps[action]:,} are there"
            raise UsageError(
                f"{action} for {count:,} at {hour:%Y-%m-%d %H}h: over the policy's cap, {there}; propose again"
            )


def _insert(
    ledger: Ledger, decisions: Iterable[Decision], signed: Signed, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    rows = sorted(decision_row(d) for d in decisions)
    entry = next_number(ledger)
    marks = ", ".join("?" * 13)
    ledger.many(
        f"INSERT INTO decisions (act_id, entry, state, {COLUMNS}) VALUES (?, ?, 'holds', {marks})",  # noqa: S608 - fixed
        [(signed.act_id, entry, *row) for row in rows],
    )
    append(ledger, signed, {"decisions": len(rows), "digest": digest(rows), **more})


def link(ledger: Ledger, act_id: ActId, decisions: Sequence[Decision], now: datetime) -> int:
    """Add decisions about fresh accounts, under the act whose follow-up they come from; undone with it.

    Accounts that a decision of the act holds already are left as they are; nothing is added to an act undone since.
    """
    with ledger.write():
        state = ledger.rows("SELECT state FROM acts WHERE act_id = ?", (act_id,))
        held = {
            v for (v,) in ledger.rows("SELECT value FROM decisions WHERE act_id = ? AND scope = 'account'", (act_id,))
        }
        fresh = {d.value: d for d in decisions if d.value not in held}
        if not fresh or state != [("applied",)]:
            return 0
        _insert(ledger, fresh.values(), Signed("gateway", now, "link", act_id))
    return len(fresh)


def undo(ledger: Ledger, act_id: ActId, by: str, now: datetime) -> int:
    """Take back everything that an act brought, and give how many decisions that were.

    Raises:  UsageError: there is no such act.
    """
    with ledger.write():
        rows = ledger.rows("SELECT state FROM acts WHERE act_id = ?", (act_id,))
        if not rows:
            raise UsageError(f"no act is called {act_id}; `stillwatch act log` lists them")
        if rows[0][0] == "undone":
            return 0
        count = ledger.run("UPDATE decisions SET state = 'undone' WHERE act_id = ? AND state = 'holds'", (act_id,))
        ledger.run("UPDATE follow_ups SET state = 'undone' WHERE act_id = ?", (act_id,))
        ledger.run("UPDATE acts SET state = 'undone' WHERE act_id = ?", (act_id,))
        append(ledger, Signed(by, now, "undo", act_id), {"decisions": count})
    return count


def allow(ledger: Ledger, exemption: Exemption) -> None:
    """Exempt something from every decision, earlier and later ones; a release is never weakened to an allowance."""
    with ledger.write():
        place = exempt(ledger, exemption)
        append(ledger, Signed(exemption.by, exemption.at, "allow"), place | {"why": exemption.why})


def exempt(ledger: Ledger, exemption: Exemption) -> dict[str, str]:
    """Write an exemption; inside a transaction. Gives what the log says of it."""
    target = (exemption.scope.value, exemption.value)
    ledger.run(
        "INSERT INTO exemptions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (scope, value) DO UPDATE SET "
        "released = CASE WHEN exemptions.released = 1 THEN 1 ELSE excluded.released END",
        (*target, exemption.by, moment_text(exemption.at), exemption.why, int(exemption.released)),
    )
    return {"scope": target[0], "value": target[1]}


def withdraw_allowance(ledger: Ledger, scope: Scope, value: str, by: str, now: datetime) -> bool:
    """Take an allowance back; what was released after an appeal stays released. Gives whether there was one."""
    with ledger.write():
        gone = ledger.run("DELETE FROM exemptions WHERE scope = ? AND value = ? AND released = 0", (scope.value, value))
        if gone:
            append(ledger, Signed(by, now, "withdraw allowance"), {"scope": scope.value, "value": value})
    return bool(gone)


def standing(ledger: Ledger, now: datetime) -> Standing:
    """Give what holds at a time or later: decisions that have not ended and that no exemption beats."""
    text = moment_text(now)
    chosen = f"SELECT DISTINCT {COLUMNS} FROM decisions d WHERE {_HOLDS} AND end_at > ? "  # noqa: S608 - fixed words
    with ledger.write():
        decisions = tuple(decision_of(row) for row in ledger.rows(chosen + "ORDER BY decision_id", (text,)))
        ups = ledger.rows("SELECT act_id, body FROM follow_ups WHERE state = 'holds' ORDER BY campaign_id, act_id")
        exemptions = ledger.rows("SELECT * FROM exemptions ORDER BY scope, value")
        version = last_number(ledger)
        wide = ledger.rows(
            "SELECT DISTINCT a.plan FROM acts a JOIN decisions d ON d.act_id = a.act_id "  # noqa: S608 - fixed words
            f"WHERE {_HOLDS} AND d.end_at > ? AND d.scope NOT IN ('account', 'key')",
            (text,),
        )
    caps: dict[Action, int] = {}
    for action, most in (cap for (plan,) in wide for cap in plan_of(plan).caps_per_hour):
        caps[action] = min(most, caps.get(action, most))
    follow_ups = tuple((ActId(act), follow_up_of(body)) for act, body in ups)
    return Standing(version, decisions, follow_ups, tuple(exemption_of(row) for row in exemptions), caps)


def touched(ledger: Ledger) -> Counter[Hour]:
    """Count decisions that hold by action and the hour in which they start."""
    counted: Counter[Hour] = Counter()
    sql = "SELECT action, SUBSTR(start_at, 1, 13), COUNT(*) FROM decisions WHERE state = 'holds' GROUP BY 1, 2"
    for action, hour, count in ledger.rows(sql):
        counted[Action(action), datetime.fromisoformat(f"{hour}:00:00+00:00")] += count
    return counted
