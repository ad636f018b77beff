"""Decisions in Redis, for look-ups by others: `stillwatch:SCOPE:VALUE` holds the hardest enforced decision as JSON.

In: a snapshot. Out: keys that end by themselves when the decision does; what no longer stands is deleted. Needs the
extra `gateway`.
"""

import json

from redis import Redis

from stillwatch.gateway.snapshot import Order, Snapshot
from stillwatch.types import SEVERITY

_SEVERITY = {action.value: place for action, place in SEVERITY.items()}
_INDEX = "stillwatch:keys"
_BATCH = 5_000


def push(client: Redis, snapshot: Snapshot, now: float) -> int:
    """Make Redis say what the snapshot says now, and give how many keys that are."""
    wanted: dict[str, Order] = {}
    for order in snapshot.orders():
        if order.enforced and order.start <= now < order.end:
            key = f"stillwatch:{order.scope}:{order.value}"
            held = wanted.get(key)
            if held is None or _SEVERITY[order.action] > _SEVERITY[held.action]:
                wanted[key] = order
    before = {key.decode() for key in client.smembers(_INDEX)}
    names = sorted(wanted)
    for begin in range(0, len(names), _BATCH):
        pipe = client.pipeline(transaction=False)
        for key in names[begin : begin + _BATCH]:
            pipe.set(key, json.dumps(wanted[key]._asdict()), exat=int(wanted[key].end) + 1)
            pipe.sadd(_INDEX, key)
        pipe.execute()
    gone = sorted(before - set(names))
    for begin in range(0, len(gone), _BATCH):
        client.delete(*gone[begin : begin + _BATCH])
        client.srem(_INDEX, *gone[begin : begin + _BATCH])
    return len(names)
