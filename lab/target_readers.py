"""How far careful readers agree with the labels that the target classifier is scored on: what can be reached at all.

Usage: target_readers.py. Two readers (language models that were given the definitions of docs/reference/targets.md and
the prompts, nothing else) labelled 440 held-out prompts, 40 of each target. In: lab/targets/readers.parquet (digest of
the text, what each said). Prints macro-F1 of each, of both against each other, and of the shipped weights on the same.
"""

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from target_prompt import Prompt
from target_reading import FOLDER, digest
from target_scores import HEADS, Scored, macro_f1
from target_sources import load_prompts
from train_targets import ROOT, SEED, of_split, scores

from stillwatch.taking.targets import load_projection
from stillwatch.types import TARGETS


def held_out() -> Mapping[str, Prompt]:
    """Every held-out prompt, by digest."""
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", ROOT.parent / "shared/data"))
    test, _ = of_split("test", load_prompts(folder), folder, random.Random(SEED + 2))
    return {digest(row.text): row for row in test}


def agreement(prompts: Sequence[Prompt], said: Sequence[str]) -> str:
    """Macro-F1 and accuracy of what somebody said, against the prompts' labels."""
    sure = np.zeros((len(prompts), HEADS), np.float32)
    sure[np.arange(len(prompts)), [TARGETS.index(target) for target in said]] = 1
    right = np.mean([row.target == target for row, target in zip(prompts, said, strict=True)])
    return f"macro-F1 {macro_f1(Scored(prompts, sure)):.3f}, {right:.3f} right"


def main() -> None:
    known = held_out()
    rows = [row for row in pq.read_table(FOLDER / "readers.parquet").to_pylist() if row["digest"] in known]
    prompts = [known[row["digest"]] for row in rows]
    print(f"{len(rows)} prompts")
    for reader in ("first", "second"):
        print(f"{reader} reader: {agreement(prompts, [row[reader] for row in rows])}")
    weights = load_projection()
    scored = Scored(prompts, scores(prompts, weights.weights, weights.scale, weights.bias))
    print(f"the classifier: {agreement(prompts, [TARGETS[k] for k in scored.guess()])}")


if __name__ == "__main__":
    main()
