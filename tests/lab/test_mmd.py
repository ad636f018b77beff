"""The window test of arXiv 2606.05725: the statistic against known values, its null, its power, its fast form."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "lab"))
mmd = importlib.import_module("baselines.mmd")

MEDIAN = 1.3


def one_kernel(x: np.ndarray, y: np.ndarray) -> float:
    squared = float(((x - y) ** 2).sum())
    return float(np.mean([np.exp(-squared / (2 * (times * MEDIAN) ** 2)) for times in (0.5, 1, 2, 4)]))


def double_loop(x: np.ndarray, y: np.ndarray) -> float:
    def own(rows: np.ndarray) -> float:
        n = len(rows)
        return sum(one_kernel(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    cross = sum(one_kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    return own(x) + own(y) - 2 * cross


def points(seed: int, rows: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((rows, 5)) + shift).astype(np.float32)


def test_two_pairs_of_points_give_the_value_worked_out_by_hand() -> None:
    """{0, 1} against {0, 3} at median 1: k(1) + k(3) - (1 + k(3) + k(1) + k(2)) / 2."""

    def k(distance: float) -> float:
        return sum(np.exp(-(distance**2) / (2 * sigma**2)) for sigma in (0.5, 1.0, 2.0, 4.0)) / 4

    left, right = np.array([[0.0], [1.0]], np.float32), np.array([[0.0], [3.0]], np.float32)
    expected = k(1) + k(3) - (1 + k(3) + k(1) + k(2)) / 2
    assert expected == pytest.approx(0.648399 + 0.272650 - (1 + 0.272650 + 0.648399 + 0.406175) / 2, abs=2e-6)
    assert mmd.mmd2(left, right, 1.0) == pytest.approx(expected, abs=1e-6)


def test_the_fast_form_is_the_double_loop() -> None:
    """Linear algebra over a kernel matrix and two sums over places give one number, repeats included."""
    rows = points(1, 12)
    left, right = np.array([0, 1, 1, 4, 7]), np.array([2, 3, 5, 5, 5, 11])
    gram = mmd.kernel(rows, rows, MEDIAN)
    fast = mmd.paired_mmd2(gram, mmd.counted([left], 12), mmd.counted([right], 12))
    assert fast[0] == pytest.approx(double_loop(rows[left], rows[right]), abs=1e-6)
    assert mmd.mmd2(rows[left], rows[right], MEDIAN) == pytest.approx(fast[0], abs=1e-6)


def test_its_mean_is_zero_when_both_samples_come_from_one_law() -> None:
    """Over 400 pairs of samples of 25 the mean lies within 4 standard errors of 0 (seeds 0 to 799)."""
    values = np.array([mmd.mmd2(points(2 * s, 25), points(2 * s + 1, 25), MEDIAN) for s in range(400)])
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean()) < 4 * error
    assert values.min() < 0 < values.max()


def test_a_shifted_law_is_found_and_the_same_law_is_not() -> None:
    """Windows of 40 shifted by one standard deviation are all flagged; of unshifted ones at most 5 in 50 are."""
    pick = np.random.default_rng(3)
    rows = np.concatenate([points(4, 400), points(5, 200), points(6, 200, shift=1.0)])
    gram = mmd.kernel(rows, rows, mmd.median_distance(rows[:400], pick))
    reference, benign, shifted = np.arange(400), np.arange(400, 600), np.arange(600, 800)
    threshold = mmd.published_threshold(gram, reference, 40, pick)
    scorer = mmd.Scorer(gram, reference, 40, pick)
    flagged = [
        int((scorer.scores(mmd.counted([mmd.draw(pool, 40, pick) for _ in range(50)], len(rows))) > threshold).sum())
        for pool in (benign, shifted)
    ]
    assert flagged[1] == 50
    assert flagged[0] <= 5


def test_the_recalibrated_threshold_is_the_lower_one() -> None:
    """A mean of 20 varies less than one comparison: the published threshold is too high for it."""
    rows = points(7, 400)
    pick = np.random.default_rng(8)
    gram = mmd.kernel(rows, rows, MEDIAN)
    published = mmd.published_threshold(gram, np.arange(400), 40, pick)
    assert 0 < mmd.recalibrated_threshold(gram, np.arange(400), 40, pick) < published


def test_a_pool_too_small_for_two_windows_is_refused() -> None:
    """The published null needs two disjoint windows."""
    rows = points(9, 30)
    with pytest.raises(ValueError, match="30 reference queries do not hold two windows of 16"):
        mmd.published_threshold(mmd.kernel(rows, rows, MEDIAN), np.arange(30), 16, np.random.default_rng(1))


def test_a_narrowed_kernel_matrix_gives_the_same_number() -> None:
    """Only rows that a pool names matter to its windows."""
    rows = points(10, 20)
    gram = mmd.kernel(rows, rows, MEDIAN)
    pool = np.array([3, 3, 5, 9, 14, 17])
    inner, place = mmd.narrowed(gram, pool)
    whole = mmd.own_mean(gram, mmd.counted([pool], len(gram)))
    assert mmd.own_mean(inner, mmd.counted([place], len(inner)))[0] == pytest.approx(whole[0], abs=1e-7)
