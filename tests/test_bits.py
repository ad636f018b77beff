"""Bits keep the promises of the papers they come from: closed forms, E[e] <= 1, Ville, e-BH, exact tails."""

import doctest
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from stillwatch import bits as module
from stillwatch.bits import (
    EProcess,
    bits,
    calibrate,
    calibrate_bits,
    calibrate_power,
    e_bh,
    e_value,
    mean_bits,
    product_bits,
)

SEED = 20261124
some_bits = st.lists(st.floats(-60, 60), min_size=1, max_size=30)
log_ps = st.floats(-1e5, 0.0)


def test_the_examples_in_the_docstrings_are_true() -> None:
    result = doctest.testmod(module)
    assert result.attempted > 15
    assert result.failed == 0


# --- calibrators


@pytest.mark.parametrize("p", [1e-12, 1e-3, 0.05, 0.3, 0.9, 0.9985, 0.9995, 1.0])
def test_the_mixture_calibrator_is_the_integral_it_claims_to_be(p: float) -> None:
    """The definition, integrated numerically, on both sides of the switch to the series near p = 1."""
    expected = integrate.quad(lambda k: k * p ** (k - 1), 0, 1, epsabs=0, epsrel=1e-12, limit=500)[0]
    assert calibrate(p) == pytest.approx(expected, rel=1e-9)


def test_the_calibrator_has_its_closed_form_at_one_in_e() -> None:
    """At p = 1/e: (1 - 1/e - 1/e) / (1/e) = e - 2."""
    assert calibrate(1 / math.e) == pytest.approx(math.e - 2, rel=1e-12)


def test_honest_p_values_become_e_values_of_expectation_one() -> None:
    """Integrated over ln p, because half of the expectation lies below p = 0.04."""
    mass, _ = integrate.quad(lambda u: 2 ** float(calibrate_bits(-u)) * math.exp(-u), 0, 600, limit=500)
    # the antiderivative of the calibrator is (p - 1) / ln p: what lies below p = exp(-600) is 1 / 600
    assert mass + 1 / 600 == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("kappa", [0.1, 0.5, 0.9])
def test_power_calibrators_have_expectation_one(kappa: float) -> None:
    mass, _ = integrate.quad(lambda u: float(calibrate_power(math.exp(-u), kappa)) * math.exp(-u), 0, 600, limit=500)
    assert mass == pytest.approx(1.0, abs=1e-6)


def test_p_values_too_small_for_a_float_keep_their_bits() -> None:
    """At p = 1e-400, e = (1 - p + p ln p) / (p ln^2 p) is 1 / (p ln^2 p) to 400 digits."""
    log_p = -400 * math.log(10)
    assert calibrate_bits(log_p) == pytest.approx(400 * math.log2(10) - 2 * math.log2(-log_p), rel=1e-14)


@given(log_ps, log_ps)
def test_a_smaller_p_value_never_has_fewer_bits(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert calibrate_bits(low) >= calibrate_bits(high) - 1e-9


def test_the_series_near_one_meets_the_closed_form() -> None:
    around = calibrate_bits([-1e-3 - 1e-9, -1e-3 + 1e-9])
    assert around[0] == pytest.approx(around[1], abs=1e-8)
    assert around[0] > around[1]


@given(log_ps)
def test_the_p_value_is_a_bound_on_the_e_value(log_p: float) -> None:
    """Markov backwards: no calibrator gives more than 1 / p (Vovk & Wang 2021, proposition 2.2)."""
    assert calibrate_bits(log_p) <= -log_p / math.log(2) + 1e-12


# --- merging


@given(some_bits)
def test_bits_and_e_values_are_inverse(values: list[float]) -> None:
    assert bits(e_value(values)) == pytest.approx(values, abs=1e-9)


@given(some_bits)
def test_the_mean_is_that_of_the_e_values(values: list[float]) -> None:
    assert mean_bits(values) == pytest.approx(math.log2(math.fsum(2.0**v for v in values) / len(values)), abs=1e-9)


@given(st.floats(-5000, 5000), st.integers(1, 50))
def test_copies_of_one_test_add_nothing_to_their_mean(value: float, copies: int) -> None:
    """Perfect dependence: the mean gives the one test's bits back, also where 2**bits overflows."""
    assert mean_bits([value] * copies) == pytest.approx(value, abs=1e-9)


@given(some_bits, st.randoms(use_true_random=False))
def test_merging_ignores_order_and_lies_between_the_least_and_the_most(
    values: list[float], pick: random.Random
) -> None:
    shuffled = pick.sample(values, len(values))
    assert mean_bits(shuffled) == pytest.approx(float(mean_bits(values)), abs=1e-9)
    assert product_bits(shuffled) == pytest.approx(float(product_bits(values)), abs=1e-9)
    assert min(values) - 1e-9 <= mean_bits(values) <= max(values) + 1e-9


def test_merging_goes_along_the_axis_it_is_told() -> None:
    table = np.array([[1.0, 2.0, 3.0], [1.0, 4.0, 3.0]])
    assert product_bits(table, axis=0).tolist() == [2.0, 6.0, 6.0]
    assert product_bits(table).tolist() == [6.0, 8.0]
    assert mean_bits(table, axis=0)[[0, 2]].tolist() == [1.0, 3.0]
    assert mean_bits(table, axis=0)[1] == pytest.approx(math.log2(10))


def test_weights_are_shares() -> None:
    assert mean_bits([3.0, 0.0], weights=[3.0, 1.0]) == pytest.approx(math.log2(6.25))
    assert mean_bits([3.0, 5.0], weights=[1.0, 0.0]) == 3.0
    assert mean_bits([-5000.0, 5000.0], weights=[1.0, 0.0]) == -5000.0


def test_a_refuted_test_does_not_poison_the_others() -> None:
    """An e-value of 0 is minus infinity bits: it kills a product, and only thins a mean."""
    assert mean_bits([-np.inf, 3.0]) == pytest.approx(2.0)
    assert mean_bits([-np.inf, -np.inf]) == -np.inf
    assert product_bits([-np.inf, 3.0]) == -np.inf


def test_the_mean_of_dependent_tests_keeps_its_promise_where_the_sum_breaks_it() -> None:
    """One p-value counted five times: the share that reaches 10 bits is 12 times too high if bits are added."""
    pick = np.random.default_rng(SEED)
    copies = np.repeat(calibrate_bits(np.log(pick.random(200_000)))[:, None], 5, axis=1)
    assert np.mean(mean_bits(copies) >= 10) <= 2**-10, f"seed {SEED}"
    assert np.mean(product_bits(copies) >= 10) > 5 * 2**-10, f"seed {SEED}"


@pytest.mark.parametrize("level", [2, 4, 6])
def test_products_of_independent_tests_keep_markovs_promise(level: int) -> None:
    pick = np.random.default_rng(SEED)
    total = product_bits(calibrate_bits(np.log(pick.random((100_000, 4)))))
    assert np.mean(total >= level) <= 2**-level, f"seed {SEED}"


def test_products_of_independent_e_values_have_expectation_one() -> None:
    """With bounded e-values (1/2 or 3/2), whose mean a simulation can see."""
    pick = np.random.default_rng(SEED)
    e = pick.choice([0.5, 1.5], (200_000, 4))
    mean = float(e_value(product_bits(bits(e))).mean())
    assert mean == pytest.approx(1.0, abs=4 * math.sqrt((1.25**4 - 1) / 200_000)), f"seed {SEED}"


# --- e-processes


def _fair_windows(runs: int, windows: int) -> np.ndarray:
    """Bits of the likelihood ratio of a coin of 0.6 against a fair one: the sharpest case for Ville's bound."""
    pick = np.random.default_rng(SEED)
    return np.log2(np.where(pick.random((runs, windows)) < 0.5, 1.2, 0.8))


def _processes(windows: np.ndarray) -> list[EProcess]:
    processes = []
    for run in windows:
        process = EProcess()
        for window in run:
            process = process.after(window)
        processes.append(process)
    return processes


def test_ville_looking_after_every_window_is_allowed() -> None:
    """The running maximum, that is the most impatient look, exceeds b bits in at most 2**-b of innocent runs."""
    processes = _processes(_fair_windows(2_000, 100))
    for level in (1, 2, 3, 4):
        allowed = 2.0**-level
        slack = 3 * math.sqrt(allowed / len(processes))
        assert np.mean([p.most_bits >= level for p in processes]) <= allowed + slack, f"seed {SEED}"
        assert np.mean([p.most_restarted_bits >= level for p in processes]) <= allowed + slack, f"seed {SEED}"
    # the bound is sharp: were it loose by a factor of two here, the simulation would have shown nothing
    assert np.mean([p.most_bits >= 2 for p in processes]) > 0.125


def test_the_restarted_process_is_an_e_value_at_a_fixed_time() -> None:
    """All 2**10 histories of ten fair windows, each equally likely: the expectation is exactly 1."""
    steps = np.log2([0.8, 1.2])
    histories = [[steps[(code >> place) & 1] for place in range(10)] for code in range(1024)]
    processes = _processes(np.array(histories))
    assert np.mean([2**p.restarted_bits for p in processes]) == pytest.approx(1.0, rel=1e-12)
    assert np.mean([2**p.bits for p in processes]) == pytest.approx(1.0, rel=1e-12)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=12))
def test_the_restarted_process_is_the_weighted_mean_over_starts(windows: list[float]) -> None:
    """Against the definition written out: weights 1 / (s (s + 1)), starts to come hold 1."""
    count = len(windows)
    begun = sum(2 ** math.fsum(windows[s - 1 :]) / (s * (s + 1)) for s in range(1, count + 1))
    process = _processes(np.array([windows]))[0]
    assert process.restarted_bits == pytest.approx(math.log2(begun + 1 / (count + 1)), abs=1e-6)


def test_a_campaign_that_begins_late_keeps_its_bits() -> None:
    """Thirty quiet windows at -1 bit, then five at 6: the product has nothing, the restarted process nearly all."""
    process = _processes(np.array([[-1.0] * 30 + [6.0] * 5]))[0]
    assert process.bits == 0.0
    assert process.restarted_bits >= 30 - math.log2(31 * 32)


def test_stopping_keeps_the_bits_reached_and_a_zero_is_final() -> None:
    process = EProcess().after(4.0).after(-np.inf).after(50.0)
    assert (process.bits, process.most_bits, process.windows) == (-np.inf, 4.0, 3)


# --- e-BH


def _oracle(values: list[float], fraction: float) -> list[bool]:
    """The definition, by trying every k."""
    ranked = sorted(range(len(values)), key=lambda i: (-values[i], i))
    most = 0
    for k in range(1, len(values) + 1):
        if values[ranked[k - 1]] + math.log2(k) >= math.log2(len(values) / fraction):
            most = k
    return [i in ranked[:most] for i in range(len(values))]


@given(st.lists(st.floats(-10, 30), max_size=40), st.floats(0.001, 1.0))
def test_e_bh_is_its_definition(values: list[float], fraction: float) -> None:
    assert e_bh(values, fraction).tolist() == _oracle(values, fraction)


def test_e_bh_counts_a_later_rank_even_if_an_earlier_one_fails() -> None:
    """K = 4, alpha = 1/4: an e-value of 16 is needed at rank 1, of 4 at rank 4. Four times 4 suffices: a step up."""
    assert e_bh([2.0, 2.0, 2.0, 2.0], 0.25).tolist() == [True] * 4
    assert e_bh([3.9, 1.0, 1.0, 1.0], 0.25).tolist() == [False] * 4
    assert e_bh([4.0, 1.0, 1.0, 1.0], 0.25).tolist() == [True, False, False, False]
    assert e_bh([], 0.05).tolist() == []


@given(some_bits, st.randoms(use_true_random=False))
def test_e_bh_does_not_depend_on_order_and_more_bits_never_acquit(values: list[float], pick: random.Random) -> None:
    order = pick.sample(range(len(values)), len(values))
    chosen = e_bh(values, 0.1)
    distinct = [values.count(v) == 1 for v in values]
    turned = e_bh([values[i] for i in order], 0.1)
    assert all(turned[place] == chosen[i] for place, i in enumerate(order) if distinct[i])
    raised = e_bh([v + 1 for v in values], 0.1)
    assert np.all(raised >= chosen)


def _false_discovery_fraction(innocent: np.ndarray, guilty_bits: float, fraction: float) -> float:
    """Mean share of false ones among those chosen, with ten true campaigns beside the innocent groups."""
    shares = []
    for row in innocent:
        chosen = e_bh(np.concatenate([np.full(10, guilty_bits), row]), fraction)
        shares.append(chosen[10:].sum() / max(chosen.sum(), 1))
    return float(np.mean(shares))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("sharp_bits", [None, 3.0])
def test_e_bh_bounds_false_discoveries_whatever_the_dependence(correlation: float, sharp_bits: float | None) -> None:
    """Calibrated p-values, and the sharpest e-values (2**b with probability 2**-b, else 0), equicorrelated."""
    pick = np.random.default_rng(SEED)
    shared = pick.standard_normal((3_000, 1))
    z = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * pick.standard_normal((3_000, 90))
    p = stats.norm.sf(z)
    innocent = calibrate_bits(np.log(p)) if sharp_bits is None else np.where(p <= 2**-sharp_bits, sharp_bits, -np.inf)
    found = _false_discovery_fraction(innocent, 12.0, 0.2)
    assert found <= 0.2 + 0.02, f"seed {SEED}"


def test_e_bh_is_sharp_when_innocents_never_fail_together() -> None:
    """Each of K e-values is K / alpha with probability alpha / K, at most one at once: the bound is reached exactly."""
    fraction, groups, runs = 0.2, 5, 20_000
    which = np.floor(np.random.default_rng(SEED).random(runs) * groups / fraction)
    top = math.log2(groups / fraction)
    accused = [e_bh(np.where(np.arange(groups) == hit, top, -np.inf), fraction).any() for hit in which]
    assert np.mean(accused) == pytest.approx(fraction, abs=0.01), f"seed {SEED}"
