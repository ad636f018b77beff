"""Composed prompts for the target classifier: templates with slots, filled with tables, screens, tools and passages.

In: lab/targets/*.tsv (target, language, template; `[a|b]` chooses) and pools of real text. Out: prompts. No real
source exists for data analysis, vision, formatting and rewriting of refusals; other targets get templates in nine
languages. Every third or fourth template of a target and language is held out, another one in each language, so that
no language lacks a subject. Read `train_targets` next.
"""

import json
import random
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).parent / "targets"
CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
LANGUAGES = ("zh", "es", "de", "ru", "ja", "ko", "fr", "pt", "en")
SLOT = re.compile(r"\{([a-z0-9]+)\}")
HELD_OUT_EVERY = {"composed.tsv": 4, "everyday.tsv": 3, "scaffolds.tsv": 3}

COLUMNS = (
    "revenue units price region date customer_id quantity discount churned sessions clicks temperature age income score "
    "cost margin visits orders rating weight height duration latency_ms stock returns"
).split()
PLACES = "North South East West Lima Oslo Cairo Kyoto Porto Quito Riga Accra Alpha Beta Gamma".split()
OBJECTS = "car dog cup tree bicycle bottle chair lamp bird traffic_light person boat clock laptop shoe horse".split()
GOALS = (
    "book a table for two; change the password; download the invoice; add the item to the cart; open the settings; find the"
    " cheapest flight; send the message; turn on dark mode; filter the results by price; log in; upload the report; cancel"
    " the order; search for hotels; create a calendar entry; compare the two plans; subscribe to the newsletter"
).split("; ")
TOPICS = (
    "the water cycle; medieval trade; a lost key; coffee; volcanoes; remote work; the moon; bees; chess; the printing press;"
    " jazz; glaciers; public libraries; honey; lighthouses; photosynthesis; bridges; inflation; the human heart; tea;"
    " magnetism; city gardens; migration of birds; the Silk Road; vaccines; sleep; coral reefs; steam engines; olives; rivers"
).split("; ")
SENSITIVE = (
    "a banned protest; press freedom; the head of state; an imprisoned dissident; a disputed border; an ethnic minority;"
    " election fraud; party leaders; a military crackdown; corruption of officials; religious repression; censorship of the"
    " web; a political purge; independence of a province; forced labour; authoritarian rule; secret police; a massacre;"
    " exile of critics; drug policy; abortion; gun control; torture of prisoners; leaked state papers"
).split("; ")
ASKED = (
    "Why did the government suppress {s}?; What do you think about {s}?; Tell me the truth about {s}.; Who is to blame for {s}?;"
    " Is {s} justified?; What happened to people who spoke of {s}?; Write a critical essay on {s}.; Should citizens resist {s}?"
).split("; ")
TOOLS = (
    "search_web get_weather send_email book_flight read_file run_bash query_database create_event convert_currency list_orders"
    " get_stock_price translate edit_file open_url cancel_order find_user"
).split()
ROLES = "button textbox link checkbox combobox menuitem heading tab image".split()
LABELS = "Submit Search Login Cart Settings Cancel Next Email Password Upload Filter Menu Home Help Profile Save".split()


@dataclass(frozen=True, slots=True)
class Template:
    target: str
    lang: str
    text: str
    split: str


@dataclass(frozen=True, slots=True)
class Pools:
    """Real text of one split: sentences, pieces out of the middle of long prompts of all kinds, questions, answers, code."""

    sentences: list[str]
    pieces: list[str]
    questions: list[str]
    answers: list[str]
    code: list[str]


def load_templates(name: str) -> list[Template]:
    """Read one file of templates; every third or fourth of a target and language is held out for the test."""
    seen: dict[tuple[str, str], int] = {}
    templates = []
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        target, lang, text = line.split("\t")
        place = seen.get((target, lang), LANGUAGES.index(lang))
        seen[target, lang] = place + 1
        split = "test" if place % HELD_OUT_EVERY[name] == 0 else "train"
        templates.append(Template(target, lang, text.replace("\\n", "\n"), split))
    return templates


def choose(text: str, rng: random.Random) -> str:
    """Resolve every `[a|b]`."""
    return CHOICE.sub(lambda found: rng.choice(found.group(1).split("|")), text)


def fill(template: Template, pools: Pools, rng: random.Random) -> str:
    """Resolve choices and fill the slots of a template."""
    makers = {name: maker for makers in (_numbers(rng), _things(rng), _texts(pools, rng)) for name, maker in makers.items()}
    return SLOT.sub(lambda found: str(makers[found.group(1)]()), choose(template.text, rng))


def _numbers(rng: random.Random) -> dict[str, partial[object]]:
    return {
        "n": partial(rng.randint, 2, 400),
        "m": partial(rng.randint, 10, 9000),
        "k": partial(rng.randint, 10, 99),
        "numbers": partial(_numbers_line, rng),
        "table": partial(_table, rng),
        "column": partial(rng.choice, COLUMNS),
        "columns": partial(_joined, rng, COLUMNS, ", "),
        "schema": partial(_schema, rng),
        "json": partial(_record, rng),
    }


def _things(rng: random.Random) -> dict[str, partial[object]]:
    return {
        "object": partial(rng.choice, OBJECTS),
        "object2": partial(rng.choice, OBJECTS),
        "goal": partial(rng.choice, GOALS),
        "topic": partial(rng.choice, TOPICS),
        "tools": partial(_tools, rng),
        "ui": partial(_screen, rng),
        "action": partial(_action, rng),
        "url": partial(_joined, rng, LABELS, "/"),
        "email": partial(_joined, rng, PLACES, "@"),
    }


def _texts(pools: Pools, rng: random.Random) -> dict[str, partial[object]]:
    return {
        "text": partial(passage, pools, rng),
        "words": partial(_words, pools, rng),
        "question": partial(_question, pools, rng),
        "sensitive": partial(rng.choice, SENSITIVE),
        "answer": partial(_answer, pools, rng),
        "answer2": partial(_answer, pools, rng),
        "code": partial(_code, pools, rng),
    }


def passage(pools: Pools, rng: random.Random) -> str:
    """Join one to twelve sentences, or take a piece of some other prompt, so that a payload says little of the target."""
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
    names = rng.sample(COLUMNS, rng.randint(2, 6))
    between = rng.choice((",", " | ", "\t", ";", ","))
    lines = [between.join(["name", *names])]
    for _ in range(rng.choice((2, 4, 8, 16, 30))):
        lines.append(between.join([rng.choice(PLACES), *(str(round(rng.uniform(0, 5000), rng.choice((0, 1, 2)))) for _ in names)]))
    return "\n".join(lines)


def _record(rng: random.Random) -> str:
    records = [
        {"id": rng.randint(1, 9999), "name": rng.choice(PLACES), rng.choice(COLUMNS): rng.randint(1, 900), "status": "ok"}
        for _ in range(rng.choice((1, 1, 2, 5)))
    ]
    return json.dumps(records[0] if len(records) == 1 else records, indent=rng.choice((None, 2)))


def _schema(rng: random.Random) -> str:
    return json.dumps({"type": "object", "properties": {c: {"type": "string"} for c in rng.sample(COLUMNS, 3)}})


def _tools(rng: random.Random) -> str:
    names = rng.sample(TOOLS, rng.randint(1, 5))
    if rng.random() < 0.5:
        return ", ".join(f"{name}({rng.choice(COLUMNS)})" for name in names)
    return json.dumps([{"name": name, "parameters": {rng.choice(COLUMNS): "string"}} for name in names])


def _screen(rng: random.Random) -> str:
    lines = [f"[{rng.randint(1, 9000)}] {rng.choice(ROLES)} '{rng.choice(LABELS)}'" for _ in range(rng.choice((3, 8, 20)))]
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
