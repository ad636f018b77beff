"""A drill: a campaign that reacts to blocks, live against the gateway. What does it still get, and who else feels it?

In: seeds, perhaps one reaction. Out: lab/results/gateway_drill.json, and from it the page beside it; what the file has
already is kept. The traffic of `february` over ten days is replayed in order of time; every request is first put to the
gate. Every twelve hours, and every two in the day after a campaign was first accused, `watch` judges what has
been logged, the policy of lab/gateway_drill.toml proposes, a person approves, the snapshot is published. An operator
whose account is stopped gives it up; a day or an hour later a fresh account (own address, key, card and mail; the same
client, tasks and words) goes on in its place, again and again. What is stopped reaches no model and is not in its log.
In the third row the operator also words everything anew from its first stop on: prompts, tools and parameters of
another half of all phrases. Policy and mechanisms were made while looking at seeds 1 to 4. Seeds 11, 12, 14, 15 and 16
were fresh when they were run; what went wrong there, and on a part of seed 13, was mended after each. The others are
fresh.
Usage: SEED... [--reaction 0|1|2]
"""

import json
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
from stillwatch.pipeline.acting import CLIENT_COLUMNS, Books, read_report
from stillwatch.pipeline.linking import Request, client_of
from stillwatch.pipeline.watching import watch
from stillwatch.settings import Settings
from stillwatch.types import ACCUSED_OF, CampaignId

HERE = Path(__file__).resolve().parent
PAGE, POLICY = HERE / "results" / "gateway_drill.md", HERE / "gateway_drill.toml"
KEPT, SCALE = HERE / "results" / "gateway_drill.json", 0.01
DAYS, WITHIN = 10, 3
LOOKED_AT = ({1, 2, 3, 4}, {11, 12}, {13, 14}, {15, 16})  # seeds, while mechanisms were made; run on earlier code
LOOK_HOURS = (*(2,) * 12, 12)  # from look to look after a campaign was first accused; the last goes on
Reaction = Literal["replaced after 24 h", "replaced after 1 h", "replaced after 1 h, in new words"]
HOURS: dict[Reaction, int] = {
    "replaced after 24 h": 24,
    "replaced after 1 h": 1,
    "replaced after 1 h, in new words": 1,
}
REACTIONS = tuple(HOURS)
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
    """Simulate it, and once more for other words: from the half of phrases and prompts that the log has nothing of."""
    scenario = simulate.load_scenario("february").scaled(scale).over(DAYS)
    anew: dict[str, list[Row]] = defaultdict(list)
    rows, operator, table, accounts = [], {}, pa.table({}), pa.table({})
    drawn: tuple[tuple[str, int, Literal["A", "B"]], ...] = (("other", seed + 1000, "B"), ("log", seed, "A"))
    for place, number, half in drawn:
        simulate.simulate(scenario, folder / place, number, simulate.load_pool(half, None))
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
        self.accused: set[CampaignId] = set()
        self.words = {name: iter(rows) for name, rows in held.anew.items()}

    def run(self) -> Felt:
        """Replay the log."""
        hours: tuple[int, ...] = LOOK_HOURS[-1:]
        look = self.held.rows[0]["ts"] + timedelta(hours=hours[0])
        for row in self.held.rows:
            while row["ts"] >= look:
                hours = LOOK_HOURS if self.look(look) else hours[1:] or hours
                look += timedelta(hours=hours[0])
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
        if self.reaction.endswith("new words") and felt.stopped[who]:
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
            place.closed, place.back = True, now + HOURS[self.reaction] * 3600
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
            prompt=row["prompt_text"] or "", system=row["system_text"] or "",
            client=client_of(*(row[name] or "" for name in CLIENT_COLUMNS)), parameters=row["params"] or "",
            tools=tuple(row["tools"] or ()), tools_hash=row["tools_hash"] or "", address=row["ip"] or "",
        )  # fmt: skip
        asked = Asked(row["account_id"], row["key_id"] or "", row["org_id"] or "", request=request)
        passes = self.gate.answer(asked).passes
        self.felt.asked[who] += 1
        self.felt.stopped[who] += not passes
        if passes:
            self.logged.append(row)
        return passes

    def look(self, moment: datetime) -> bool:
        """Write the log's last hours, watch, propose, approve, publish: as an operator's timer would; give whether a
        campaign was accused for the first time.
        """
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
        fresh: set[CampaignId] = set()
        if scan is not None:
            said = [(c.verdict.value, len(c.members), round(c.together_bits)) for c in scan.campaigns]
            named = len(scan.continued.accounts) if scan.continued else 0
            print(f"{moment:%d %H}h", self.reaction, said, "named", named, "held", scan.calibration.ok, flush=True)
            accused_ids = {c.campaign_id for c in scan.campaigns if c.verdict in ACCUSED_OF}
            fresh, self.accused = accused_ids - self.accused, self.accused | accused_ids
            for campaign in scan.campaigns:
                whose = Counter(self.operator[m.account_id] for m in campaign.members)
                if campaign.verdict in ACCUSED_OF:
                    self.felt.first.setdefault(whose.most_common(1)[0][0], moment.timestamp())
            self.act(out, moment)
        self.keeper.step()
        return bool(fresh)

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


def summary(seed: int, reaction: Reaction, felt: Felt, start: float) -> Row:
    """What is kept of one replay."""
    operators = {
        who: {
            "first_hour": round((felt.first[who] - start) / 3600) if who in felt.first else None,
            "got_before": felt.leaked_before[who],
            "wanted_after": felt.wanted_after[who],
            "got_after": felt.got_after[who],
        }
        for who in sorted(set(felt.asked) - {""})
    }
    return {
        "seed": seed,
        "reaction": reaction,
        "operators": operators,
        "fresh_accounts": len(felt.passed),
        "stopped_early": sum(n <= WITHIN for n in felt.caught.values()),
        "innocents_asked": felt.asked[""],
        "innocents_stopped": felt.stopped[""],
        "looks": felt.looks,
        "not_approved": felt.not_approved,
    }


def row_of(reaction: Reaction, kept: list[Row]) -> str:
    """One line of the table, over some seeds."""
    operators = [one for row in kept for one in row["operators"].values()]
    wanted, got = (sum(one[name] for one in operators) for name in ("wanted_after", "got_after"))
    found = sum(one["first_hour"] is not None for one in operators)
    fresh, early, asked, hurt = (
        sum(row[name] for row in kept)
        for name in ("fresh_accounts", "stopped_early", "innocents_asked", "innocents_stopped")
    )
    share = f"{early / fresh:.2f} of {fresh:,}" if fresh else "-"
    fall = f"{100 * (1 - got / wanted):.1f} %" if wanted else "-"
    rate = f"{hurt:,} of {asked:,} ({1e4 * hurt / asked:.2f} in 10,000)"
    seeds = ", ".join(str(row["seed"]) for row in kept)
    cells = (reaction, seeds, f"{found} of {len(operators)}", f"{wanted:,}", f"{got:,}", fall, share, rate)
    return f"| {' | '.join(cells)} |"


def _head(names: tuple[str, ...]) -> tuple[str, str]:
    return f"| {' | '.join(names)} |", "|---" * len(names) + "|"


def details(row: Row) -> Iterator[str]:
    """A line for each operator."""
    for who, one in row["operators"].items():
        hours = "never" if one["first_hour"] is None else f"{one['first_hour']} h"
        counts = " | ".join(f"{one[name]:,}" for name in ("got_before", "wanted_after", "got_after"))
        yield f"| {row['seed']} | {row['reaction']} | {who} | {hours} | {counts} |"


def page(kept: list[Row]) -> str:
    """The page: every reaction over all seeds, over the fresh ones, and each operator."""
    told = (__doc__ or "").split("\n\n", 1)[1].partition("\nUsage:")[0].splitlines()
    heads = (
        "accounts of the operator", "seeds", "operators found", "wanted after", "got after", "harvest falls by",
        f"fresh accounts stopped within {WITHIN} requests", "innocents' requests stopped",
    )  # fmt: skip
    there = {row["seed"] for row in kept}
    seen = ("seed", "reaction", "operator", "first accused", "got before", "wanted after", "got after")
    lines = [
        row_of(reaction, some)
        for reaction in REACTIONS
        for seeds in (*LOOKED_AT, {row["seed"] for row in kept}.difference(*LOOKED_AT))
        if (some := [row for row in kept if row["reaction"] == reaction and row["seed"] in seeds])
    ]
    return "\n".join([
        "# Drill: a campaign that reacts to blocks", "", *told, "",
        f"Scale {SCALE:g}: about 142,000 exchanges of 3,200 accounts. `lab/gateway_drill.py SEED...` makes this page.",
        "After: after the operator's own first accusation. Got: requests that reached the model.",
        f"Run on earlier code: {', '.join(str(seed) for seed in sorted(set[int]().union(*LOOKED_AT) & there))}.", "",
        *_head(heads), *lines, "", *_head(seen), *(line for row in kept for line in details(row)), "",
    ])  # fmt: skip


def main() -> None:
    words = sys.argv[1:]
    only = int(words[words.index("--reaction") + 1]) if "--reaction" in words else None
    seeds = [int(word) for word in (words if only is None else words[: words.index("--reaction")])]
    kept: list[Row] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    for seed in seeds:
        there = {row["reaction"] for row in kept if row["seed"] == seed}
        lacking = [r for n, r in enumerate(REACTIONS) if r not in there and only in (None, n)]
        with tempfile.TemporaryDirectory() as name:
            if lacking:
                run_all(world(SCALE, seed, Path(name)), seed, lacking, Path(name))


def run_all(held: World, seed: int, lacking: list[Reaction], folder: Path) -> None:
    """Replay each reaction, and write what came of it at once."""
    for number, reaction in enumerate(lacking):
        felt = Drill(held, reaction, folder / str(number)).run()
        made = summary(seed, reaction, felt, held.rows[0]["ts"].timestamp())
        print(made, flush=True)
        kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
        kept = sorted([*kept, made], key=lambda row: (row["seed"], REACTIONS.index(row["reaction"])))
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        PAGE.write_text(page(kept), "utf-8")


if __name__ == "__main__":
    main()
