"""Values of `types.decisions` to rows of the ledger and to JSON, and back.

In: values or rows. Out: the other. Times are ISO 8601 in UTC, so that their order as text is their order.
"""

import json
from datetime import UTC, datetime
from typing import Any

from stillwatch.ledger.connection import Row
from stillwatch.types import Action, Approval, CampaignId, Decision, DecisionId, Exemption, FollowUp, Held, Plan, Scope

COLUMNS = (
    "decision_id, scope, value, action, reason_code, campaign_id, bits, start_at, end_at, requests, message, "
    "approved_by, approved_at"
)
"""Columns of a decision that never change."""


def decision_row(decision: Decision) -> Row:
    """The columns `COLUMNS` of a decision."""
    return (
        decision.decision_id,
        decision.scope.value,
        decision.value,
        decision.action.value,
        decision.reason_code,
        decision.campaign_id,
        decision.bits,
        moment_text(decision.start),
        moment_text(decision.end),
        decision.requests,
        decision.message,
        decision.approval.by if decision.approval else None,
        moment_text(decision.approval.at) if decision.approval else None,
    )


def decision_of(row: Row) -> Decision:
    """A decision from its columns; an approval in the ledger was given on bits that held, or was never written."""
    return Decision(
        decision_id=DecisionId(row[0]),
        scope=Scope(row[1]),
        value=row[2],
        action=Action(row[3]),
        reason_code=row[4],
        campaign_id=CampaignId(row[5]),
        bits=row[6],
        start=datetime.fromisoformat(row[7]),
        end=datetime.fromisoformat(row[8]),
        requests=row[9],
        message=row[10],
        approval=_approval(row[11], row[12]),
    )


def follow_up_text(following: FollowUp) -> str:
    """A follow-up as JSON."""
    return json.dumps([
        following.campaign_id,
        following.action,
        following.reason_code,
        following.campaign_bits,
        following.bits,
        following.hours,
        following.requests,
        following.message,
        *_approval_row(following.approval),
        following.per_hour,
    ])  # fmt: skip


def follow_up_of(text: str) -> FollowUp:
    """A follow-up from JSON."""
    campaign, action, code, campaign_bits, bits, hours, requests, message, by, at, *cap = json.loads(text)
    approval, (per_hour,) = _approval(by, at), cap or (0,)
    return FollowUp(campaign, Action(action), code, campaign_bits, bits, hours, requests, message, approval, per_hour)


def plan_text(plan: Plan) -> str:
    """A plan as JSON."""
    return json.dumps({
        "decisions": [decision_row(d) for d in plan.decisions],
        "follow_ups": [follow_up_text(f) for f in plan.follow_ups],
        "held": [[h.campaign_id, h.action, h.targets, h.why] for h in plan.held],
        "bits_held": plan.bits_held,
        "enforceable": sorted(plan.enforceable),
        "caps_per_hour": plan.caps_per_hour,
    })  # fmt: skip


def plan_of(text: str) -> Plan:
    """A plan from JSON."""
    values: dict[str, Any] = json.loads(text)
    return Plan(
        tuple(decision_of(tuple(row)) for row in values["decisions"]),
        tuple(Held(CampaignId(c), Action(a), n, why) for c, a, n, why in values["held"]),
        tuple(follow_up_of(body) for body in values["follow_ups"]),
        values["bits_held"],
        frozenset((code, Action(action)) for code, action in values["enforceable"]),
        tuple((Action(action), count) for action, count in values.get("caps_per_hour", ())),
    )


def exemption_of(row: Row) -> Exemption:
    """An exemption from its row."""
    return Exemption(Scope(row[0]), row[1], row[2], datetime.fromisoformat(row[3]), row[4], bool(row[5]))


def moment_text(moment: datetime) -> str:
    """A time as text whose order is that of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _approval(by: str | None, at: str | None) -> Approval | None:
    return Approval(by, datetime.fromisoformat(at), bits_held=True) if by and at else None


def _approval_row(approval: Approval | None) -> tuple[str | None, str | None]:
    return (approval.by, moment_text(approval.at)) if approval else (None, None)
