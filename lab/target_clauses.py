"""Composed prompts from clauses: what the matter is, what is asked, and a payload, in any order.

In: lab/targets/clauses.toml (target, language, clauses). Out: templates for `target_templates.fill`, all for training.
Whole sentences teach whole sentences; clauses that meet in ever new company teach what they have in common, so that an
unseen wording of the same request is not taken for its payload. Read `train_targets` next.
"""

import random
import tomllib

from target_templates import FOLDER, Template, choose

PROMPTS = 900  # composed of the clauses of one target in English; a third of it in each other language
OTHER_LANGUAGE = 1 / 3
BETWEEN = ("\n\n", "\n", " ", "\n---\n", "\nText: ", "\n> ")
PAYLOADS = {  # slots of `target_templates` by target; an empty one stands for no payload
    "refusal_rewriting": ("{question}", "{question}", "{question}", "{sensitive}", '"{question}"', "{text}"),
    "formatting": ("{text}", "{text}", "{question}", "{table}", "{json}", "{words}"),
    "instruction_following": ("{text}", "{text}", "{topic}", "{words}", "{question}"),
    "knowledge": ("",),
    "other": ("",),
    "reasoning": ("{question}", "{numbers}", "{text}"),
    "grading": ("{question}\n\n{answer}", "{answer}\n\n{answer2}", "{text}"),
}


def clause_templates(rng: random.Random) -> list[tuple[Template, str]]:
    """Compose templates of every target and language that has clauses, and name the first request as the source."""
    clauses = tomllib.loads((FOLDER / "clauses.toml").read_text(encoding="utf-8"))
    found = []
    for target, languages in clauses.items():
        for lang, parts in languages.items():
            for _ in range(PROMPTS if lang == "en" else round(PROMPTS * OTHER_LANGUAGE)):
                asks = rng.sample(parts["ask"], 1 if rng.random() < 0.6 else 2)
                about = [rng.choice(parts["what"])] if rng.random() < 0.7 else []
                words = [choose(clause, rng) for clause in (about + asks if rng.random() < 0.8 else asks + about)]
                template = Template(target, lang, _around(words, rng.choice(PAYLOADS[target]), rng), "train")
                found.append((template, f"template:clauses:{target}:{lang}:{parts['ask'].index(asks[0])}"))
    return found


def _around(words: list[str], payload: str, rng: random.Random) -> str:
    """Put a payload before, behind or between clauses."""
    if not payload:
        return " ".join(words)
    place = rng.choice((0, len(words), len(words), rng.randint(0, len(words))))
    before, after = " ".join(words[:place]), " ".join(words[place:])
    return rng.choice(BETWEEN).join(part for part in (before, payload, after) if part)
