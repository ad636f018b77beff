"""The clauses and broad templates that train the target classifier are no echo of what the simulator writes."""

import random
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from target_clauses import clause_templates
from target_templates import FOLDER, SLOT, choose, load_templates

WORDS_IN_A_ROW = 4
SEED = 3


def _runs(texts: Iterable[str], draws: int = 60) -> set[tuple[str, ...]]:
    """Every run of four words in texts whose choices are drawn many times."""
    rng, found = random.Random(SEED), set()
    for text in texts:
        for _ in range(draws):
            words = re.findall(r"\w+", choose(text, rng).lower())
            found |= {tuple(words[k : k + WORDS_IN_A_ROW]) for k in range(len(words) - WORDS_IN_A_ROW + 1)}
    return found


def test_no_four_words_of_a_clause_stand_in_a_row_in_a_campaigns_phrases(
    campaign_phrases: list[str], texts_in: Callable[[Any], list[str]]
) -> None:
    """Training on the words of the traffic that the demo is judged by would be testing on the training data."""
    clauses = tomllib.loads((FOLDER / "clauses.toml").read_text(encoding="utf-8"))
    assert _runs(texts_in(clauses)) & _runs(campaign_phrases) == set()


def test_no_four_words_of_a_broad_template_stand_in_a_row_in_a_campaigns_phrases(campaign_phrases: list[str]) -> None:
    """The same holds for whole prompts that were written to be as unlike each other as those of strangers."""
    broad = [template.text for template in load_templates("broad.tsv")]
    assert _runs(broad) & _runs(campaign_phrases) == set()


def test_broad_templates_are_for_training_alone() -> None:
    """None of them is held out, so what is scored was not written together with them."""
    assert {template.split for template in load_templates("broad.tsv")} == {"train"}


def test_composed_templates_resolve_every_choice_and_are_the_same_each_time() -> None:
    """A seed gives the same templates, none with a choice left open, all for training."""
    first, second = (clause_templates(random.Random(SEED)) for _ in range(2))
    assert first == second
    assert {template.split for template, _ in first} == {"train"}
    assert [t.text for t, _ in first if re.search(r"\[[^\]]*\|", SLOT.sub("", t.text))] == []
