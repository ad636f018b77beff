"""Scores of the target classifier: tables in Markdown.

In: prompts with the model's scores. Out: text. Macro-F1 is the unweighted mean over targets with at least 20
rows in the slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from target_prompt import Prompt

from stillwatch.sketch import likeliest_targets
from stillwatch.types import TARGETS

HEADS = 16
ENOUGH_ROWS = 20


@dataclass(frozen=True, slots=True)
class Scored:
    """prompts: n; scores: [n, HEADS]."""

    prompts: Sequence[Prompt]
    scores: npt.NDArray[np.float32]

    def truth(self) -> npt.NDArray[np.int64]:
        return np.array([TARGETS.index(row.target) for row in self.prompts])

    def guess(self) -> npt.NDArray[np.int64]:
        return likeliest_targets(self.scores)[0]

    def confidence(self) -> npt.NDArray[np.float64]:
        return likeliest_targets(self.scores)[1].astype(np.float64)

    def only(self, rows: npt.NDArray[np.bool_]) -> "Scored":
        return Scored([row for row, kept in zip(self.prompts, rows, strict=True) if kept], self.scores[rows])


def table(scored: Scored) -> npt.NDArray[np.float64]:
    """Precision, recall, F1 and count of each target, [targets, 4]."""
    counts = confusion(scored)
    hit = np.diag(counts)
    precision = hit / np.maximum(counts.sum(axis=0), 1)
    recall = hit / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return np.stack([precision, recall, f1, counts.sum(axis=1)], axis=1)


def macro_f1(scored: Scored) -> float:
    """Mean F1 over the targets with enough rows; what is said of the rows of others still counts as wrong or right."""
    rows = table(scored)
    return float(rows[rows[:, 3] >= ENOUGH_ROWS, 2].mean())


def accuracy(scored: Scored) -> float:
    """Share of the rows that are right."""
    return float((scored.truth() == scored.guess()).mean()) if len(scored.prompts) else float("nan")


def calibration_error(scored: Scored, bins: int = 10) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins, a fraction."""
    confidence, right = scored.confidence(), scored.truth() == scored.guess()
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].sum() - right[place == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(right))


def slices(scored: Scored) -> dict[str, Scored]:
    """The held-out rows by what they are."""
    composed = np.array([row.source.startswith("template:") for row in scored.prompts])
    foreign = np.array([foreign_words(row) for row in scored.prompts])
    lengths = np.array([len(row.text) for row in scored.prompts])
    low, high = np.quantile(lengths, (1 / 3, 2 / 3))
    return {
        "all held-out rows": scored,
        "whole sources unseen": scored.only(~composed),
        "templates unseen (paraphrases)": scored.only(composed),
        "paraphrases in English": scored.only(composed & ~foreign),
        "not English": scored.only(foreign),
        "not English, real sources": scored.only(foreign & ~composed),
        f"shortest third (under {low:.0f} characters)": scored.only(lengths < low),
        "middle third": scored.only((lengths >= low) & (lengths <= high)),
        f"longest third (over {high:.0f} characters)": scored.only(lengths > high),
    }


def foreign_words(row: Prompt) -> bool:
    """Not English: by its label, or by a tenth of its letters outside ASCII."""
    return row.lang != "en" or sum(ord(letter) > 127 for letter in row.text) > len(row.text) / 10


def report(test: Scored, wrapped: Scored, trained: int, digest: str) -> str:
    """The result as Markdown. digest: names the weights that were scored."""
    lines = [
        "# Target classifier on held-out sources and templates",
        "",
        f"Written by lab/train_targets.py for the weights {digest}.",
        "",
    ]
    lines += [f"Trained on {trained} prompts, scored on {len(test.prompts)} of other sources or templates.", ""]
    lines += ["| target | precision | recall | F1 | rows |", "|---|---|---|---|---|"]
    for target, (precision, recall, f1, count) in zip(TARGETS, table(test), strict=True):
        lines.append(f"| {target} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {count:.0f} |")
    lines += ["", "| slice | macro-F1 over targets with 20 rows or more | accuracy | rows |", "|---|---|---|---|"]
    for name, part in {**slices(test), "wrapped in an unseen scaffold": wrapped}.items():
        lines.append(f"| {name} | {macro_f1(part):.3f} | {accuracy(part):.3f} | {len(part.prompts)} |")
    kept = test.truth() == wrapped.truth()  # a request for the reasoning changes what some prompts take
    flipped = float((test.guess() != wrapped.guess())[kept].mean())
    lines += ["", f"Expected calibration error: {calibration_error(test):.3f}."]
    lines += [f"A scaffold that should not change the target does so for {flipped:.1%} of prompts.", ""]
    lines += ["| head | precision | recall | rows asking | rows |", "|---|---|---|---|---|"]
    both = Scored([*test.prompts, *wrapped.prompts], np.concatenate([test.scores, wrapped.scores]))
    lines += [_head("elicits_reasoning", both, 11, [row.elicits for row in both.prompts])]
    lines += [_head("judges", test, 12, [row.judges for row in test.prompts])]
    return "\n".join([*lines, "", *confusion_table(test), *_by_source(test)])


def _head(name: str, scored: Scored, head: int, known: list[int]) -> str:
    labels = np.array(known)
    rows = labels >= 0
    yes, said = labels[rows] == 1, scored.scores[rows, head] > 0
    precision, recall = (yes & said).sum() / max(1, said.sum()), (yes & said).sum() / max(1, yes.sum())
    return f"| {name} | {precision:.3f} | {recall:.3f} | {yes.sum()} | {rows.sum()} |"


def confusion(scored: Scored) -> npt.NDArray[np.int64]:
    """Count what was said of what, [targets, targets]."""
    counts = np.zeros((len(TARGETS), len(TARGETS)), np.int64)
    np.add.at(counts, (scored.truth(), scored.guess()), 1)
    return counts


def confusion_table(scored: Scored) -> list[str]:
    """The confusion matrix in Markdown."""
    counts = confusion(scored)
    lines = ["Rows: what it is; columns, in the same order: what the classifier says.", ""]
    lines += ["| |" + "|".join(str(target)[:9] for target in TARGETS) + "|", "|---" * (len(TARGETS) + 1) + "|"]
    lines += [f"| {target} |" + "|".join(map(str, row)) + "|" for target, row in zip(TARGETS, counts, strict=True)]
    return [*lines, ""]


def _by_source(scored: Scored) -> list[str]:
    lines = ["| held-out source | target | rows | right | most frequent other answer |", "|---|---|---|---|---|"]
    truth, guess = scored.truth(), scored.guess()
    groups: dict[tuple[str, str], list[int]] = {}
    for row, prompt in enumerate(scored.prompts):
        name = "t0: " + prompt.source[3:].split("_")[0] if prompt.source.startswith("t0:") else prompt.source
        name = "template" if prompt.source.startswith("template:") else name
        name = "flask: " + prompt.target if prompt.source.startswith("flask:") else name
        groups.setdefault((prompt.target, name), []).append(row)
    for (target, name), rows in sorted(groups.items()):
        wrong = [guess[row] for row in rows if guess[row] != truth[row]]
        other = str(TARGETS[np.bincount(wrong).argmax()]) if wrong else ""
        lines.append(f"| {name} | {target} | {len(rows)} | {1 - len(wrong) / len(rows):.2f} | {other} |")
    return [*lines, ""]
