"""A drill: a campaign that reacts to blocks, live against the gateway. What does it still get, and who else feels it?

In: seeds, the scenario's scale. Out: lab/results/gateway_drill.md. The traffic of `february` over ten days is replayed
in order of time; every request is first put to the gate. Every twelve hours `watch` judges what has been logged, the
policy of lab/gateway_drill.toml proposes, a person approves, the snapshot is published. An operator whose account is
stopped gives it up; an hour later a fresh account (own address, key, card and mail; the same client, tasks and words)
goes on in its place. What is stopped reaches no model and is not in its log. In the second row the operator also words
everything anew from its first stop on. Usage: [SEEDS [SCALE]]
"""

import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import simulate
from stillwatch.decide import load_policy
from stillwatch.gateway.asked import Asked
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.home import Home
from stillwatch.gateway.serving import Keeper
from stillwatch.gateway.settings_file import Served
from stillwatch.pipeline import Source
from stillwatch.pipeline.acting import Books, read_report
from stillwatch.pipeline.linking import Request
from stillwatch.pipeline.watching import watch
from stillwatch.settings import Settings
from stillwatch.types import ACCUSED_OF

HERE = Path(__file__).resolve().parent
PAGE, POLICY = HERE / "results" / "gateway_drill.md", HERE / "gateway_drill.toml"
DAYS, LOOK_HOURS, REPLACED_HOURS, WITHIN = 10, 12, 1.0, 3
Reaction = Literal["replaces", "replaces, new words"]
REACTIONS: tuple[Reaction, ...] = ("replaces", "replaces, new words")
WORDS = ("prompt_text", "system_text", "tools", "tools_hash", "params", "turn")
Row = dict[str, Any]


class SimulatedGate(Gate):
    """A gate whose time is the log's."""

    moment = 0.0

    def now(self) -> float:
        """Seconds since 1970, in the log."""
        return self.moment


@dataclass
class Place:
    """One account of the operator's plan, and the accounts that stood in it. back: when the next one is ready."""

    account: str
    lives: int = 0
    back: float = 0.0
    closed: bool = False


@dataclass
class Felt:
    """What came of it, by operator ("" for innocents). first: when it was first accused; fresh: requests that each
    replacement got through before it was stopped, and whether it was.
    """

    asked: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    got_after: Counter[str] = field(default_factory=Counter)
    wanted_after: Counter[str] = field(default_factory=Counter)
    leaked_before: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    caught: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    not_approved: int = 0


@dataclass
class World:
    """The log as it was simulated: rows in order of time, accounts, who runs them; anew: other words by operator."""

    rows: list[Row]
    schema: pa.Schema
    accounts: dict[str, Row]
    account_schema: pa.Schema
    operator: dict[str, str]
    anew: dict[str, list[Row]]


def world(scale: float, seed: int, folder: Path) -> World:
    """Simulate it, and once more with another seed for the words."""
    scenario = simulate.load_scenario("february").scaled(scale).over(DAYS)
    anew: dict[str, list[Row]] = defaultdict(list)
    rows, operator, table, accounts = [], {}, pa.table({}), pa.table({})
    for place, number in (("other", seed + 1000), ("log", seed)):
        simulate.simulate(scenario, folder / place, number, simulate.load_pool("A", None))
        table = pq.read_table(folder / place / "exchanges").sort_by("ts")
        accounts = pq.read_table(folder / place / "accounts.parquet")
        labels = pq.read_table(folder / place / "labels" / "accounts.parquet").to_pylist()
        operator = {row["account_id"]: row["operator"] or "" for row in labels}
        rows = table.to_pylist()
        if place == "other":
            for row in rows:
                if operator[row["account_id"]]:
                    anew[operator[row["account_id"]]].append({name: row[name] for name in WORDS})
    by_id = {row["account_id"]: row for row in accounts.to_pylist()}
    return World(rows, table.schema, by_id, accounts.schema, operator, anew)


class Drill:
    """One replay."""

    def __init__(self, held: World, reaction: Reaction, folder: Path) -> None:
        self.held, self.reaction, self.folder = held, reaction, folder
        (folder / "log").mkdir(parents=True)
        self.home = Home(folder / "home", str(folder / "home" / "ledger.sqlite"))
        self.gate = SimulatedGate(self.home.snapshot, ())
        self.keeper = Keeper(self.home, self.gate, Served())
        self.places: dict[str, Place] = {}
        self.accounts, self.operator = dict(held.accounts), dict(held.operator)
        self.logged: list[Row] = []
        self.felt = Felt()
        self.words = {name: iter(rows) for name, rows in held.anew.items()}

    def run(self) -> Felt:
        """Replay the log."""
        look = self.held.rows[0]["ts"] + timedelta(hours=LOOK_HOURS)
        for row in self.held.rows:
            while row["ts"] >= look:
                self.look(look)
                look += timedelta(hours=LOOK_HOURS)
            who = self.operator[row["account_id"]]
            self.gate.moment = row["ts"].timestamp()
            if who:
                self.attack(row, who)
            else:
                self.ask(row, "")
        return self.felt

    def attack(self, row: Row, who: str) -> None:
        """One task of the operator's plan, by whichever account stands in its place now."""
        felt, place = self.felt, self.places.setdefault(row["account_id"], Place(row["account_id"]))
        now, after = self.gate.moment, who in self.felt.first
        felt.wanted_after[who] += after
        if place.closed and now < place.back:
            return
        if place.closed:
            self.replace(place, row, who)
        if self.reaction == "replaces, new words" and felt.stopped[who]:
            row = {**row, **next(self.words[who], {})}
        row = {**row, "account_id": place.account}
        if place.lives:
            row |= {"key_id": place.account, "ip": _address(place.account), "asn": None, "country": None}
        if self.ask(row, who):
            felt.got_after[who] += after
            felt.leaked_before[who] += not after
            if place.lives:
                felt.passed[place.account] += 1
        else:
            place.closed, place.back = True, now + REPLACED_HOURS * 3600
            if place.lives:
                felt.caught[place.account] = felt.passed[place.account] + 1

    def replace(self, place: Place, row: Row, who: str) -> None:
        """A fresh account takes over: nothing of its sign-up is the old one's."""
        old = self.accounts[row["account_id"]]
        place.lives, place.closed = place.lives + 1, False
        place.account = sha256(f"{row['account_id']} {place.lives}".encode()).hexdigest()[:16]
        made: Row = {"account_id": place.account, "payment_fingerprint": place.account, "email_domain": "gmail.com"}
        self.accounts[place.account] = {
            **old,
            **made,
            "created_at": row["ts"] - timedelta(minutes=10),
            "closed_at": None,
        }
        self.operator[place.account] = who
        self.felt.passed[place.account] = 0

    def ask(self, row: Row, who: str) -> bool:
        """Put one request to the gate, log it, and say whether it passed."""
        request = Request(
            prompt=row["prompt_text"] or "", system=row["system_text"] or "", client=row["user_agent"] or "",
            parameters=row["params"] or "", tools=tuple(row["tools"] or ()), address=row["ip"] or "",
        )  # fmt: skip
        asked = Asked(row["account_id"], row["key_id"] or "", row["org_id"] or "", request=request)
        passes = self.gate.answer(asked).passes
        self.felt.asked[who] += 1
        self.felt.stopped[who] += not passes
        if passes:
            self.logged.append(row)
        return passes

    def look(self, moment: datetime) -> None:
        """Write the log's last hours, watch, propose, approve, publish: as an operator's timer would."""
        self.gate.moment = moment.timestamp()
        if self.logged:
            part = self.folder / "log" / f"{moment:%Y-%m-%dT%H}.parquet"
            pq.write_table(pa.Table.from_pylist(self.logged, self.held.schema), part)
            self.logged = []
        there = [row for row in self.accounts.values() if row["created_at"] is None or row["created_at"] <= moment]
        pq.write_table(pa.Table.from_pylist(there, self.held.account_schema), self.folder / "accounts.parquet")
        out, known = self.folder / "out", self.folder / "known"
        if (out / "campaigns.json").exists():
            shutil.rmtree(known, ignore_errors=True)
            shutil.copytree(out, known)
        earlier = (known,) if known.exists() else ()
        source = Source((self.folder / "log",), self.folder / "accounts.parquet", known=earlier)
        scan = watch(source, self.folder / "state", Settings(threads=1), out, lambda _: None)
        self.felt.looks += 1
        if scan is not None:
            accused = [(c.verdict.value, len(c.members), round(c.together_bits)) for c in scan.campaigns]
            print(f"{moment:%d %H}h", self.reaction, accused, "bits held:", scan.calibration.ok, flush=True)
            for campaign in scan.campaigns:
                named = Counter(self.operator[m.account_id] for m in campaign.members)
                if campaign.verdict in ACCUSED_OF:
                    self.felt.first.setdefault(named.most_common(1)[0][0], moment.timestamp())
            self.act(out, moment)
        self.keeper.step()

    def act(self, out: Path, now: datetime) -> None:
        """Propose and approve."""
        report = read_report(out)
        self.home.remember(report)
        with Books(self.home.place) as books:
            act, plan = books.propose(report, load_policy(str(POLICY)), "A. Person", now)
            if plan.decisions and plan.bits_held:
                books.approve(act, "A. Person", now)
            self.felt.not_approved += not plan.bits_held
            self.home.publish(books, now)


def _address(account: str) -> str:
    drawn = sha256(account.encode()).digest()
    return f"{100 + drawn[0] % 80}.{drawn[1]}.{drawn[2]}.{1 + drawn[3] % 250}"


def row_of(reaction: Reaction, all_felt: list[Felt]) -> str:
    """One line of the table, over all seeds."""
    operators = sorted({who for felt in all_felt for who in felt.asked} - {""})
    wanted = sum(felt.wanted_after[who] for felt in all_felt for who in operators)
    got = sum(felt.got_after[who] for felt in all_felt for who in operators)
    found = sum(who in felt.first for felt in all_felt for who in operators)
    fresh = sum(len(felt.passed) for felt in all_felt)
    early = sum(n <= WITHIN for felt in all_felt for n in felt.caught.values())
    innocent, hurt = (sum(counts[""] for counts in column) for column in zip(
        *((felt.asked, felt.stopped) for felt in all_felt), strict=True
    ))  # fmt: skip
    share = f"{early / fresh:.2f} of {fresh:,}" if fresh else "-"
    fall = f"{100 * (1 - got / wanted):.1f} %" if wanted else "-"
    rate = f"{hurt:,} of {innocent:,} ({1e4 * hurt / innocent:.2f} in 10,000)"
    cells = (reaction, f"{found} of {len(operators) * len(all_felt)}", f"{wanted:,}", f"{got:,}", fall, share, rate)
    return f"| {' | '.join(cells)} |"


def _head(names: tuple[str, ...]) -> tuple[str, str]:
    return f"| {' | '.join(names)} |", "|---" * len(names) + "|"


def details(seed: int, reaction: Reaction, felt: Felt, start: float) -> Iterator[str]:
    """A line for each operator."""
    for who in sorted(set(felt.asked) - {""}):
        hours = f"{(felt.first[who] - start) / 3600:.0f} h" if who in felt.first else "never"
        yield (
            f"| {seed} | {reaction} | {who} | {hours} | {felt.leaked_before[who]:,} "
            f"| {felt.wanted_after[who]:,} | {felt.got_after[who]:,} |"
        )


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 0.006
    felt: dict[Reaction, list[Felt]] = defaultdict(list)
    lines: list[str] = []
    size = ""
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as name:
            held = world(scale, seed, Path(name))
            size = f"{len(held.rows):,} exchanges, {len(held.accounts):,} accounts"
            for number, reaction in enumerate(REACTIONS):
                one = Drill(held, reaction, Path(name) / f"drill-{number}").run()
                felt[reaction].append(one)
                lines += details(seed, reaction, one, held.rows[0]["ts"].timestamp())
                print(*lines[-3:], row_of(reaction, [one]), one.not_approved, one.looks, flush=True)
    told = (__doc__ or "").split("\n\n", 1)[1].partition(" Usage:")[0].splitlines()
    heads = (
        "operator, once stopped", "operators found", "wanted after", "got after", "harvest falls by",
        f"fresh accounts stopped within {WITHIN} requests", "innocents' requests stopped",
    )  # fmt: skip
    seen = ("seed", "reaction", "operator", "first accused", "got before", "wanted after", "got after")
    text = [
        "# Drill: a campaign that reacts to blocks", "", *told, "",
        f"{seeds} seeds at scale {scale:g} ({size}). `lab/gateway_drill.py {seeds} {scale:g}` makes this page.",
        "After: after the operator's own first accusation. Got: requests that reached the model.", "",
        *_head(heads), *(row_of(reaction, felt[reaction]) for reaction in REACTIONS), "", *_head(seen), *lines, "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(text), "utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
