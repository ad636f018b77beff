"""A real Redis says what the snapshot says, for look-ups by others."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.gateway.gate import Gate

pytest.importorskip("redis", reason="pushing to Redis needs the extra 'gateway'")
from gateways import own
from gateways import redis as program
from redis import Redis

from stillwatch.gateway.redis_push import push

pytestmark = pytest.mark.slow
GateOf = Callable[..., Gate]


@pytest.fixture
def url() -> Iterator[str]:
    if program.program() is None:
        pytest.skip("Redis is not installed; apt install redis-server")
    with program.redis() as place:
        yield place


def test_keys_hold_the_hardest_enforced_decision_and_end_with_it(gate_of: GateOf, url: str) -> None:
    """Simulated ones are not there; after an undo nothing is left, what others wrote is."""
    client = Redis.from_url(url)
    client.set("theirs", "1")
    gate = gate_of()
    assert gate.snapshot is not None
    assert push(client, gate.snapshot, gate.now()) == 6
    assert json.loads(client.get("stillwatch:account:blocked"))["action"] == "block"
    assert client.get("stillwatch:account:simulated") is None
    assert 0 < client.ttl("stillwatch:account:blocked") <= 2 * 86_400 + 1
    gate_of(version=2, decisions=())
    gate.refresh()
    assert push(client, gate.snapshot, gate.now()) == 0
    assert client.keys() == [b"theirs"]


def test_the_served_gateway_pushes_what_is_approved_and_what_is_undone(tmp_path: Path, url: str) -> None:
    """Within a refresh."""
    client = Redis.from_url(url)
    with own.served(tmp_path, ("bad",), more=f'redis = "{url}"\n') as (home, _, _):
        while client.get("stillwatch:account:bad") is None:
            pass
        with own.Books(home.place) as books:
            books.undo(books.log()[-1].act_id, "A. Person", datetime.now(UTC))
        while client.get("stillwatch:account:bad") is not None:
            pass
