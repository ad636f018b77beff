"""Who sends what, when: one operator over thirty keys among 222 unrelated callers, drawn from a seed.

In: the shared prompt sets, a duration in seconds and a seed. Out: plan.jsonl (one request a line, in order of time),
keys.json (what the gateway knows of each key) and truth.json (which owners the operator runs).
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

OPERATOR_KEYS = 30
OPERATOR_TASKS = 1_200
SEATS = 12  # one organisation that declares its seats
ORGANISATION = "org-northwind"
STOCK_CLIENT = "OpenAI/Python 2.54.0"
CLIENTS = (
    STOCK_CLIENT,
    STOCK_CLIENT,
    STOCK_CLIENT,
    "curl/8.7.1",
    "OpenAI/JS 6.1.0",
    "python-httpx/0.28.1",
    "okhttp/5.0",
)
SCAFFOLDS = (
    "Solve this problem. Write out all your reasoning first.\n\n{task}\n\nStart the last line with 'Answer:'.",
    "You prepare worked solutions for students. Show every thought, number the steps.\n\nTask: {task}",
    "{task}\n\nThink aloud: explain what you try, what you reject and why, then state the conclusion in one sentence.",
)
CODING_TOOL = "You are a coding assistant inside an editor. Reply with code only unless asked to explain."
KINDS = (  # kind, prompt set, how many, system prompt
    ("person", "benign_arena_hard", 74, ""),
    ("person-zh", "benign_belle_eval_zh", 20, ""),
    ("bot", "benign_bot_clinc150", 40, "You answer the customers of shop {number}."),
    ("developer", "benign_dev_nl2bash", 44, CODING_TOOL),
    ("desk", "benign_agent_taubench", 16, "You are the service desk of airline {number}."),
    ("evaluation", "eval_suites", 8, ""),
    ("tutor", "harvest_cot", 8, ""),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One request to be sent `at_seconds` after the start."""

    at_seconds: float
    key: str
    client: str
    address: str
    model: str
    system: str
    prompt: str
    temperature: float | None


@dataclass(frozen=True, slots=True)
class Caller:
    """One key: who sends, from where, with what, and where the prompts come from."""

    key: str
    owner: dict[str, str]
    client: str
    address: str
    model: str
    system: str
    temperature: float | None
    next_prompt: Callable[[], str]


class Prompts:
    """Prompts of the shared sets; each text is dealt out once, so strangers do not share tasks by accident."""

    def __init__(self, folder: Path, draw: random.Random) -> None:
        self._folder, self._draw = folder, draw
        self._dealt: dict[str, Iterator[str]] = {}

    def dealer(self, name: str) -> Callable[[], str]:
        """Deal from one set in a drawn order, over and over if it runs out."""
        if name not in self._dealt:
            texts = pq.read_table(self._folder / f"{name}.parquet", columns=["text"]).column("text").to_pylist()
            self._dealt[name] = self._forever([text for text in texts if text and len(text) < 4_000])
        return lambda: next(self._dealt[name])

    def _forever(self, texts: list[str]) -> Iterator[str]:
        while True:
            yield from self._draw.sample(texts, len(texts))


def operator(prompts: Prompts, draw: random.Random, duration: float) -> tuple[list[Caller], list[Planned]]:
    """One task list, split without overlap by one clock over keys that look unrelated."""
    deal = prompts.dealer("harvest_gsm8k_train")
    callers = [
        _caller(f"op{number:02d}", draw, deal, client=STOCK_CLIENT, model="atlas-2") for number in range(OPERATOR_KEYS)
    ]
    begin, end = 0.12 * duration, 0.88 * duration
    times = (begin + (end - begin) * number / OPERATOR_TASKS for number in range(OPERATOR_TASKS))
    return callers, [
        _planned(callers[number % OPERATOR_KEYS], at + draw.uniform(0, 0.8), draw.choice(SCAFFOLDS).format(task=deal()))
        for number, at in enumerate(times)
    ]


def strangers(prompts: Prompts, draw: random.Random) -> list[Caller]:
    """People, bots, developers, agents and evaluation jobs, each alone; and one organisation with seats."""
    callers = [
        _caller(f"{kind}{number:02d}", draw, prompts.dealer(source), system=system.format(number=number))
        for kind, source, count, system in KINDS
        for number in range(count)
    ]
    return callers + seats(prompts, draw)


def seats(prompts: Prompts, draw: random.Random) -> list[Caller]:
    """One organisation: declared on every key, one network, one system prompt, each seat with its own rhythm."""
    deal, network = prompts.dealer("benign_personas_en"), f"{draw.randint(20, 99)}.{draw.randint(1, 250)}.7"
    callers = [
        _caller(f"seat{number:02d}", draw, deal, system="You help the staff of a publisher.") for number in range(SEATS)
    ]
    return [
        replace(
            caller,
            owner=caller.owner | {"org_id": ORGANISATION, "team_id": f"{ORGANISATION}-{draw.choice('ab')}"},
            address=f"{network}.{draw.randint(1, 250)}",
        )
        for caller in callers
    ]


def _caller(  # noqa: PLR0913 - one argument a property
    name: str,
    draw: random.Random,
    deal: Callable[[], str],
    *,
    client: str = "",
    model: str = "",
    system: str = "",
) -> Caller:
    code = f"{draw.getrandbits(40):010x}"
    owner = {"user_id": f"u-{code}", "key_alias": f"alias-{code[:4]}"}
    address = ".".join(str(draw.randint(1, 250)) for _ in range(4))
    return Caller(
        key=f"sk-{name}-{code}",
        owner=owner,
        client=client or draw.choice(CLIENTS),
        address=address,
        model=model or draw.choices(("atlas-1", "atlas-2", "atlas-mini"), (5, 3, 4))[0],
        system=system,
        temperature=draw.choice((None, None, 0.0, 0.7, 1.0)),
        next_prompt=deal,
    )


def _planned(caller: Caller, at_seconds: float, prompt: str) -> Planned:
    return Planned(
        at_seconds, caller.key, caller.client, caller.address, caller.model, caller.system, prompt, caller.temperature
    )


def own_rhythm(caller: Caller, draw: random.Random, duration: float) -> Iterator[Planned]:
    """Heavy-tailed volume, an own start and end, and bursts with pauses between them."""
    wanted = min(160, max(2, round(draw.lognormvariate(3.25, 0.9))))
    at = draw.uniform(0, 0.5) * duration
    end = draw.uniform(0.6, 1.0) * duration
    pace = (end - at) / wanted
    spread = draw.uniform(0.5, 1.6)
    for _ in range(wanted):
        if at >= end:
            return
        yield _planned(caller, at, caller.next_prompt())
        at += pace * draw.lognormvariate(-(spread**2) / 2, spread)


def write(prompts_folder: Path, out: Path, duration: float, seed: int) -> int:
    """Write the three files; the number of planned requests."""
    draw = random.Random(seed)
    prompts = Prompts(prompts_folder, draw)
    theirs, plan = operator(prompts, draw, duration)
    others = strangers(prompts, draw)
    for caller in others:
        plan += own_rhythm(caller, draw, duration)
    plan.sort(key=lambda planned: planned.at_seconds)
    with (out / "plan.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(planned)) + "\n" for planned in plan)
    (out / "keys.json").write_text(json.dumps({caller.key: caller.owner for caller in theirs + others}, indent=1))
    truth = {
        "operator": [c.owner["user_id"] for c in theirs],
        "others": {c.owner["user_id"]: c.key.removeprefix("sk-").rpartition("-")[0] for c in others},
    }
    (out / "truth.json").write_text(json.dumps(truth, indent=1))
    return len(plan)


if __name__ == "__main__":
    folder, out, duration, seed = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    print(f"{write(folder, out, duration, seed):,} requests planned over {duration:.0f} s, seed {seed}")
