"""Evidence in bits: p-values to e-values to bits, merging, testing by e-values, and the check of one's own bits.

In: p-values (as natural logarithms, so that tails do not underflow) and counts. Out: bits, log2 of an e-value. An
e-value has expectation at most 1 when the accounts really are independent, so b bits or more happen to an innocent
group with probability at most 2**-b (Markov). Sources: Vovk & Wang 2021 (calibrators, merging), Shafer 2021, Wang &
Ramdas 2022 (e-BH), Ramdas et al. 2023 (e-processes), Efron 2004 (empirical null), DerSimonian & Laird 1986.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import betaln, digamma, polygamma

from stillwatch.types import Exceedance

Floats: TypeAlias = npt.NDArray[np.float64]
FloatLike: TypeAlias = float | Sequence[float] | npt.NDArray[np.floating]
Tail = Literal["lower", "upper"]

_LN2 = float(np.log(2.0))


def calibrate_bits(log_p: FloatLike) -> Floats:
    """Turn natural logarithms of p-values into bits by the mixture calibrator.

    e = integral over k in (0, 1) of k p^(k - 1) = (1 - p + p ln p) / (p (ln p)^2); 1/2 at p = 1.

    >>> float(calibrate_bits(np.log(0.01)).round(3))
    2.154
    >>> float(calibrate_bits(0.0))
    -1.0

    Raises:  ValueError: a value is NaN or above 0 (p above 1).
    Source:  Vovk & Wang 2021, E-values: calibration, combination and applications, equation (2).
    """
    log_p = _checked(log_p)
    if np.any(log_p > 1e-12):
        raise ValueError("a p-value is above 1")
    log_p = np.minimum(log_p, 0.0)
    near_one = log_p > -1e-3
    safe = np.where(near_one, -1.0, log_p)
    p = np.exp(safe)
    far = (np.log1p(p * (safe - 1.0)) - safe - 2.0 * np.log(-safe)) / _LN2
    # around p = 1: e = 1/2 - ln(p)/6 + O(ln(p)^2)
    return np.where(near_one, np.log2(0.5 - log_p / 6.0), far)


def calibrate(p: FloatLike) -> Floats:
    """Turn p-values into e-values by the mixture calibrator; see `calibrate_bits` for p-values that underflow."""
    with np.errstate(divide="ignore"):
        return np.exp2(calibrate_bits(np.log(_checked(p))))


def calibrate_power(p: FloatLike, kappa: float) -> Floats:
    """Turn p-values into e-values by kappa p^(kappa - 1), for kappa in (0, 1).

    Raises:  ValueError: kappa is outside (0, 1), or a p-value is not in (0, 1].
    Source:  Shafer 2021; Vovk & Wang 2021.
    """
    p = _checked(p)
    if not 0 < kappa < 1 or np.any((p <= 0) | (p > 1)):
        raise ValueError("kappa must lie in (0, 1) and p-values in (0, 1]")
    return kappa * p ** (kappa - 1.0)


def bits(e: FloatLike) -> Floats:
    """Give log2 of e-values; an e-value of 0 is minus infinity."""
    with np.errstate(divide="ignore"):
        return np.log2(_checked(e))


def e_value(bits_: FloatLike) -> Floats:
    """Give the e-values of bits."""
    return np.exp2(_checked(bits_))


def product_bits(bits_: FloatLike, axis: int = -1) -> Floats:
    """Merge independent (or sequential) e-values by their product: bits add.

    >>> float(product_bits([3.0, 4.0]))
    7.0
    """
    return np.asarray(np.sum(_checked(bits_), axis=axis))


def mean_bits(bits_: FloatLike, axis: int = -1, weights: FloatLike | None = None) -> Floats:
    """Merge arbitrarily dependent e-values by their mean, which is an e-value whatever the dependence.

    >>> float(mean_bits([3.0, 3.0]))
    3.0

    Args:    weights: positive, along `axis`; equal when left out.
    Source:  Vovk & Wang 2021, proposition 3: the arithmetic mean essentially dominates every symmetric merging.
    """
    values = np.moveaxis(_checked(bits_), axis, -1)
    weight = np.full(values.shape[-1], 1.0) if weights is None else _checked(weights)
    top = np.max(values, axis=-1)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(shift + np.log2(np.exp2(values - shift[..., None]) @ (weight / weight.sum())))


@dataclass(frozen=True, slots=True)
class EProcess:
    """Evidence gathered over time windows, valid at any time of looking.

    Each window's e-value must have expectation at most 1 given the past. The running product may be stopped or
    looked at whenever one likes: P(it ever reaches b bits) <= 2**-b (Ville 1939; Ramdas et al. 2023).

    >>> process = EProcess().after(2.0).after(-1.0)
    >>> process.bits, process.most_bits
    (1.0, 2.0)
    """

    bits: float = 0.0
    most_bits: float = 0.0
    windows: int = 0

    def after(self, window_bits: float) -> "EProcess":
        """Add one window.

        Raises:  ValueError: the bits are NaN.
        """
        total = self.bits + float(_checked(window_bits))
        return EProcess(total, max(self.most_bits, total), self.windows + 1)


def e_bh(bits_: FloatLike, false_discovery_fraction: float) -> npt.NDArray[np.bool_]:
    """Choose hypotheses so that the expected share of false ones among them is bounded, whatever the dependence.

    Rejects the k* largest, k* = max{k : k e_(k) / K >= 1 / alpha}.

    >>> e_bh([20.0, 1.0, 0.0], 0.01).tolist()
    [True, False, False]

    Raises:  ValueError: the fraction is outside (0, 1].
    Source:  Wang & Ramdas 2022, False discovery rate control with e-values.
    """
    values = np.atleast_1d(_checked(bits_))
    if not 0 < false_discovery_fraction <= 1:
        raise ValueError("false_discovery_fraction must lie in (0, 1]")
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(1, len(values) + 1)
    enough = values[order] + np.log2(ranks) >= np.log2(len(values) / false_discovery_fraction) if len(values) else ranks
    chosen = np.zeros(len(values), bool)
    if np.any(enough):
        chosen[order[: int(np.flatnonzero(enough)[-1]) + 1]] = True
    return chosen


def student_tail_log_p(z: FloatLike, degrees_of_freedom: FloatLike, tail: Tail) -> Floats:
    """Give the natural logarithm of the one-sided p-value of a Student variable, accurate in far tails.

    Where the tail probability underflows, the leading term of its expansion is used:
    P(T > z) ~ nu^(nu/2) z^-nu / (nu B(nu/2, 1/2)).
    """
    z, nu = np.broadcast_arrays(_checked(z), _checked(degrees_of_freedom))
    upper = -z if tail == "lower" else z
    with np.errstate(divide="ignore"):
        plain = np.log(stats.t.sf(upper, nu))
        distance = np.log(np.maximum(upper, 1.0))
        asymptotic = (nu / 2) * np.log(nu) - nu * distance - np.log(nu) - betaln(nu / 2, 0.5)
    return np.where(np.isfinite(plain) & (plain > -600.0), plain, asymptotic)


def conformal_p(statistic: FloatLike, reference: FloatLike, tail: Tail) -> Floats:
    """Give p = (1 + number of reference values at least as extreme) / (n + 1).

    >>> conformal_p([5.0, 0.0], [1.0, 2.0, 3.0], "upper").tolist()
    [0.25, 1.0]

    Source:  Vovk, Gammerman & Shafer 2005; valid when statistic and reference are exchangeable.
    """
    sign = 1.0 if tail == "upper" else -1.0
    ordered = np.sort(sign * _checked(reference).ravel())
    extreme = len(ordered) - np.searchsorted(ordered, sign * _checked(statistic), side="left")
    return np.asarray((1.0 + extreme) / (len(ordered) + 1.0))


def exceedance(bits_: FloatLike, levels: Iterable[int] = range(3, 11)) -> tuple[Exceedance, ...]:
    """Check bits on benign groups: the share that reaches b bits must be at most 2**-b.

    `holds` unless the lower end of the 95 % Clopper-Pearson interval (1934) of that share lies above 2**-b.
    """
    values = np.atleast_1d(_checked(bits_))
    return tuple(_exceedance(int(level), int(np.sum(values >= level)), len(values)) for level in levels)


def _exceedance(level: int, exceeding: int, groups: int) -> Exceedance:
    low = float(stats.beta.ppf(0.025, exceeding, groups - exceeding + 1)) if exceeding else 0.0
    high = float(stats.beta.ppf(0.975, exceeding + 1, groups - exceeding)) if exceeding < groups else 1.0
    allowed = 2.0**-level
    return Exceedance(level, groups, exceeding, low, high, allowed, holds=low <= allowed)


def log_chi2_mean(degrees_of_freedom: FloatLike) -> Floats:
    """Give the mean of ln(chi-square / nu): digamma(nu / 2) - ln(nu / 2)."""
    half = _checked(degrees_of_freedom) / 2
    return np.asarray(digamma(half) - np.log(half))


def log_chi2_variance(degrees_of_freedom: FloatLike) -> Floats:
    """Give the variance of ln(chi-square / nu): trigamma(nu / 2)."""
    return np.asarray(polygamma(1, _checked(degrees_of_freedom) / 2))


def random_effects(effects: FloatLike, variances: FloatLike) -> tuple[float, float]:
    """Estimate mean and between-group variance of effects with known sampling variances.

    Source:  DerSimonian & Laird 1986, moment estimator; the variance is cut at 0.
    """
    effect, weight = _checked(effects), 1.0 / _checked(variances)
    fixed = float(np.average(effect, weights=weight))
    spread = float(np.sum(weight * (effect - fixed) ** 2)) - (len(effect) - 1)
    between = max(0.0, spread / float(weight.sum() - np.sum(weight**2) / weight.sum())) if len(effect) > 1 else 0.0
    mean = float(np.average(effect, weights=1.0 / (1.0 / weight + between)))
    return mean, between


def empirical_null(z: FloatLike) -> tuple[float, float]:
    """Estimate location and scale of a null from the central half of many z-values, most of which are null.

    Source:  Efron 2004, Large-scale simultaneous hypothesis testing: the choice of a null hypothesis.
    """
    low, middle, high = np.quantile(_checked(z), [0.25, 0.5, 0.75])
    return float(middle), float((high - low) / (2 * stats.norm.ppf(0.75)))


def _checked(values: FloatLike) -> Floats:
    array = np.asarray(values, float)
    if np.any(np.isnan(array)):
        raise ValueError("not a number among the values")
    return array
