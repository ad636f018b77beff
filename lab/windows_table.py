"""The window test on the pairs of arXiv 2606.05725 that can be had, beside MMD on the same windows; and split accounts.

Usage: windows_table.py PART [--pair NAME] [--out FILE]: measures PART (pooled, split, null) and appends rows to a
JSON Lines file; `windows_page.py` makes the page. `pooled`: other texts of the same data sets join the paper's held-out
fifth (BoolQ's development questions, and more_normals_2606_05725.parquet where it is), windows of 100 and 1,500.
`split`: see `windows_split.py`. `null`: benign windows of four data sets that are not reported, from which the
threshold of 3.5 bits was read.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from baselines import mmd
from baselines.ngram_vectors import NgramVectors
from mmd_table import LEARNT_FROM, PAIRS, SHARED, development_questions, texts_of
from windows_split import split_rows

from stillwatch.sketch import word_lists
from stillwatch.windows import Features, coded, compare

OUT = Path(__file__).parent / "results/windows.jsonl"
MORE = SHARED / "more_normals_2606_05725.parquet"
SHARES = {100: (0.05, 0.10, 0.25), 1_500: (0.05, 0.10)}  # by windows of this size
SPLITS = 10
BENIGN, ATTACKED = 40, 5  # windows a split, and a share
MMD_SPLITS = 2
FEWEST_HELD_OUT = 2_000
NULL_SETS = ("task_text_wiki_sents", "benign_bot_clinc150", "benign_dev_nl2bash", "harvest_cot")
NULL_TEXTS, NULL_ROUNDS = 7_000, 60
MOST_ATTACKERS = 2_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Normals come first, then attackers."""

    pair: str
    texts: list[str]
    normals: int


def corpus(pair: str) -> Corpus:
    normals = texts_of("pairs_2606_05725", f"mmd-pair:{pair}", "heldout_benign")
    normals += development_questions() if "boolq" in pair else _more(pair)
    attackers = texts_of("pairs_2606_05725", f"mmd-pair:{pair}", "attacker")
    normals, attackers = list(dict.fromkeys(normals)), list(dict.fromkeys(attackers))[:MOST_ATTACKERS]
    return Corpus(pair, normals + attackers, len(normals))


def _more(pair: str) -> list[str]:
    if not MORE.exists():
        return []
    rows = pq.read_table(MORE, filters=[("pair", "=", pair)])
    return [str(text) for text in rows["text"].to_pylist()]


def features_of(texts: list[str]) -> Features:
    listed = word_lists(pa.array(texts))
    characters = np.array([len(text) for text in texts], np.float64)
    return coded(listed.starts, listed.words, listed.edge_starts, listed.edges, listed.shapes, characters)


def windows_of(known: Corpus, held_out: mmd.Rows, size: int, pick: np.random.Generator) -> list[tuple[float, mmd.Rows]]:
    """Benign windows, and windows with each share of attackers, in which attackers come last."""
    made = []
    for share in (0.0, *SHARES[size]):
        foreign = round(share * size)
        for _ in range(ATTACKED if share else BENIGN):
            own = pick.choice(held_out, size - foreign, replace=False)
            taken = known.normals + pick.choice(len(known.texts) - known.normals, foreign, replace=False)
            made.append((share, np.concatenate([own, taken])))
    return made


def measured(known: Corpus, part: str) -> Iterator[list[dict[str, object]]]:
    """Every window of each split: our bits and carriers, and MMD's two verdicts in the first splits."""
    features = features_of(known.texts)
    gram: mmd.Vectors | None = None
    for split in range(SPLITS):
        pick = np.random.default_rng([split, PAIRS.index(known.pair), len(part)])
        order = pick.permutation(known.normals)
        for size in SHARES:
            cut = max(known.normals // 5, FEWEST_HELD_OUT)
            held_out, reference = order[:cut], order[cut:]
            if len(reference) < size:
                continue
            windows = windows_of(known, held_out, size, pick)
            rows = [_ours(known, features, reference, w, part, split, share) for share, w in windows]
            if split < MMD_SPLITS and len(reference) >= 2 * size:
                gram = _gram(known.texts, reference, pick) if gram is None else gram
                _add_mmd(rows, gram, reference, [w for _, w in windows], pick)
            yield rows


def benign_rows(name: str) -> Iterator[list[dict[str, object]]]:
    """Windows cut at random out of one data set, the rest is the reference: three of 100, two of 1,500 a round."""
    source = "alpaca-cot:creak_train" if name == "harvest_cot" else ""
    features = features_of(texts_of(name, source)[:NULL_TEXTS])
    pick = np.random.default_rng(77)
    for _ in range(NULL_ROUNDS):
        rows = list[dict[str, object]]()
        for size in (100, 100, 100, 1_500, 1_500):
            order = pick.permutation(len(features))
            bits = compare(features, order[size:], order[:size]).bits
            rows.append({"part": "null", "pair": name, "size": size, "share": 0.0, "bits": round(bits, 3)})
        yield rows


def _ours(  # noqa: PLR0913, PLR0917 - one row of the table
    known: Corpus, features: Features, reference: mmd.Rows, window: mmd.Rows, part: str, split: int, share: float
) -> dict[str, object]:
    found = compare(features, reference, window)
    carriers, foreign = found.carriers(), round(share * len(window))
    first = len(window) - foreign
    return {
        "part": part,
        "pair": known.pair,
        "split": split,
        "size": len(window),
        "share": share,
        "normals": known.normals,
        "bits": round(found.bits, 3),
        "carriers": len(carriers),
        "carriers_foreign": int((carriers >= first).sum()),
        "top_foreign": int((carriers[:foreign] >= first).sum()),
    }


def _gram(texts: list[str], reference: mmd.Rows, pick: np.random.Generator) -> mmd.Vectors:
    encoder = NgramVectors([text for name in LEARNT_FROM for text in texts_of(name, "")], seed=1)
    vectors = encoder.encode(texts)
    return mmd.kernel(vectors, vectors, mmd.median_distance(vectors[reference], pick))


def _add_mmd(
    rows: list[dict[str, object]],
    gram: mmd.Vectors,
    reference: mmd.Rows,
    windows: list[mmd.Rows],
    pick: np.random.Generator,
) -> None:
    size = len(windows[0])
    published = mmd.published_threshold(gram, reference, size, pick)
    own = mmd.recalibrated_threshold(gram, reference, size, pick)
    scores = mmd.Scorer(gram, reference, size, pick).scores(mmd.counted(windows, len(gram)))
    for row, score in zip(rows, scores, strict=True):
        row["mmd"] = float(score)
        row["mmd_published"] = bool(score > published)
        row["mmd_recalibrated"] = bool(score > own)


def _append(parts: Iterator[list[dict[str, object]]], out: Path) -> None:
    """Write what is measured as soon as it is, so that a run that is cut leaves rows."""
    for rows in parts:
        with out.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("part", choices=["pooled", "split", "null"])
    asked.add_argument("--pair", choices=PAIRS, action="append")
    asked.add_argument("--out", type=Path, default=OUT)
    given = asked.parse_args()
    for name in NULL_SETS if given.part == "null" else ():
        _append(benign_rows(name), given.out)
    for pair in () if given.part == "null" else given.pair or PAIRS:
        known = corpus(pair)
        if given.part == "split":
            parts = split_rows(features_of(known.texts), known.normals, pair)
        else:
            parts = measured(known, given.part)
        _append(parts, given.out)
        print(f"{given.part} {pair}: done", flush=True)


if __name__ == "__main__":
    main()
