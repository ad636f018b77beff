"""A gate with a few decisions, in a folder of its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillwatch.gateway.gate import Gate, Route
from stillwatch.gateway.snapshot import Contents, write_snapshot
from stillwatch.types import Action, Approval, CampaignId, Decision, DecisionId, Scope

NOW = datetime.now(UTC)
BEGIN, END = NOW - timedelta(hours=1), NOW + timedelta(days=2)


def decision(
    value: str,
    action: Action,
    scope: Scope = Scope.ACCOUNT,
    enforced: bool = True,  # noqa: FBT001, FBT002 - a column
) -> Decision:
    """A decision that holds now."""
    return Decision(
        decision_id=DecisionId(f"d-{value}-{action}"),
        scope=scope,
        value=value,
        action=action,
        reason_code="T-1",
        campaign_id=CampaignId("c1"),
        bits=30.0,
        start=BEGIN,
        end=END,
        requests=2 if action in (Action.THROTTLE, Action.CAP) else 0,
        approval=Approval("A. Person", BEGIN, bits_held=True) if enforced else None,
    )


DECISIONS = (
    decision("blocked", Action.BLOCK),
    decision("challenged", Action.CHALLENGE),
    decision("throttled", Action.THROTTLE),
    decision("quiet", Action.WITHHOLD_REASONING),
    decision("simulated", Action.BLOCK, enforced=False),
    decision("203.0.113.9", Action.BLOCK, Scope.ADDRESS),
    decision("198.51.100.0/24", Action.CHALLENGE, Scope.NETWORK),
)

GateOf = Callable[..., Gate]


@pytest.fixture
def gate_of(tmp_path: Path) -> GateOf:
    """Make a gate whose snapshot holds what is given, besides `DECISIONS`; also: value, action, scope ... of more."""

    def made(routes: tuple[Route, ...] = (), also: tuple[tuple[Any, ...], ...] = (), **more: object) -> Gate:
        decisions = (*DECISIONS, *(decision(*parts) for parts in also))
        contents = {"version": 1, "made_at": NOW.timestamp(), "decisions": decisions, **more}
        write_snapshot(Contents(**contents), tmp_path / "decisions.snapshot")  # type: ignore[arg-type]
        gate = Gate(tmp_path / "decisions.snapshot", routes)
        assert gate.refresh()
        return gate

    return made
