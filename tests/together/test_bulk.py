"""The bulk of a run's own groups is found beside a campaign, and far from the reference."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import ndtr

from stillwatch.bits import empirical_null
from stillwatch.together.bulk import central_null

SEED = 20261129


def test_the_central_null_is_not_moved_by_a_campaign_that_owns_a_third() -> None:
    pick = np.random.default_rng(SEED)
    z = pick.normal(0.2, 1.2, 2_000)
    clean, dirty = central_null(z), central_null(np.concatenate([z, pick.normal(-5.0, 1.0, 1_000)]))
    assert clean == pytest.approx((0.2, 1.2), abs=0.15), f"seed {SEED}"
    assert dirty == pytest.approx(clean, abs=0.15), f"seed {SEED}"
    assert empirical_null(np.concatenate([z, np.full(1_000, -5.0)]))[1] > 2


def test_the_central_null_of_a_run_far_from_the_reference_is_its_own_bulk() -> None:
    pick = np.random.default_rng(SEED)
    assert central_null(pick.normal(-6.0, 1.0, 1_000)) == pytest.approx((-6.0, 1.0), abs=0.15), f"seed {SEED}"


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [np.nan, 1.0, 2.0, 3.0], [np.inf, 1.0, 2.0, 3.0]])
def test_too_few_values_and_what_is_no_number_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        central_null(values)


def test_the_central_null_is_to_the_last_bit_what_scipy_finds_by_its_own_differences() -> None:
    pick, edges = np.random.default_rng(SEED), np.linspace(-2.0, 2.0, 41)
    for size in (8, 9, 12, 30, 300):
        z = pick.standard_t(3, size) * pick.uniform(0.2, 2.0) + pick.normal(0.0, 0.5)
        counts = np.histogram(z, edges)[0]

        def loss(null: np.ndarray, counts: np.ndarray = counts) -> float:
            inside = np.maximum(np.diff(ndtr((edges - null[0]) / null[1])), np.finfo(float).tiny)
            return float(-counts @ np.log(inside / inside.sum()) / counts.sum())

        best = minimize(loss, (0.0, 1.0), method="L-BFGS-B", bounds=((-2.0, 2.0), (0.1, 10.0))).x
        assert tuple(best.tolist()) == central_null(z), f"seed {SEED}, {size} values"
