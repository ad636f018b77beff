"""An act on 25,000 accounts: is what the dry run shows what is done, and does undoing restore all of it, killed or not?

In: how many kills on SQLite and on PostgreSQL; of 0 the page's row is kept. Out: lab/results/gateway_undo.md. In each
round an act is approved and undone, each is killed with SIGKILL in the middle, then done again as a person would; in
the end doors, ledger and log must be as if nothing had been killed. Usage: [SQLITE_KILLS [POSTGRES_KILLS]]
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from gateways import own
from gateways.postgres import postgres

from stillwatch.decide import load_policy
from stillwatch.gateway.asked import Asked
from stillwatch.gateway.dry_run import dry_run
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.home import Home
from stillwatch.gateway.snapshot import Contents
from stillwatch.pipeline.acting import Books, Report, past_exchanges
from stillwatch.pipeline.intake import Source
from stillwatch.settings import Settings
from stillwatch.types import Accused, ActId, CampaignId, Exemption, Scope, Verdict

ENGINES = ("SQLite", "PostgreSQL")
ACCOUNTS, STRANGERS = 25_000, 5_000
ROUNDS_A_LEDGER = 10  # then a fresh one, so that a round's time does not grow
PAGE = Path(__file__).resolve().parent / "results" / "gateway_undo.md"
MEMBERS = tuple(f"m{n}" for n in range(ACCOUNTS))
RELEASED, ALLOWED = "m7", "m8"
BY = "A. Person"


@dataclass(slots=True)
class Outcome:
    """What the rounds came to. seconds: of approving and undoing unharmed, the last time."""

    kills: dict[str, int] = field(default_factory=lambda: {"approve": 0, "undo": 0})
    begun: int = 0
    done_or_not: int = 0
    restored: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def proposed(home: Home, campaign: str, accounts: tuple[str, ...]) -> ActId:
    """Propose to block accounts."""
    home.folder.mkdir(parents=True, exist_ok=True)
    (home.folder / "policy.toml").write_text(own.POLICY, "utf-8")
    members = tuple((account, 12.0) for account in accounts)
    accused = Accused(CampaignId(campaign), Verdict.DISTILLATION, 40.0, members)
    report = Report((accused,), bits_held=True, known=(), settled=frozenset())
    with Books(home.place) as books:
        policy = load_policy(str(home.folder / "policy.toml"))
        return books.propose(report, policy, BY, datetime.now(UTC))[0]


def done(home: Home, act: ActId, what: str) -> None:
    """Approve or undo an act and publish, as the command line does."""
    with Books(home.place) as books:
        getattr(books, what)(act, BY, datetime.now(UTC))
        home.publish(books, datetime.now(UTC))


def stopped(home: Home) -> frozenset[str]:
    """Every account that a door stops now."""
    gate = Gate(home.snapshot, ())
    assert gate.refresh()
    everybody = (*MEMBERS, *(f"s{n}" for n in range(STRANGERS)))
    return frozenset(account for account in everybody if not gate.answer(Asked(account=account)).passes)


def killed(action: Callable[[], None], after_seconds: float) -> bool:
    """Do something in a process of its own and kill it so long after it began; whether it had not ended by then."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writes, b"b")
        action()
        os._exit(0)
    os.read(reads, 1)
    os.close(reads)
    os.close(writes)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def fresh(folder: Path, url: str) -> tuple[Home, frozenset[str]]:
    """An empty ledger with one older act, an allowance and a release; and whom doors stop then."""
    if url:
        import psycopg  # noqa: PLC0415 - only rounds on PostgreSQL need it

        with psycopg.connect(url, autocommit=True) as held:
            held.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    home = Home(folder, url or str(folder / "ledger.sqlite"))
    done(home, proposed(home, "older", ("s1", "s2", RELEASED)), "approve")
    with Books(home.place) as books:
        appeal = books.appeal(RELEASED, "we are a school", datetime.now(UTC))
        books.settle(appeal.appeal_id, "overturned", "B. Reviewer", datetime.now(UTC))
        books.allow(Exemption(Scope.ACCOUNT, ALLOWED, BY, datetime.now(UTC), "contract"))
        home.publish(books, datetime.now(UTC))
    return home, stopped(home)


def rounds(folder: Path, kills: int, tell: Callable[[Outcome], None], url: str = "") -> Outcome:
    """Kill so many times in the middle."""
    draw, told = random.Random(11), Outcome()
    while sum(told.kills.values()) < kills:
        home, before = fresh(folder / f"ledger-{told.begun}", url)
        assert before == {"s1", "s2"}
        whole = before | set(MEMBERS) - {RELEASED, ALLOWED}
        for _ in range(ROUNDS_A_LEDGER):
            if sum(told.kills.values()) >= kills:
                break
            one_round(home, before, whole, draw, told)
        with Books(home.place) as books:
            assert books.faults(None) == []
        tell(told)
    return told


def one_round(home: Home, before: frozenset[str], whole: frozenset[str], draw: random.Random, told: Outcome) -> None:
    """Approve and undo one act; each is killed first, and done again."""
    act = proposed(home, f"c{told.begun}", MEMBERS)
    told.begun += 1
    for what, after in (("approve", whole), ("undo", before)):
        span = told.seconds.get(what, 0.0)
        if span and killed(partial(done, home, act, what), draw.uniform(0, span)):
            told.kills[what] += 1
            told.done_or_not += stopped(home) in (before, whole)
        begin = time.monotonic()
        done(home, act, what)
        told.seconds[what] = time.monotonic() - begin
        assert what == "undo" or told.begun > 1 or stopped(home) == after
    told.restored += stopped(home) == before
    print(told.begun, told.kills, flush=True)


def dry_run_is_what_is_done(folder: Path) -> tuple[int, int, int, int]:
    """Accounts and exchanges that the dry run shows, and those that the doors stop once it is approved."""
    home, begin = Home(folder / "dry", str(folder / "dry" / "ledger.sqlite")), datetime.now(UTC) - timedelta(days=3)
    accounts = [*MEMBERS, *(f"s{n}" for n in range(STRANGERS))] * 2
    random.Random(3).shuffle(accounts)
    log = folder / "log.jsonl"
    with log.open("w", encoding="utf-8") as sink:
        for n, account in enumerate(accounts):
            at = (begin + timedelta(seconds=n)).isoformat()
            sink.write(json.dumps({"exchange_id": f"x{n}", "ts": at, "account_id": account, "model": "gpt-4o"}) + "\n")
    act = proposed(home, "c", MEMBERS)
    with Books(home.place) as books:
        held = Contents(0, 0.0, books.proposed(act).decisions)
        found = dry_run(held, past_exchanges(Source((log,)), None, Settings()))
    done(home, act, "approve")
    gate = Gate(home.snapshot, ())
    gate.refresh()
    hit = [account for account in accounts if not gate.answer(Asked(account=account)).passes]
    shown = found.touched["block"]
    assert shown.accounts == set(hit)
    return len(shown.accounts), shown.exchanges, len(set(hit)), len(hit)


def _row(engine: str, told: Outcome) -> str:
    kills = sum(told.kills.values())
    spans = " | ".join(f"{told.seconds[what]:.2f} s" for what in ("approve", "undo"))
    middle = f"{kills} ({told.kills['approve']} approving, {told.kills['undo']} undoing)"
    return f"| {engine} | {middle} | {told.done_or_not} | {told.restored} of {told.begun} | {spans} |"


def main() -> None:
    kills = [int(text) for text in sys.argv[1:]] or [100, 100]
    there = PAGE.read_text("utf-8").splitlines() if PAGE.exists() else []
    rows = {name: line for name in ENGINES for line in there if line.startswith(f"| {name} |")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dry = dry_run_is_what_is_done(folder)

        def tell(engine: str, told: Outcome) -> None:
            rows[engine] = _row(engine, told)
            write(dry, [rows[engine] for engine in ENGINES if engine in rows])

        for engine, count in zip(ENGINES, kills, strict=False):
            with postgres() if count and engine == "PostgreSQL" else nullcontext("") as url:
                if count:
                    rounds(folder / engine, count, partial(tell, engine), url)


def write(dry: tuple[int, int, int, int], rows: list[str]) -> None:
    """Write the page."""
    lines = [
        f"# Undoing an act on {ACCOUNTS:,} accounts", "",
        f"The dry run shows {dry[0]:,} accounts and {dry[1]:,} exchanges; approved, doors stop {dry[2]:,} and",
        f"{dry[3]:,}, the very same accounts.", "",
        "In every round an act is approved and undone; each is killed with SIGKILL at a random moment and done again.",
        "Restored: afterwards doors stop exactly whom they stopped before the act, an older act still holds, what was",
        "allowed or released stays so, and the log's chain holds.",
        f"{os.cpu_count()} cores, shared with others. `lab/gateway_undo.py` makes this page.", "",
        "| ledger | kills in the middle | doors then saw all or nothing | restored | approving | undoing |",
        "|---|---|---|---|---|---|", *rows, "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
