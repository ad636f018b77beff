"""What trains the target classifier does not repeat what it is scored on."""

import random
import re
from collections.abc import Iterable
from pathlib import Path

from target_reading import UNSURE, digest, load_written, readings
from target_sources import load_prompts
from target_templates import SLOT, choose, load_templates

from stillwatch.types import TARGETS

WRITTEN = ("composed.tsv", "everyday.tsv")  # files with templates of both splits
WORDS_IN_A_ROW, SIGNS_IN_A_ROW = 5, 8
WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS = 8, 14  # real texts share more by chance than what was written as a prompt
DRAWS = 40
SEED = 3
SIGNS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af\u3001\u3002\uff0c\uff1a\uff1f]+")


def _runs(texts: Iterable[str], most_words: int = WORDS_IN_A_ROW, most_signs: int = SIGNS_IN_A_ROW) -> set[str]:
    """Every run of so many words and, where words are not set apart, of so many signs."""
    found: set[str] = set()
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        found |= {" ".join(words[k : k + most_words]) for k in range(len(words) - most_words + 1)}
        for run in SIGNS.findall(text):
            found |= {run[k : k + most_signs] for k in range(len(run) - most_signs + 1)}
    return found


def _drawn(name: str, split: str) -> list[str]:
    """Parts between the slots of a file's templates, their choices drawn many times."""
    rng = random.Random(SEED)
    templates = [template.text for template in load_templates(name) if template.split == split]
    parts = [SLOT.sub("\0", choose(text, rng)).split("\0") for text in templates for _ in range(DRAWS)]
    return [part for one in parts for part in one]


def _chosen(texts: list[str]) -> list[str]:
    """Texts with their choices drawn many times."""
    rng = random.Random(SEED)
    return [choose(text, rng) for text in texts for _ in range(DRAWS)]


def test_broad_templates_do_not_repeat_what_is_held_out(shared_data: Path) -> None:
    """No five words (eight signs) in a row stand in a held-out prompt and in no prompt for training."""
    prompts = load_prompts(shared_data)
    runs = {
        split: _runs(row.text for row in prompts if row.split == split)
        | _runs(part for name in WRITTEN for part in _drawn(name, split))
        for split in ("train", "test")
    }
    assert _runs(_drawn("broad.tsv", "train")) & (runs["test"] - runs["train"]) == set()


def test_written_prompts_do_not_repeat_what_is_held_out_or_simulated(
    shared_data: Path, campaign_phrases: list[str]
) -> None:
    """No eight words of a held-out prompt, nor five of a held-out template or of a campaign's phrases."""
    told, prompts = load_written(), load_prompts(shared_data)
    held_out = _runs((row.text for row in prompts if row.split == "test"), WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS)
    assert _runs((row.text for row in told), WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS) & held_out == set()
    templates = _runs(part for name in WRITTEN for part in _drawn(name, "test"))
    assert _runs(row.text for row in told) & (templates | _runs(_chosen(campaign_phrases))) == set()


def test_nothing_is_both_trained_on_and_held_out(shared_data: Path) -> None:
    """Sets quote each other: no text is on both sides, whoever labelled it, and those that were read are there."""
    prompts = load_prompts(shared_data)
    texts = {split: {row.text for row in prompts if row.split == split} for split in ("train", "test")}
    assert texts["train"] & texts["test"] == set()
    assert len({digest(text) for text in texts["train"]} & set(readings())) > 3000


def test_written_prompts_are_labelled_targets_for_training() -> None:
    """Their labels are targets, and none is held out; labels of prompts that were read are targets, too, or unsure."""
    written = load_written()
    assert {row.target for row in written} <= set(TARGETS)
    assert {row.split for row in written} == {"train"}
    assert {told.target for told in readings().values()} <= {*TARGETS, UNSURE}
