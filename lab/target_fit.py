"""The linear model of targets, fitted: hashed features to heads.

In: rows of features, labels. Out: `Linear`, weights of every head. A low rate and few epochs are the regularisation
that paid on training sources left out: twice the rate fits the sources and not the targets.
"""

# Compiled functions are typed by the values they are called with.
# mypy: disable-error-code="no-untyped-def,operator"

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from stillwatch.types import TARGETS

CLASSES = len(TARGETS)
OUTPUTS = CLASSES + 2  # behind the targets: asks for its reasoning, asks for an answer to be judged
SMOOTHING = 0.05  # share of the truth that is given to all targets alike
STRETCH = 30.0  # means of sparse rows are small numbers
DROPPED = 0.3  # share of a prompt's features left out, other ones in each epoch
RATE, EPOCHS = 0.01, 8

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """outputs = features @ weights + bias. weights: [features, OUTPUTS]."""

    weights: Floats
    bias: Floats

    def outputs(self, matrix: csr_matrix) -> Floats:
        """Logits of every head, [n, OUTPUTS]."""
        return np.asarray(matrix @ self.weights + self.bias, np.float32)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of n prompts. targets: [n]; asks: [n, 2] of 1, 0 or -1 (unknown); share: weight of each [n]."""

    targets: npt.NDArray[np.int64]
    asks: npt.NDArray[np.int64]
    share: Floats

    def only(self, rows: npt.NDArray[np.int64]) -> "Known":
        """Keep some prompts."""
        return Known(self.targets[rows], self.asks[rows], self.share[rows])


def fit(matrix: csr_matrix, known: Known, seeds: tuple[int, ...]) -> Linear:
    """Fit every head at once, and average over the seeds; the same input gives the same weights.

    Source:  Duchi, Hazan and Singer 2011 (AdaGrad); Wager, Wang and Liang 2013 (dropout); Szegedy et al. 2016
             (label smoothing).
    """
    runs = [_run(matrix, known, seed) for seed in seeds]
    weights = np.mean([weights for weights, _ in runs], axis=0, dtype=np.float32)
    return Linear(
        np.asarray(weights * np.float32(STRETCH), np.float32),
        np.mean([bias for _, bias in runs], axis=0, dtype=np.float32),
    )


def _run(matrix: csr_matrix, known: Known, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    weights, bias = np.zeros((matrix.shape[1], OUTPUTS), np.float32), np.zeros(OUTPUTS, np.float32)
    seen, seen_bias = np.full_like(weights, 1e-4), np.full_like(bias, 1e-4)
    rows = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), (matrix.data * STRETCH).astype(np.float32))
    truth = (known.targets, known.asks, known.share)
    for epoch in range(EPOCHS):
        order = rng.permutation(matrix.shape[0])
        pace = np.float32(RATE * (1 - 0.8 * epoch / EPOCHS))
        _epoch(rows, truth, order, (weights, bias), (seen, seen_bias), pace, seed + epoch)
    return weights, bias


@nb.njit(error_model="numpy")
def _slopes(logits, target, asks, weight):
    """Turn logits into the slope of the loss, in place."""
    best, total = logits[:CLASSES].max(), 0.0
    for k in range(CLASSES):
        total += np.exp(logits[k] - best)
    for k in range(CLASSES):
        wanted = SMOOTHING / CLASSES + (1 - SMOOTHING) * (k == target)
        logits[k] = weight * (np.exp(logits[k] - best) / total - wanted)
    for k in range(2):
        said = 1 / (1 + np.exp(-logits[CLASSES + k]))
        logits[CLASSES + k] = weight * (said - asks[k]) if asks[k] >= 0 else 0.0


@nb.njit(error_model="numpy")
def _epoch(rows, truth, order, model, seen, pace, seed):
    """Walk once over the prompts, one at a time, and learn from each."""
    indptr, indices, values = rows
    targets, asks, share = truth
    weights, bias = model
    squares, squares_bias = seen
    np.random.seed(seed)
    scale = np.float32(1 / (1 - DROPPED))
    logits = np.zeros(OUTPUTS, np.float32)
    for row in order:
        begin, end = indptr[row], indptr[row + 1]
        kept = np.random.random(end - begin) >= DROPPED
        logits[:] = bias
        for at in range(begin, end):
            if kept[at - begin]:
                for k in range(OUTPUTS):
                    logits[k] += values[at] * scale * weights[indices[at], k]
        _slopes(logits, targets[row], asks[row], share[row])
        for k in range(OUTPUTS):
            squares_bias[k] += logits[k] ** 2
            bias[k] -= pace * logits[k] / np.sqrt(squares_bias[k])
        for at in range(begin, end):
            if kept[at - begin]:
                place = indices[at]
                for k in range(OUTPUTS):
                    change = logits[k] * values[at] * scale
                    squares[place, k] += change * change
                    weights[place, k] -= pace * change / np.sqrt(squares[place, k])
