"""P-values, nulls and the check of one's own bits: exact far tails, closed forms, and what is refused."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.bits import (
    EProcess,
    bits,
    calibrate,
    calibrate_bits,
    calibrate_power,
    conformal_p,
    e_bh,
    e_value,
    empirical_null,
    exceedance,
    mean_bits,
    product_bits,
    student_tail_log_p,
)

SEED = 20261124

REFERENCE_TAILS = [  # z, degrees of freedom, ln P(T > z)
    (3.0, 8, -4.7634814370300935),
    (3.0, 200, -6.488043106030738),
    (3.0, 5000, -6.602807240795168),
    (3.0, 1000000.0, -6.607701598412306),
    (12.5, 8, -14.057724120518788),
    (1000, 8, -48.93413424801462),
    (10, 0.5, -2.2892871401439496),
    (5, 30, -11.360346642706574),
    (38, 77.3, -118.23318581483498),
    (50, 1000, -630.586713106949),
    (60, 5000, -1360.5531754877377),
    (100000.0, 1000, -8063.420941601911),
    (20, 1000000.0, -203.8769663196519),
    (50, 1000000.0, -1253.2702122421226),
]


# --- p-values


def test_student_tails_have_their_closed_forms() -> None:
    """One degree of freedom is Cauchy, two are algebraic: ln p far beyond what a float p can hold."""
    z = np.array([0.5, 3.0, 3.1, 40.0, 1e10, 1e180])
    cauchy = np.log(np.arctan2(1.0, z) / np.pi)
    assert student_tail_log_p(z, 1.0, "upper") == pytest.approx(cauchy, rel=1e-12)
    # (1 - z / sqrt(2 + z^2)) / 2 without its cancellation
    root = np.hypot(z, math.sqrt(2.0))
    two = -np.log(root) - np.log(root + z)
    assert student_tail_log_p(z, 2.0, "upper") == pytest.approx(two, rel=1e-12)


def test_student_tails_have_the_reference_values() -> None:
    """From the regularised incomplete beta function at 60 digits (mpmath 1.4.1)."""
    for z, freedom, expected in REFERENCE_TAILS:
        assert student_tail_log_p(z, freedom, "upper") == pytest.approx(expected, rel=1e-10), (z, freedom)


def test_with_many_degrees_of_freedom_the_tail_is_normal() -> None:
    z = np.array([1.0, 3.0, 6.0, 20.0, 40.0])
    assert student_tail_log_p(z, 1e12, "upper") == pytest.approx(stats.norm.logsf(z), rel=1e-7)


@given(st.floats(-8, 8), st.floats(0.5, 500))
def test_tails_mirror_and_agree_with_scipy_where_scipy_can(z: float, freedom: float) -> None:
    upper = student_tail_log_p(z, freedom, "upper")
    assert upper == pytest.approx(float(student_tail_log_p(-z, freedom, "lower")), rel=1e-13)
    assert upper == pytest.approx(math.log(stats.t.sf(z, freedom)), rel=1e-8)


@given(st.floats(0.5, 1e6))
def test_a_farther_distance_never_has_a_larger_p(freedom: float) -> None:
    """Across the switch of formulas at 3, and over 300 orders of magnitude."""
    z = np.concatenate([np.linspace(-5, 5, 201), np.linspace(2.999, 3.001, 21), np.logspace(0.7, 300, 100)])
    log_p = student_tail_log_p(np.sort(z), freedom, "upper")
    assert np.all(np.diff(log_p) <= 0)
    assert np.all(np.isfinite(log_p))


@given(st.lists(st.integers(-3, 3), max_size=20), st.lists(st.integers(-3, 3), min_size=1, max_size=5))
def test_conformal_p_is_its_definition_with_ties(reference: list[int], statistics: list[int]) -> None:
    upper = [(1 + sum(r >= s for r in reference)) / (len(reference) + 1) for s in statistics]
    lower = [(1 + sum(r <= s for r in reference)) / (len(reference) + 1) for s in statistics]
    assert conformal_p(statistics, reference, "upper").tolist() == upper
    assert conformal_p(statistics, reference, "lower").tolist() == lower


def test_conformal_p_is_honest_for_one_more_of_the_same() -> None:
    """Exchangeable with ties: P(p <= k / 20) is at most k / 20."""
    pick = np.random.default_rng(SEED)
    sample = pick.poisson(3, (20_000, 20)).astype(float)
    p = np.array([float(conformal_p(row[0], row[1:], "upper")) for row in sample])
    for share in (0.05, 0.1, 0.5):
        assert np.mean(p <= share) <= share + 3 * math.sqrt(share / len(p)), f"seed {SEED}"


# --- the check of one's own bits


def test_exceedance_counts_and_has_the_interval_of_clopper_and_pearson() -> None:
    """10 of 100: 4.90 % to 17.62 %, the textbook interval."""
    row = exceedance([5.0] * 10 + [0.0] * 90, levels=[4])[0]
    assert (row.bits, row.groups, row.exceeding, row.allowed_fraction) == (4, 100, 10, 0.0625)
    assert (row.low_fraction, row.high_fraction) == pytest.approx((0.04900, 0.17622), abs=1e-5)
    assert row.holds


def test_exceedance_fails_only_when_the_whole_interval_lies_above() -> None:
    assert [r.holds for r in exceedance([5.0] * 10 + [0.0] * 90, levels=[4, 5])] == [True, False]
    assert [r.holds for r in exceedance([5.0] * 12 + [0.0] * 88, levels=[4, 5])] == [False, False]


def test_exceedance_at_its_ends() -> None:
    """Nobody, everybody, and no groups at all: what was not checked is not refuted."""
    nobody, everybody, nothing = (exceedance(v, levels=[3])[0] for v in ([0.0] * 9, [3.0] * 9, []))
    assert (nobody.exceeding, nobody.low_fraction, nobody.holds) == (0, 0.0, True)
    assert nobody.high_fraction == pytest.approx(1 - 0.025 ** (1 / 9))
    assert (everybody.exceeding, everybody.high_fraction, everybody.holds) == (9, 1.0, False)
    assert (nothing.groups, nothing.low_fraction, nothing.high_fraction) == (0, 0.0, 1.0)
    assert [row.bits for row in exceedance([1.0])] == list(range(3, 11))


def test_honest_bits_pass_their_check_and_dishonest_ones_fail_it() -> None:
    pick = np.random.default_rng(SEED)
    honest = calibrate_bits(np.log(pick.random(5_000)))
    assert all(row.holds for row in exceedance(honest)), f"seed {SEED}"
    assert not all(row.holds for row in exceedance(3 * honest)), f"seed {SEED}"


# --- learning the null


@pytest.mark.parametrize("n", [4, 8, 12, 50, 500])
def test_the_empirical_null_is_nearly_unbiased_at_every_size(n: int) -> None:
    pick = np.random.default_rng(SEED)
    fits = np.array([empirical_null(row) for row in pick.normal(2.0, 3.0, (3_000, n))])
    location, scale = fits.mean(axis=0)
    assert location == pytest.approx(2.0, abs=0.15), f"seed {SEED}"
    assert 0.98 * 3 <= scale <= 1.08 * 3, f"seed {SEED}"


def test_the_empirical_null_is_not_moved_by_campaigns() -> None:
    """A tenth of the groups far out: location and scale stay within what a tenth of the middle can shift."""
    pick = np.random.default_rng(SEED)
    z = pick.standard_normal(2_000)
    clean, dirty = empirical_null(z), empirical_null(np.concatenate([z[:1_800], np.full(200, -1e6)]))
    assert dirty[0] == pytest.approx(clean[0], abs=0.2), f"seed {SEED}"
    assert dirty[1] == pytest.approx(clean[1], rel=0.25), f"seed {SEED}"


# --- what is refused


@pytest.mark.parametrize(
    "call",
    [
        lambda bad: calibrate_bits([bad]),
        lambda bad: calibrate([0.5, bad]),
        lambda bad: calibrate_power([bad], 0.5),
        lambda bad: bits([bad]),
        lambda bad: e_value([bad]),
        lambda bad: product_bits([1.0, bad]),
        lambda bad: mean_bits([1.0, bad]),
        lambda bad: mean_bits([1.0, 1.0], weights=[1.0, bad]),
        lambda bad: EProcess().after(bad),
        lambda bad: e_bh([1.0, bad], 0.1),
        lambda bad: student_tail_log_p(bad, 3.0, "upper"),
        lambda bad: student_tail_log_p(1.0, bad, "upper"),
        lambda bad: conformal_p([bad], [1.0], "upper"),
        lambda bad: conformal_p([1.0], [bad], "upper"),
        lambda bad: exceedance([bad]),
        lambda bad: empirical_null([bad, 1.0, 2.0, 3.0]),
    ],
)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_a_number_is_refused_not_judged(call: Callable[[float], object], bad: float) -> None:
    with pytest.raises(ValueError):
        call(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: calibrate_bits(1e-6),
        lambda: calibrate_bits(-math.inf),
        lambda: calibrate(0.0),
        lambda: calibrate(1.01),
        lambda: calibrate(-0.1),
        lambda: calibrate(5e-324),
        lambda: calibrate_power(0.5, 1.0),
        lambda: calibrate_power(0.5, 0.0),
        lambda: bits(-1.0),
        lambda: e_value(1024.0),
        lambda: mean_bits([]),
        lambda: mean_bits([1.0, 2.0], weights=[0.0, 0.0]),
        lambda: mean_bits([1.0, 2.0], weights=[2.0, -1.0]),
        lambda: mean_bits([1.0, 2.0], weights=[1.0]),
        lambda: e_bh([1.0], 0.0),
        lambda: e_bh([1.0], 1.5),
        lambda: e_bh([[1.0]], 0.5),
        lambda: exceedance([[1.0]]),
        lambda: student_tail_log_p(1.0, 0.0, "upper"),
        lambda: empirical_null([1.0, 2.0, 3.0]),
    ],
)
def test_what_is_out_of_range_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()


def test_levels_of_the_check_rise_by_one_bit() -> None:
    """The promise halves from row to row, so a reader may compare them by eye."""
    for row, following in pairwise(exceedance(np.zeros(10))):
        assert following.allowed_fraction == row.allowed_fraction / 2
