"""Decisions as lists: a CrowdSec-shaped stream for existing bouncers, and a plain JSON feed.

In: the current snapshot. Out: CrowdSec's GET /v1/decisions and /v1/decisions/stream (startup, then deltas for each
API key), and /feed.json. Bouncers enforce whatever they are given, so simulated decisions are never in the stream; the
feed has them, marked. Source: crowdsec, pkg/models/localapi_swagger.yaml at a88b497.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from stillwatch.gateway.doors.reply import Called, Reply, json_reply
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.snapshot import Order

_SCOPES = {"address": "Ip", "network": "Range", "account": "username"}
_TYPES = {"block": "ban", "challenge": "captcha", "verify": "captcha", "throttle": "throttle", "cap": "throttle"}
_MOST_BOUNCERS = 1_000


class Stream:
    """Remembers what each bouncer was given, to give it what changed."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, Order]] = {}

    def reply(self, gate: Gate, called: Called) -> Reply:
        """Answer `/v1/decisions/stream`: everything at `startup=true`, else what is new and what ended since."""
        bouncer = called.headers.get("x-api-key", "")
        current = {o.decision_id: o for o in _bounced(gate)}
        starting = called.query.get("startup", "").lower() == "true" or bouncer not in self._given
        before: dict[str, Order] = {} if starting else self._given[bouncer]
        if len(self._given) >= _MOST_BOUNCERS and bouncer not in self._given:
            self._given.pop(next(iter(self._given)))
        self._given[bouncer] = current
        now = gate.now()
        fresh = [_crowdsec(o, now) for name, o in current.items() if name not in before]
        gone = [_crowdsec(o, now) for name, o in before.items() if name not in current]
        return json_reply({"new": fresh, "deleted": gone})


def look_up(gate: Gate, called: Called) -> Reply:
    """Answer `/v1/decisions?scope=&value=` or `?ip=`; null where there is none, as CrowdSec does."""
    wanted = called.query.get("value") or called.query.get("ip") or ""
    scope = called.query.get("scope", "Ip" if "ip" in called.query else "").lower()
    now = gate.now()
    scopes = [ours for ours, theirs in _SCOPES.items() if not scope or scope in (theirs.lower(), ours)]
    snapshot = gate.snapshot
    found = [o for s in scopes for o in snapshot.look_up([(s, wanted)], now).orders] if snapshot else []
    return json_reply([_crowdsec(o, now) for o in found if o.enforced and o.action in _TYPES] or None)


def feed(gate: Gate, _: Called) -> Reply:
    """Answer `/feed.json`: every decision of the snapshot, enforced and simulated, with its times."""
    snapshot = gate.snapshot
    orders = (
        [o._asdict() | {"start": _text(o.start), "end": _text(o.end)} for o in snapshot.orders()] if snapshot else []
    )
    return json_reply({"version": snapshot.version if snapshot else 0, "decisions": orders})


def _bounced(gate: Gate) -> Iterator[Order]:
    """Orders that a bouncer can carry out now."""
    now = gate.now()
    for order in gate.snapshot.orders() if gate.snapshot else ():
        if order.enforced and order.action in _TYPES and order.scope in _SCOPES and order.start <= now < order.end:
            yield order


def _crowdsec(order: Order, now: float) -> dict[str, Any]:
    return {
        "id": int.from_bytes(order.decision_id.encode()[-6:], "big"),
        "uuid": order.decision_id,
        "origin": "stillwatch",
        "type": _TYPES[order.action],
        "scope": _SCOPES[order.scope],
        "value": order.value,
        "duration": f"{max(order.end - now, 0):.0f}s",
        "until": _text(order.end),
        "scenario": f"stillwatch/{order.reason_code}",
        "simulated": False,
    }


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
