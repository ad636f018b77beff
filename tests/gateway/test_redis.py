"""A real Redis says what the snapshot says, for look-ups by others."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.gateway.gate import Gate

pytest.importorskip("redis", reason="pushing to Redis needs the extra 'gateway'")
from gateways import own
from gateways import redis as program
from redis import Redis

from stillwatch.gateway.home import home_of
from stillwatch.gateway.redis_push import push
from stillwatch.gateway.serving import Keeper
from stillwatch.gateway.settings_file import Served

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


class _Later(Gate):
    """A gate that is some seconds ahead."""

    ahead = 0.0

    def now(self) -> float:
        """Its time."""
        return super().now() + self.ahead


def test_a_decision_that_begins_later_is_pushed_when_it_begins(tmp_path: Path, url: str) -> None:
    """Though nothing is published then: a cohort's time comes by itself."""
    client, home = Redis.from_url(url), home_of(tmp_path / "home")
    own.act(home, ("bad",), at=datetime.now(UTC) + timedelta(hours=1))
    gate = _Later(home.snapshot, ())
    keeper = Keeper(home, gate, Served(redis=url))
    keeper.step()
    assert client.get("stillwatch:account:bad") is None
    gate.ahead = 7200.0
    keeper.step()
    assert client.get("stillwatch:account:bad") is not None
