"""What a set of decisions would have done to past traffic: the very look-up that doors use, over a log.

In: what a snapshot would be made of, exchanges of a log. Out: accounts, exchanges and list price by action, and
innocents among them; the same of fresh accounts that live linking would have met, by its first sign of them. Every
decision is taken to hold throughout the log, enforced or not; limits of throttles and caps and what may be touched in
an hour are not spent: each exchange of such an account is counted as touched.
"""

import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.gateway.asked import Asked
from stillwatch.gateway.snapshot import Contents, Order, Snapshot, Target, write_snapshot
from stillwatch.pipeline.acting import CLIENT_COLUMNS
from stillwatch.pipeline.linking import Request, client_of, linker_of, scaffolds, shown
from stillwatch.types import SEVERITY, Scope

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

    def add(self, account: str, usd: float | None) -> None:
        """Count one exchange."""
        self.accounts.add(account)
        self.exchanges += 1
        self.usd += usd or 0.0
        self.unpriced += usd is None


@dataclass(frozen=True, slots=True)
class DryRun:
    """By action, what is touched by decisions, and by live linking; exchanges: how many were looked at; innocents:
    labelled ones among all those.
    """

    touched: Mapping[str, Touched]
    linked: Mapping[str, Touched]
    exchanges: int
    innocents: tuple[str, ...]


def dry_run(
    contents: Contents,
    exchanges: Iterable[tuple[Mapping[str, Any], float | None]],
    innocents: Collection[str] = frozenset(),
) -> DryRun:
    """Look every exchange up as a door would; of several decisions the hardest counts."""
    always = [replace(d, start=_ALWAYS[0], end=_ALWAYS[1]) for d in contents.decisions]
    with tempfile.TemporaryDirectory(prefix="stillwatch-dry-run-") as folder:
        path = Path(folder) / "decisions.snapshot"
        write_snapshot(replace(contents, decisions=always), path)
        return _Replay(Snapshot(path)).of(exchanges, frozenset(innocents))


class _Replay:
    """A log put to a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._content = Scope.SCAFFOLD.value in snapshot.scopes
        self._actions = {str(f.campaign_id): f.action.value for _, f in snapshot.follow_ups}
        self._linker = linker_of(snapshot.indicators, {str(f.campaign_id): f.bits for _, f in snapshot.follow_ups})
        self._linked: dict[str, str] = {}
        self._looked: dict[tuple[Target, ...], Order | None] = {}

    def of(self, exchanges: Iterable[tuple[Mapping[str, Any], float | None]], innocents: frozenset[str]) -> DryRun:
        """Replay it."""
        touched: dict[str, Touched] = {}
        linked: dict[str, Touched] = {}
        count = 0
        for row, usd in exchanges:
            count += 1
            order = self._look_up(row)
            action = self._link(row) if order is None or order.scope != Scope.ACCOUNT.value else ""
            if order is not None and (not action or _SEVERITY[order.action] >= _SEVERITY[action]):
                touched.setdefault(order.action, Touched()).add(row["account_id"], usd)
            elif action:
                linked.setdefault(action, Touched()).add(row["account_id"], usd)
        everybody = set[str]().union(*(t.accounts for t in (*touched.values(), *linked.values())))
        return DryRun(touched, linked, count, tuple(sorted(everybody & innocents)))

    def _look_up(self, row: Mapping[str, Any]) -> Order | None:
        asked = _asked(row)
        words = scaffolds(row["prompt_text"] or "") if self._content else ()
        targets = (*asked.targets(asked.key), *((Scope.SCAFFOLD.value, h) for h in words))
        if targets not in self._looked:
            if len(self._looked) > _MOST_KEPT:
                self._looked.clear()
            orders = self._snapshot.look_up(targets, 0.0).orders
            self._looked[targets] = max(orders, key=lambda o: _SEVERITY[o.action], default=None)
        return self._looked[targets]

    def _link(self, row: Mapping[str, Any]) -> str:
        """What follows where a fresh account has shown enough; nothing else."""
        account, linker = row["account_id"], self._linker
        if linker is None or linker.knows(account) or self._snapshot.settled(account):
            return ""
        if account not in self._linked:
            found = linker.follow(account, self._snapshot.telling(shown(_asked(row).request)), row["org_id"] or "")
            if found is not None:
                self._linked[account] = self._actions[found[0]]
        return self._linked.get(account, "")


def _asked(row: Mapping[str, Any]) -> Asked:
    return Asked(
        account=row["account_id"],
        key=row["key_id"] or "",
        organisation=row["org_id"] or "",
        request=Request(
            prompt=row["prompt_text"] or "",
            system=row["system_text"] or "",
            client=client_of(*(row[name] or "" for name in CLIENT_COLUMNS)),
            parameters=row["params"] or "",
            tools=tuple(row["tools"] or ()),
            address=row["ip"] or "",
            tools_hash=row["tools_hash"] or "",
        ),
    )
