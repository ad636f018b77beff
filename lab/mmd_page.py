"""The page of `mmd_table.py`: cells of scores beside the rows that the paper's result files give."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from baselines.mmd import Floats

PUBLISHED_AT_1500 = {  # TPR in per cent at 5 and at 10 % attackers; 100 from 25 % up
    "ME_BERT_boolq_random": (90.7, 100.0),
    "ME_BERT_boolq_wiki": (4.0, 51.3),
    "Meaeq_AGNEWS": (28.0, 99.3),
    "Meaeq_IMDB": (100.0, 100.0),
}
PUBLISHED_BY_SIZE = {  # five pairs, seed 42: FPR, then TPR at 5, 10, 25 and 50 %
    100: (0.4, 1.2, 4.8, 81.2, 99.2),
    500: (0.4, 15.2, 80.0, 99.6, 100.0),
    1_000: (1.2, 45.2, 87.2, 100.0, 100.0),
    1_500: (0.0, 74.4, 93.6, 100.0, 100.0),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Scores by share of attackers (0: held-out normals) of one design, pair, seed and window size."""

    design: str
    pair: str
    seed: int
    size: int
    published: float
    recalibrated: float
    scores: dict[float, Floats]

    def flagged(self, share: float, threshold: float) -> float:
        """Per cent of windows above a threshold."""
        return float(100 * (self.scores[share] > threshold).mean())

    def area(self, share: float) -> float:
        """AUROC of a share against held-out normals."""
        left, right = self.scores[share][:, None], self.scores[0.0][None, :]
        return float((left > right).mean() + (left == right).mean() / 2)


SHARES = (0.0, 0.05, 0.10, 0.25, 0.50, 1.0)
_HEAD = "| FPR | 5 % | 10 % | 25 % | 50 % | 100 % | AUROC 5 % | 10 % | 25 % |"


def numbers(cells: Sequence[Cell], threshold: str) -> str:
    flagged = [float(np.mean([c.flagged(share, getattr(c, threshold)) for c in cells])) for share in SHARES]
    areas = [float(np.mean([c.area(share) for c in cells])) for share in SHARES[1:4]]
    return " | ".join([*(f"{value:.1f}" for value in flagged), *(f"{value:.3f}" for value in areas)])


def rule(columns: int) -> str:
    return "|" + "---|" * columns


def at_1500(cells: Sequence[Cell]) -> list[str]:
    lines = [f"| pair | threshold {_HEAD}", rule(11)]
    pairs = [[c for c in cells if c.pair == pair and c.size == 1_500] for pair in PUBLISHED_AT_1500]
    for pair, own in zip(PUBLISHED_AT_1500, pairs, strict=True):
        five, ten = PUBLISHED_AT_1500[pair]
        lines.append(f"| {pair} | **paper** | - | {five} | {ten} | 100.0 | 100.0 | 100.0 | - | - | - |")
        lines += [f"| | ours, {t} | {numbers(own, t)} |" for t in ("published", "recalibrated")]
    paper = np.mean(list(PUBLISHED_AT_1500.values()), axis=0)
    shown = f"{paper[0]:.1f} | {paper[1]:.1f} | 100.0 | 100.0 | 100.0"
    lines.append(f"| mean of the four | **paper** | - | {shown} | - | - | - |")
    every = [cell for own in pairs for cell in own]
    return [*lines, *(f"| | ours, {t} | {numbers(every, t)} |" for t in ("published", "recalibrated"))]


def by_size(cells: Sequence[Cell]) -> list[str]:
    lines = [f"| window | threshold {_HEAD}", rule(11)]
    for size in sorted({c.size for c in cells}):
        if size in PUBLISHED_BY_SIZE:
            row = " | ".join(f"{value:.1f}" for value in PUBLISHED_BY_SIZE[size])
            lines.append(f"| {size:,} | **paper** (five pairs, seed 42) | {row} | - | - | - | - |")
        own = [c for c in cells if c.size == size]
        lines += [f"| {size:,} | ours, {t} | {numbers(own, t)} |" for t in ("published", "recalibrated")]
    return lines


def by_pair(cells: Sequence[Cell], sizes: Iterable[int]) -> list[str]:
    lines = [f"| pair | window | threshold {_HEAD}", rule(12)]
    for pair in PUBLISHED_AT_1500:
        for size in sizes:
            own = [c for c in cells if c.pair == pair and c.size == size]
            if own:
                lines += [f"| {pair} | {size:,} | {t} | {numbers(own, t)} |" for t in ("published", "recalibrated")]
    return lines


@dataclass(frozen=True, slots=True)
class Encoder:
    """Whose vectors a page is about: command that made it, name, how it differs from the paper's, and what follows."""

    command: str
    name: str
    difference: str
    reason: str


HASHED = Encoder(
    "python lab/mmd_table.py",
    "hashed n-grams, TF-IDF, SVD to 384",
    """Not its sentence encoder: words, word pairs and runs of four bytes, with weights
and 384 directions learnt from sentences of an encyclopedia and prompts of an arena.""",
    """Why they differ, as far as the numbers say. `boolq_wiki` and `IMDB` land within 3 points of the paper.
`boolq_random` is word salad: its words are ordinary and only their order is not, which a bag of n-grams hardly sees
and a sentence encoder does. `AGNEWS` attackers are sentences on the same subjects as the news; our vectors hold more
of the wording and less of the subject.""",
)


def page(cells: Sequence[Cell], encoder: Encoder) -> str:
    parts = {kind: [c for c in cells if c.design == kind] for kind in ("redrawn", "disjoint", "dev")}
    blocks = ["\n".join(at_1500(parts["redrawn"])), "\n".join(by_size(parts["redrawn"]))]
    blocks += ["\n".join(by_pair(parts["dev"], (100, 500, 1_000, 1_500))), "\n".join(by_size(parts["disjoint"]))]
    return TEXT.format(
        *blocks, command=encoder.command, encoder=encoder.name, difference=encoder.difference, reason=encoder.reason
    )


TEXT = """# The window test of arXiv 2606.05725, beside its own rows

`{command}` (about five minutes on one core). Vectors: {encoder}.
Per cent of 50 windows flagged, mean of seeds 1, 20 and 42. FPR: windows of held-out normals. `published` and
`recalibrated` are the two thresholds of `lab/baselines/mmd.py`; both ask for a nominal 5 % of false alarms.
Paper rows are recomputed from the result files of its repository, which give no FPR or AUROC by pair.

**What differs from the paper.** (1) {difference} (2) Only its held-out fifth of the
normals is at hand, 1,887 to 2,000 a pair: too few for two disjoint windows of 1,500. (3) Four of fourteen pairs.

## Windows of 1,500, redrawn normals

Five times as many normals are drawn with repeats from the fifth at hand, then split 80/20: the paper's pool sizes and
protocol. The reference therefore holds the very queries that are tested, which the paper's does not.

{0}

{reason} The published threshold is too high for its score (a single comparison against a mean of
20), in our run as in the paper: re-calibrated, FPR stays at or below the nominal 5 % on three pairs and on average.

## By window size, redrawn normals, mean of the four pairs

{1}

The paper's rows are means of five pairs that include ours in part only; compare shapes, not digits.

## Nothing drawn twice: disjoint pools

60 % of the normals are the reference, 40 % held out, windows of at most 500. Where both designs exist they agree
within the spread of seeds: redrawing is not what moves the numbers above.

{3}

## A reference of other traffic of the same kind

BoolQ only: all 1,887 normals (training questions) are held out, the reference is 3,270 development questions in the
same layout. This is the monitor's real position: the reference is not a random half of what it will judge.

{2}

From windows of 500 on, innocent windows are flagged more and more; at 1,500 nearly all are, as windows of one small
pool all carry its one deviation. What makes the two sets differ was not separated (another split, a copy from another
repository; 212 passages occur in both). FPR of 0.3 % is the rate on a random
split of one data set; with one neighbouring set, and this encoder, it was far higher.
"""
