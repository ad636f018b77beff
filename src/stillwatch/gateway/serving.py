"""The gateway's process: doors, and a thread that keeps snapshot and ledger in step.

In: a home and how to serve. Out: a running server. When the ledger cannot be reached, doors go on from the snapshot
they have, and what they linked waits in memory.
"""

import gc
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from queue import Empty

import uvicorn

from stillwatch.errors import UsageError
from stillwatch.gateway.app import App
from stillwatch.gateway.gate import Gate, Linked
from stillwatch.gateway.home import Home
from stillwatch.gateway.settings_file import Served, address
from stillwatch.pipeline.acting import Books
from stillwatch.pipeline.linking import scaffolds
from stillwatch.types import ActId, CampaignId


class Keeper:
    """Keeps one gate in step with its ledger; one step at a time."""

    def __init__(self, home: Home, gate: Gate, served: Served) -> None:
        self._home, self._gate, self._served = home, gate, served
        self._waiting: list[Linked] = []
        self._stop = threading.Event()
        self._pushed, self._push_again = -1, inf  # the version that Redis has; when a decision of it begins

    def step(self) -> None:
        """Write what was linked, publish what the ledger says now, take the new snapshot, push it on."""
        try:
            with Books(self._home.place) as books:
                self._write_linked(books)
                if books.version() != self._home.published():
                    self._home.publish(books, self._now())
        except Exception:  # noqa: BLE001 - the gateway's door: without its ledger it serves from the snapshot
            self._gate.counts["ledger_faults",] += 1
        self._gate.refresh()
        try:
            self._push()
        except Exception:  # noqa: BLE001 - same: Redis is for others
            self._gate.counts["redis_faults",] += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        """Step again and again in a thread of its own."""
        thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(self._served.refresh_seconds):
            self.step()

    def _write_linked(self, books: Books) -> None:
        try:
            while True:
                self._waiting.append(self._gate.linked.get_nowait())
        except Empty:
            pass
        if self._waiting:
            by_place = defaultdict[tuple[ActId, CampaignId], list[tuple[str, float, datetime]]](list)
            for seen in self._waiting:
                place = seen.act_id, seen.following.campaign_id
                by_place[place].append((seen.account, seen.bits, seen.at))
            books.link(by_place, self._now())
            self._waiting.clear()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._gate.now(), UTC)

    def _push(self) -> None:
        held, now = self._gate.snapshot, self._gate.now()
        if self._served.redis and held is not None and (held.version != self._pushed or now >= self._push_again):
            from redis import Redis  # noqa: PLC0415 - an extra

            from stillwatch.gateway.redis_push import push  # noqa: PLC0415 - same

            with Redis.from_url(self._served.redis, socket_timeout=2) as client:
                push(client, held, now)
            self._pushed = held.version
            self._push_again = min((o.start for o in held.orders() if o.enforced and o.start > now), default=inf)


def serve(home: Home, served: Served) -> None:
    """Serve until interrupted."""
    gate = Gate(home.snapshot, served.routes)
    scaffolds("compiles the loop over text before the first request waits for it")
    keeper = Keeper(home, gate, served)
    keeper.step()
    stop_grpc, stop_tracing = _grpc(gate, served), _traced(gate, served)
    host, port = address(served.listen)
    app = App(gate, served.identity, home.seen)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, ws="none")
    try:
        with _calm(), keeper.running():
            uvicorn.Server(config).run()
    finally:  # an interrupt comes out of the server as an exception
        keeper.step()
        stop_grpc()
        stop_tracing()


@contextmanager
def _calm() -> Iterator[None]:
    """Keep pauses short: what was loaded is not looked through again, and the keeper gives way within 0.5 ms.

    At the end it is looked through once more: DuckDB complains of whatever is left when the interpreter ends.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        gc.unfreeze()


def _traced(gate: Gate, served: Served) -> Callable[[], object]:
    if not served.traces:
        return lambda: None
    try:
        from stillwatch.gateway.tracing import sent_to  # noqa: PLC0415 - an extra
    except ImportError as fault:
        raise UsageError("traces need: pip install 'stillwatch[tracing]'") from fault
    gate.told = tracing = sent_to(served.traces)
    return tracing.close


def _grpc(gate: Gate, served: Served) -> Callable[[], object]:
    if not served.grpc:
        return lambda: None
    from stillwatch.gateway.doors.grpc import serve_grpc  # noqa: PLC0415 - an extra

    try:
        server = serve_grpc(gate, served.identity, served.grpc)
    except RuntimeError as fault:
        raise UsageError(f"grpc: cannot listen on {served.grpc}; name another HOST:PORT in --config") from fault
    return lambda: server.stop(1).wait()
