"""What a set of decisions would have done to past traffic: the very look-up that doors use, over a log.

In: decisions, exchanges of a log. Out: accounts, exchanges and list price by action, and innocents among them. Every
decision is taken to hold throughout the log, enforced or not; limits of throttles and caps are not spent: each
exchange of such an account is counted as touched.
"""

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.gateway.asked import Asked
from stillwatch.gateway.snapshot import Contents, Order, Snapshot, Target, write_snapshot
from stillwatch.pipeline.acting import CLIENT_COLUMNS
from stillwatch.pipeline.linking import Request, client_of, scaffolds
from stillwatch.types import SEVERITY, Decision, Exemption, Scope

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
_SEVERITY = {action.value: place for action, place in SEVERITY.items()}
_MOST_KEPT = 1_000_000


@dataclass(slots=True)
class Touched:
    """What one action touches. unpriced: exchanges of models without a list price, or without token counts."""

    accounts: set[str] = field(default_factory=set)
    exchanges: int = 0
    usd: float = 0.0
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class DryRun:
    """By action, what is touched; exchanges: how many were looked at; innocents: labelled ones among those touched."""

    touched: Mapping[str, Touched]
    exchanges: int
    innocents: tuple[str, ...]


def dry_run(
    decisions: Sequence[Decision],
    exemptions: Sequence[Exemption],
    exchanges: Iterable[tuple[Mapping[str, Any], float | None]],
    innocents: Collection[str] = frozenset(),
) -> DryRun:
    """Look every exchange up as a door would; of several decisions the hardest counts."""
    always = [replace(d, start=_ALWAYS[0], end=_ALWAYS[1]) for d in decisions]
    content = any(d.scope is Scope.SCAFFOLD for d in decisions)
    with tempfile.TemporaryDirectory(prefix="stillwatch-dry-run-") as folder:
        path = Path(folder) / "decisions.snapshot"
        write_snapshot(Contents(0, 0.0, always, exemptions), path)
        return _replay(Snapshot(path), exchanges, frozenset(innocents), content)


def _replay(
    snapshot: Snapshot,
    exchanges: Iterable[tuple[Mapping[str, Any], float | None]],
    innocents: frozenset[str],
    content: bool,  # noqa: FBT001 - private
) -> DryRun:
    touched: dict[str, Touched] = {}
    looked: dict[tuple[Target, ...], Order | None] = {}
    count = 0
    for row, usd in exchanges:
        count += 1
        targets = _targets(row, content)
        if targets not in looked:
            if len(looked) > _MOST_KEPT:
                looked.clear()
            orders = snapshot.look_up(targets, 0.0).orders
            looked[targets] = max(orders, key=lambda o: _SEVERITY[o.action], default=None)
        order = looked[targets]
        if order is not None:
            place = touched.setdefault(order.action, Touched())
            place.accounts.add(row["account_id"])
            place.exchanges += 1
            place.usd += usd or 0.0
            place.unpriced += usd is None
    everybody = set[str]().union(*(t.accounts for t in touched.values()))
    return DryRun(touched, count, tuple(sorted(everybody & innocents)))


def _targets(row: Mapping[str, Any], content: bool) -> tuple[Target, ...]:  # noqa: FBT001 - private
    asked = Asked(
        account=row["account_id"],
        key=row["key_id"] or "",
        organisation=row["org_id"] or "",
        request=Request(client=client_of(*(row[name] or "" for name in CLIENT_COLUMNS)), address=row["ip"] or ""),
    )
    words = scaffolds(row["prompt_text"] or "") if content else ()
    return (*asked.targets(asked.key), *((Scope.SCAFFOLD.value, h) for h in words))
