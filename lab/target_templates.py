"""Composed prompts for the target classifier: templates with slots, filled with tables, screens, tools and passages.

In: lab/targets/*.tsv (target, language, template; `[a|b]` chooses) and pools of real text. Out: prompts. No real
source exists for data analysis, vision, formatting and rewriting of refusals; other targets get templates in nine
languages. In three files every third or fourth template of a target and language is held out, another one in each
language, so that no language lacks a subject; broad.tsv, many short ways of asking, is for training alone. Read
`train_targets` next.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).parent / "targets"
CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
LANGUAGES = ("zh", "es", "de", "ru", "ja", "ko", "fr", "pt", "en")
SLOT = re.compile(r"\{([a-z0-9]+)\}")
HELD_OUT_EVERY = {
    "composed.tsv": 4,
    "everyday.tsv": 3,
    "scaffolds.tsv": 3,
    "variety.tsv": 0,
    "wide.tsv": 0,
    "broad.tsv": 0,
    "asks.tsv": 0,
}  # 0: none

WORDS: dict[str, list[str]] = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))
COLUMNS, PLACES, OBJECTS, GOALS, TOPICS = (WORDS[name] for name in ("columns", "places", "objects", "goals", "topics"))
SENSITIVE, ASKED, TOOLS = WORDS["sensitive"], WORDS["asked"], WORDS["tools"]
ROLES, LABELS, KEYS = WORDS["roles"], WORDS["labels"], WORDS["keys"]


@dataclass(frozen=True, slots=True)
class Template:
    target: str
    lang: str
    text: str
    split: str


@dataclass(frozen=True, slots=True)
class Pools:
    """Real text of one split: sentences, middles of long prompts, questions, facts, answers, code, any prompts."""

    sentences: list[str]
    pieces: list[str]
    questions: list[str]
    facts: list[str]
    answers: list[str]
    code: list[str]
    tasks: list[str]


def load_templates(name: str) -> list[Template]:
    """Read one file of templates; every third or fourth of a target and language is held out for the test."""
    seen: dict[tuple[str, str], int] = {}
    templates = []
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        target, lang, text = line.split("\t")
        place = seen.get((target, lang), LANGUAGES.index(lang))
        seen[target, lang] = place + 1
        every = HELD_OUT_EVERY[name]
        split = "test" if every and place % every == 0 else "train"
        templates.append(Template(target, lang, text.replace("\\n", "\n"), split))
    return templates


def choose(text: str, rng: random.Random) -> str:
    """Resolve every `[a|b]`."""
    return CHOICE.sub(lambda found: rng.choice(found.group(1).split("|")), text)


def fill(template: Template, pools: Pools, rng: random.Random) -> str:
    """Resolve choices and fill the slots of a template."""
    makers = {
        name: maker for makers in (_numbers(rng), _things(rng), _texts(pools, rng)) for name, maker in makers.items()
    }
    return SLOT.sub(lambda found: str(makers[found.group(1)]()), choose(template.text, rng))


def _numbers(rng: random.Random) -> dict[str, Callable[[], object]]:
    return {
        "n": partial(rng.randint, 2, 400),
        "m": partial(rng.randint, 10, 9000),
        "k": partial(rng.randint, 10, 99),
        "numbers": partial(_numbers_line, rng),
        "column": partial(rng.choice, COLUMNS),
        "columns": partial(_joined, rng, COLUMNS, ", "),
        "schema": partial(_schema, rng),
        "json": partial(_record, rng),
    }


def _things(rng: random.Random) -> dict[str, Callable[[], object]]:
    return {
        "object": partial(rng.choice, OBJECTS),
        "object2": partial(rng.choice, OBJECTS),
        "goal": partial(rng.choice, GOALS),
        "subject": partial(rng.choice, WORDS["subjects"]),
        "name": partial(rng.choice, WORDS["names"]),
        "job": partial(rng.choice, WORDS["jobs"]),
        "goods": partial(rng.choice, WORDS["goods"]),
        "tongue": partial(rng.choice, WORDS["tongues"]),
        "prog": partial(rng.choice, WORDS["coding_tongues"]),
        "task": partial(rng.choice, WORDS["programs"]),
        "topic": partial(rng.choice, TOPICS),
        "tools": partial(_tools, rng),
        "ui": partial(_screen, rng),
        "action": partial(_action, rng),
        "url": partial(_joined, rng, LABELS, "/"),
        "email": partial(_joined, rng, PLACES, "@"),
    }


def _texts(pools: Pools, rng: random.Random) -> dict[str, Callable[[], object]]:
    return {
        "text": partial(passage, pools, rng),
        "table": partial(_table, rng),
        "words": partial(_words, pools, rng),
        "question": partial(_question, pools, rng),
        "fact": partial(rng.choice, pools.facts),
        "sensitive": partial(rng.choice, SENSITIVE),
        "answer": partial(_answer, pools, rng),
        "answer2": partial(_answer, pools, rng),
        "code": partial(_code, pools, rng),
    }


def passage(pools: Pools, rng: random.Random) -> str:
    """Join one to twelve sentences, or take a piece of some other prompt, so that payloads say little."""
    if pools.pieces and rng.random() < 0.5:
        return rng.choice(pools.pieces)
    return " ".join(rng.choices(pools.sentences, k=rng.choice((1, 2, 3, 5, 8, 12))))


def _words(pools: Pools, rng: random.Random) -> str:
    return ", ".join(rng.choice(pools.sentences).split()[:6])


def _question(pools: Pools, rng: random.Random) -> str:
    return rng.choice(pools.questions)


def _answer(pools: Pools, rng: random.Random) -> str:
    text = rng.choice(pools.answers if rng.random() < 0.5 or not pools.pieces else pools.pieces)
    return text[: rng.choice((120, 300, 700, 1500, 2000))]


def _code(pools: Pools, rng: random.Random) -> str:
    return rng.choice(pools.code)[: rng.choice((200, 500, 1200))]


def sensitive_question(rng: random.Random) -> str:
    """Ask about a politically sensitive topic."""
    return rng.choice(ASKED).replace("{s}", rng.choice(SENSITIVE))


def _joined(rng: random.Random, words: list[str], between: str) -> str:
    return between.join(rng.sample(words, rng.randint(2, 5)))


def _numbers_line(rng: random.Random) -> str:
    return ", ".join(str(round(rng.uniform(0, 900), 1)) for _ in range(rng.randint(6, 30)))


def _table(rng: random.Random) -> str:
    """Rows under names of columns, as comma, bar or tab separated text or as lines of JSON; names and keys vary."""
    names = [_column_name(rng) for _ in range(rng.randint(2, 6))]
    key = rng.choice(("name", "id", "day", "city", _column_name(rng)))
    kinds = [rng.choice((_number, _number, _small, _word)) for _ in names]
    count = rng.choice((2, 4, 8, 16, 30))
    rows = [[_key(rng, key), *(kind(rng) for kind in kinds)] for _ in range(count)]
    between = rng.choice((",", " | ", "\t", ";", ",", "json"))
    if between == "json":
        return "\n".join(json.dumps(dict(zip([key, *names], row, strict=True))) for row in rows)
    return "\n".join(between.join(row) for row in [[key, *names], *rows])


def _column_name(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return rng.choice(COLUMNS)
    first, second = rng.choice(COLUMNS), "".join(rng.choices("abdegiklmnoprstu", k=rng.randint(3, 7)))
    return rng.choice((f"{first}_{second}", second, f"{second} {first}", second.title()))


def _key(rng: random.Random, key: str) -> str:
    if key in {"name", "city"}:
        return rng.choice(PLACES)
    if key == "day":
        return f"20{rng.randint(10, 30)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return f"{rng.choice(('', 'A', 'XK', 'ord-'))}{rng.randint(1, 9999)}"


def _small(rng: random.Random) -> str:
    return str(round(rng.uniform(0, 3), rng.choice((1, 2, 3))))


def _word(rng: random.Random) -> str:
    return rng.choice(("yes", "no", "basic", "premium", "LON", "NYC", *LABELS))


def _number(rng: random.Random) -> str:
    return str(round(rng.uniform(0, 5000), rng.choice((0, 1, 2))))


def _record(rng: random.Random) -> str:
    """What a tool may answer: objects of one to three levels under varying keys, on one line or indented."""
    count = rng.choice((1, 1, 1, 2, 5))
    records = [_tree(rng, rng.randint(0, 2)) for _ in range(count)]
    return json.dumps(records[0] if count == 1 else records, indent=rng.choice((None, None, 2)))


def _tree(rng: random.Random, depth: int) -> dict[str, object]:
    words = rng.sample([*KEYS, *COLUMNS], rng.randint(2, 7))
    tree: dict[str, object] = {word: _leaf(rng) for word in words}
    if depth:
        below = [_tree(rng, depth - 1) for _ in range(rng.randint(1, 3))]
        tree[rng.choice(KEYS)] = below if rng.random() < 0.6 else below[0]
    return tree


def _leaf(rng: random.Random) -> object:
    code = f"{rng.choice(('', 'u_', 'XK', 'card_', '#'))}{rng.randint(1, 99999)}"
    date = f"20{rng.randint(10, 30)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    name = f"{rng.choice(PLACES).lower()}_{rng.choice(OBJECTS)}_{rng.randint(1, 9999)}"
    return rng.choice((code, date, name, rng.randint(0, 900), rng.choice(PLACES), "ok", None, True, rng.choice(LABELS)))


def _schema(rng: random.Random) -> str:
    return json.dumps({"type": "object", "properties": {c: {"type": "string"} for c in rng.sample(COLUMNS, 3)}})


def _tools(rng: random.Random) -> str:
    names = rng.sample(TOOLS, rng.randint(1, 5))
    if rng.random() < 0.5:
        return ", ".join(f"{name}({rng.choice(COLUMNS)})" for name in names)
    return json.dumps([{"name": name, "parameters": {rng.choice(COLUMNS): "string"}} for name in names])


def _screen(rng: random.Random) -> str:
    lines = [
        f"[{rng.randint(1, 9000)}] {rng.choice(ROLES)} '{rng.choice(LABELS)}'" for _ in range(rng.choice((3, 8, 20)))
    ]
    return "\n".join(lines)


def _action(rng: random.Random) -> str:
    x, y = rng.randint(0, 1900), rng.randint(0, 1000)
    return rng.choice(
        (
            f'{{"action": "click", "x": {x}, "y": {y}}}',
            f'{{"type": "scroll", "direction": "down", "amount": {y}}}',
            f'{{"action": "type", "text": "{rng.choice(LABELS)}"}}',
            f"click({x}, {y})",
        )
    )
