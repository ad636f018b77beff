"""What trains the target classifier does not repeat what it is scored on."""

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from target_prompt import TEST, TRAIN, Prompt
from target_reading import UNSURE, digest, load_written, readings
from target_sources import RULES, load_prompts, load_rows, sent
from target_templates import SLOT, choose, load_templates

from stillwatch.types import TARGETS

WRITTEN = ("composed.tsv", "everyday.tsv")  # files with templates of both splits
WORDS_IN_A_ROW, SIGNS_IN_A_ROW = 5, 8
WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS = 8, 14  # real texts share more by chance than what was written as a prompt
DRAWS = 40
SEED = 3
COLUMNS = pa.schema({name: pa.string() for name in ("source", "text", "label", "lang")} | {"turn": pa.int64()})
HELD_OUT_SETS = {"mt_bench", "belle:eval_set"}  # quoted by sets for training, whose texts were read
SIGNS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af\u3001\u3002\uff0c\uff1a\uff1f]+")


@pytest.fixture(scope="module")
def prompts(shared_data: Path) -> list[Prompt]:
    """Every labelled prompt of the shared data, as it is trained and scored on."""
    return load_prompts(shared_data)


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


def _held_out(prompts: list[Prompt]) -> set[str]:
    """Every run of eight words (fourteen signs) of a held-out prompt."""
    return _runs((row.text for row in prompts if row.split == TEST), WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS)


def test_broad_templates_do_not_repeat_what_is_held_out(prompts: list[Prompt]) -> None:
    """No five words (eight signs) in a row stand in a held-out prompt and in none for training; no eight at all."""
    broad = _drawn("broad.tsv", TRAIN)
    runs = {
        split: _runs(row.text for row in prompts if row.split == split)
        | _runs(part for name in WRITTEN for part in _drawn(name, split))
        for split in ("train", "test")
    }
    assert _runs(broad) & (runs["test"] - runs["train"]) == set()
    assert _runs(broad, WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS) & _held_out(prompts) == set()


def test_written_prompts_do_not_repeat_what_is_held_out_or_simulated(
    prompts: list[Prompt], campaign_phrases: list[str]
) -> None:
    """No eight words of a held-out prompt, nor five of a held-out template or of a campaign's phrases."""
    told, held_out = load_written(), _held_out(prompts)
    assert len(held_out) > len(prompts)
    assert _runs((row.text for row in told), WORDS_OF_STRANGERS, SIGNS_OF_STRANGERS) & held_out == set()
    templates = _runs(part for name in WRITTEN for part in _drawn(name, "test"))
    assert _runs(row.text for row in told) & (templates | _runs(_chosen(campaign_phrases))) == set()


def test_nothing_is_both_trained_on_and_held_out(prompts: list[Prompt]) -> None:
    """Sets quote each other: no text is on both sides, whoever labelled it, and those that were read are there."""
    texts = {split: {row.text for row in prompts if row.split == split} for split in (TRAIN, TEST)}
    assert (texts[TRAIN] | {row.text for row in load_written()}) & texts[TEST] == set()
    assert len({digest(text) for text in texts[TRAIN]} & set(readings())) > 2500


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("creative_writing", ("instruction_following", TEST, "arena-hard-v2.0")),
        ("", ("coding", TRAIN, "read:arena-hard-v2.0:{digest}")),
    ],
)
def test_a_text_that_a_rule_holds_out_is_not_taken_as_read(
    prompts: list[Prompt], tmp_path: Path, label: str, expected: tuple[str, str, str]
) -> None:
    """Its reader's label trains only where no rule for the test claims the text."""
    read = next(row for row in prompts if row.source.startswith("read:arena-hard-v0.1") and row.target == "coding")
    rows = {file: list[dict[str, object]]() for file in {rule.file for rule in RULES}}
    rows["benign_arena_hard"] = [{"source": "arena-hard-v2.0", "text": read.text, "label": label, "lang": "en"}]
    for file, of_file in rows.items():
        pq.write_table(pa.Table.from_pylist(of_file, COLUMNS), tmp_path / f"{file}.parquet")
    target, split, source = expected
    found = [(row.target, row.split, row.source) for row in load_prompts(tmp_path)]
    assert found == [(target, split, source.format(digest=digest(read.text)))]


def test_what_readers_said_moves_no_held_out_prompt(shared_data: Path, prompts: list[Prompt]) -> None:
    """Held-out prompts and their labels are the rules' alone, with or without readers."""
    assert [row for row in prompts if row.split == TEST] == [
        row for row in load_prompts(shared_data, read=()) if row.split == TEST
    ]
    assert {row.split for row in prompts if row.source.startswith("read:")} == {TRAIN}


def test_only_texts_of_sources_for_training_were_read(shared_data: Path) -> None:
    """Every digest is of a text of a source that trains, and none of AlpacaEval, which may not be used for trade."""
    places = defaultdict[str, set[str]](set)
    for file in {rule.file for rule in RULES}:
        for row in load_rows(shared_data, file):
            places[digest(sent(row))].add(row["source"])
    assert [told for told in readings() if not places.get(told, set()) - HELD_OUT_SETS] == []
    of_alpaca = {told for told, sources in places.items() if any(name.startswith("alpaca_eval") for name in sources)}
    assert len(of_alpaca) > 700
    assert of_alpaca & set(readings()) == set()


def test_written_prompts_are_labelled_targets_for_training() -> None:
    """Their labels are targets, and none is held out; labels of prompts that were read are targets, too, or unsure."""
    written = load_written()
    assert {row.target for row in written} <= set(TARGETS)
    assert {row.split for row in written} == {"train"}
    assert {told.target for told in readings().values()} <= {*TARGETS, UNSURE}
