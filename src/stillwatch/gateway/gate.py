"""The one decision core behind every door: look up, link, count, answer.

In: `Asked`, the current snapshot, a steady clock. Out: `Answer`. A fault of ours is answered as the operator chose for
the route, open or closed, and counted. Requests of one process are answered one at a time.
"""

import posixpath
import queue
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from stillwatch.gateway.asked import Asked
from stillwatch.gateway.counting import Allowance, Touched
from stillwatch.gateway.snapshot import Order, Snapshot, order_of
from stillwatch.pipeline.acting import linked
from stillwatch.pipeline.linking import LINKED_FALSE_FRACTION, Linker, linker_of, scaffolds, shown
from stillwatch.types import SEVERITY, ActId, Action, FollowUp, Scope

OnFailure = Literal["open", "closed"]
_ACCOUNT, _SCAFFOLD = Scope.ACCOUNT.value, Scope.SCAFFOLD.value
_PLANNED = frozenset({_ACCOUNT, Scope.KEY.value})  # whose plan has counted each value under its cap
_LINKED = 100_000  # fresh accounts acted on since the last snapshot
_SEVERITY = {action.value: place for action, place in SEVERITY.items()}
_STOPPING = frozenset({Action.CHALLENGE.value, Action.VERIFY.value, Action.BLOCK.value})
_LIMITED = {Action.THROTTLE.value: 3600, Action.CAP.value: 86_400}


@dataclass(frozen=True, slots=True)
class Route:
    """Paths that begin with `prefix`, and what happens to their requests when we fail."""

    prefix: str
    on_failure: OnFailure


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done with a request. status: the HTTP status that says it; order: why; failed: we could not tell."""

    passes: bool
    action: str = "none"
    status: int = 200
    order: Order | None = None
    retry_after_seconds: int = 0
    failed: bool = False


PASS = Answer(passes=True)


Told = Callable[[Asked, Answer, int, int], None]
"""Told of every answer, with its begin and end in nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A fresh account that was seen to continue a campaign, for the ledger; act_id: what it is undone with."""

    account: str
    bits: float
    act_id: ActId
    following: FollowUp
    at: datetime


class Gate:
    """Answers requests from a snapshot that may be swapped at any time.

    Args:    false_fraction: of innocent fresh accounts that may be linked; see `Linker`.
    """

    def __init__(self, path: Path, routes: Sequence[Route], false_fraction: float = LINKED_FALSE_FRACTION) -> None:
        self._path, self._routes, self._false_fraction = path, tuple(routes), false_fraction
        self._snapshot: Snapshot | None = None
        self._linker: Linker | None = None
        self._learnt: tuple[str, Mapping[str, float]] = "", {}
        self._follow_ups: dict[str, tuple[ActId, FollowUp]] = {}
        self._new: OrderedDict[str, Order] = OrderedDict()
        self._seen: tuple[int, int] | None = None
        self._allowance, self._touched = Allowance(), Touched()
        self._lock = threading.Lock()
        self._offset = time.time() - time.monotonic()
        self.linked: queue.SimpleQueue[Linked] = queue.SimpleQueue()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.told: Told | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot in use; None before the first one could be read."""
        return self._snapshot

    def now(self) -> float:
        """Seconds since 1970 by a clock that never jumps: a clock put back or forward releases and blocks nobody."""
        return self._offset + time.monotonic()

    def refresh(self) -> bool:
        """Take a newer snapshot if there is one; a bad one is counted and the one in use stays.

        Accounts are followed on where it knows the same campaigns.
        """
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if seen == self._seen:
                return False
            fresh = Snapshot(self._path)
            learnt = fresh.indicators, {str(f.campaign_id): f.bits for _, f in fresh.follow_ups}
            linker = self._linker if learnt == self._learnt else linker_of(*learnt, self._false_fraction)
        except Exception:  # noqa: BLE001 - the gateway's door: whatever is wrong with the file, the old one serves
            self.counts["snapshot_faults",] += 1
            return False
        with self._lock:
            self._snapshot, self._linker, self._seen, self._learnt = fresh, linker, seen, learnt
            self._follow_ups = {f.campaign_id: (act_id, f) for act_id, f in fresh.follow_ups}
            self._new = OrderedDict((a, o) for a, o in self._new.items() if o.campaign_id in self._follow_ups)
        return True

    def answer(self, asked: Asked) -> Answer:
        """Say what is done with a request; never raises."""
        begin = time.perf_counter()
        try:
            with self._lock:
                answer = self._answer(asked)
        except Exception:  # noqa: BLE001 - the gateway's door: a fault of ours is answered as the route says
            answer = self.failed(asked.route)
        took = int((time.perf_counter() - begin) * 1e9)
        self.counts["answers", answer.action, "pass" if answer.passes else "stop"] += 1
        self.counts["nanoseconds",] += took
        if self.told is not None:
            self._tell(self.told, asked, answer, took)
        return answer

    def _tell(self, told: Told, asked: Asked, answer: Answer, took_ns: int) -> None:
        end = time.time_ns()
        try:
            told(asked, answer, end - took_ns, end)
        except Exception:  # noqa: BLE001 - the gateway's door: whoever listens cannot change an answer
            self.counts["trace_faults",] += 1

    def failed(self, route: str) -> Answer:
        """Answer for a route when we cannot tell; the longest prefix decides, and without one it is open.

        The client spells the path: `//v1/./%63hat` is `/v1/chat` to a server, and must not be another route to us.
        """
        plain = posixpath.normpath("/" + unquote(route.partition("?")[0]).lstrip("/")) + "/"
        fitting = [r for r in self._routes if plain.startswith(r.prefix)]
        mode = max(fitting, key=lambda r: len(r.prefix)).on_failure if fitting else "open"
        self.counts["failed", mode] += 1
        return Answer(passes=mode == "open", action="failed", status=200 if mode == "open" else 503, failed=True)

    def _answer(self, asked: Asked) -> Answer:
        if self._snapshot is None:
            return self.failed(asked.route)
        now = self.now()
        words = self._words(asked) if _SCAFFOLD in self._snapshot.scopes else []
        found = [self._snapshot.look_up([*asked.targets(key), *words], now) for key in asked.shown_keys()]
        if all(one.exempt for one in found):
            return PASS
        orders = {o.decision_id: o for one in found for o in one.orders}.values()
        for order in orders:
            if not order.enforced:
                self.counts["would", order.action] += 1
        enforced = [o for o in orders if o.enforced]
        if not enforced or not any(o.scope == _ACCOUNT for o in enforced):
            enforced += self._fresh(asked, now)
        if asked.content == "unread":
            self.counts["unread_bodies",] += 1
            if not enforced and self._hides(asked.account, self._snapshot, now):
                return self.failed(asked.route)
        for order in sorted(enforced, key=lambda o: _SEVERITY[o.action], reverse=True):
            if self._within_cap(order, asked, now):
                return self._act(order, now)
        return PASS

    def _hides(self, account: str, held: Snapshot, now: float) -> bool:
        """Whether words that cannot be read could have decided about an account that no enforced decision names."""
        if held.settled(account):
            return False
        return held.decides_on_words(now) or (held.links_by_words() and self._follows(account))

    def _within_cap(self, order: Order, asked: Asked, now: float) -> bool:
        """Whether an order may touch who asks: of what many accounts can show, only so many of them an hour."""
        most = self._snapshot.caps.get(order.action, 0) if self._snapshot else 0
        if not most or order.scope in _PLANNED:
            return True
        who = asked.account or asked.key or asked.request.address
        if self._touched.allows(order.action, who, most, now):
            return True
        self.counts["over_cap", order.action] += 1
        return False

    def _words(self, asked: Asked) -> list[tuple[str, str]]:
        """Scaffolds to look up. Words that cannot be read hide nobody: identities are decided on all the same."""
        try:
            return [(_SCAFFOLD, h) for h in scaffolds(asked.request.prompt)]
        except Exception:  # noqa: BLE001 - the gateway's door: a client chooses the words
            self.counts["content_faults",] += 1
            return []

    def _fresh(self, asked: Asked, now: float) -> list[Order]:
        """What follows from live linking; the same holds of words that cannot be read."""
        try:
            order = self._link(asked, now)
        except Exception:  # noqa: BLE001 - same
            self.counts["content_faults",] += 1
            return []
        return [order] if order else []

    def _link(self, asked: Asked, now: float) -> Order | None:
        """The order about a fresh account that continues a campaign, if this request shows that."""
        if asked.account in self._new:
            order = self._new[asked.account]
            return order if order.enforced and now < order.end else None
        held = self._snapshot
        if self._linker is None or held is None or not self._follows(asked.account):
            return None
        found = self._linker.follow(asked.account, held.telling(shown(asked.request)), asked.organisation)
        if found is None:
            return None
        (act_id, following), at = self._follow_ups[found[0]], datetime.fromtimestamp(now, UTC)
        action = following.action.value
        if following.per_hour and self._allowance.take(f"links {action}", following.per_hour, 3600, now):
            self.counts["over_cap", action] += 1
            return None
        self.linked.put(Linked(asked.account, found[1], act_id, following, at))
        self.counts["linked", action] += 1
        order = order_of(linked(asked.account, found[1], following, at))
        self._new[asked.account] = order
        if len(self._new) > _LINKED:
            self._new.popitem(last=False)
        if not order.enforced:
            self.counts["would", order.action] += 1
        return order if order.enforced else None

    def _follows(self, account: str) -> bool:
        """Whether what an account says may link it: it is fresh, and something is known to link it to."""
        if self._linker is None or self._snapshot is None or not account:
            return False
        if account in self._new:  # linked already
            return False
        return not self._linker.knows(account) and not self._snapshot.settled(account)

    def _act(self, order: Order, now: float) -> Answer:
        if order.action in _LIMITED:
            wait = self._allowance.take(order.decision_id, order.requests, _LIMITED[order.action], now)
            if wait:
                return Answer(passes=False, action=order.action, status=429, order=order, retry_after_seconds=wait)
            return Answer(passes=True, action=order.action, order=order)
        if order.action in _STOPPING:
            return Answer(passes=False, action=order.action, status=403, order=order)
        return Answer(passes=True, action=order.action, order=order)
