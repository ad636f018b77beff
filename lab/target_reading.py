"""Prompts that were written, and real ones that were labelled by reading them, to train the target classifier on.

In: lab/targets/written.parquet, lab/targets/read.parquet (a digest of each text that was read, with its label), and the
shared data folder. Out: labelled prompts, all for training. How both were made: lab/targets/written.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
from target_prompt import TRAIN, Prompt
from target_templates import LANGUAGES

FOLDER = Path(__file__).parent / "targets"
UNSURE = "unsure"  # two careful people would not agree


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader said of a prompt. asks: whether it asks for its reasoning to be written out."""

    target: str
    asks: bool


def digest(text: str) -> str:
    """Name a text without repeating it: some of the data may not be copied."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def readings() -> Mapping[str, Reading]:
    """What readers said of real prompts, by `digest`."""
    rows = pq.read_table(FOLDER / "read.parquet").to_pylist()
    return {row["digest"]: Reading(row["target"], row["asks"]) for row in rows}


def load_written() -> list[Prompt]:
    """Read the written prompts; each is a source of its own."""
    rows = pq.read_table(FOLDER / "written.parquet").to_pylist()
    return [
        _prompt(row["text"], Reading(row["target"], row["asks"]), f"written:{row['voice']}:{place}", row["lang"])
        for place, row in enumerate(rows)
    ]


def read_prompt(text: str, source: str, lang: str) -> Prompt | None:
    """Give a real prompt the label of its reader; None if nobody was sure."""
    told = readings()[digest(text)]
    return None if told.target == UNSURE else _prompt(text, told, f"read:{source}:{digest(text)}", lang)


def voice(source: str) -> str:
    """Name what a source shares its wording with: one writer's prompts, one data set's; a template is alone."""
    one = source.startswith(("written:", "read:"))
    return source.rpartition(":")[0] if one else source


def _prompt(text: str, told: Reading, source: str, lang: str) -> Prompt:
    spoken = lang if lang in LANGUAGES else "en"
    return Prompt(text, told.target, TRAIN, source, spoken, int(told.asks), int(told.target == "grading"))
