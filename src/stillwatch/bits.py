"""Evidence in bits: p-values to e-values to bits, merging, testing by e-values, and the check of one's own bits.

In: p-values (as natural logarithms, so that tails do not underflow) and counts. Out: bits, log2 of an e-value. An
e-value has expectation at most 1 when the accounts really are independent, so b bits or more happen to an innocent
group with probability at most 2**-b (Markov). docs/why/bits.md says what that promises and what it does not.

NaN and plus infinity are refused everywhere with ValueError: they are faults of the caller, not evidence. Minus
infinity bits (an e-value of 0) are evidence, and stay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import betaln, stdtr

from stillwatch.types import Exceedance

Floats: TypeAlias = npt.NDArray[np.float64]
FloatLike: TypeAlias = float | Sequence[float] | npt.NDArray[np.floating]
Tail = Literal["lower", "upper"]

_LN2 = float(np.log(2.0))
_MOST_BITS = 1023.0  # beyond, an e-value is no finite float
EVEN_REACH_BITS = 32.0  # evidence beyond it is worth no more
_FAR = 3.0  # Student distances from which the continued fraction has settled to 14 digits at this depth
_FRACTION_DEPTH = 60


def calibrate_bits(log_p: FloatLike) -> Floats:
    """Turn natural logarithms of p-values into bits by the mixture calibrator.

    e = integral over k in (0, 1) of k p^(k - 1) = (1 - p + p ln p) / (p (ln p)^2); 1/2 at p = 1.

    >>> float(calibrate_bits(np.log(0.01)).round(3))
    2.154
    >>> float(calibrate_bits(0.0))
    -1.0

    Its integral over p in (0, 1) is 1, so the e-value of an honest p-value has expectation at most 1; no calibrator
    is larger everywhere.

    Raises:  ValueError: a value is NaN, above 0 (p above 1), or minus infinity (p = 0, which no test can give).
    Source:  Vovk & Wang 2021, E-values: calibration, combination and applications, section 2.
    """
    log_p = _finite(log_p, "a logarithm of a p-value")
    if np.any(log_p > 1e-12):
        raise ValueError("a p-value is above 1")
    log_p = np.minimum(log_p, 0.0)
    near_one = log_p > -1e-3
    safe = np.where(near_one, -1.0, log_p)
    far = (np.log1p(np.exp(safe) * (safe - 1.0)) - safe - 2.0 * np.log(-safe)) / _LN2
    near = np.maximum(log_p, -1e-3)  # there the closed form cancels: e = sum of (-ln p)^n / (n! (n + 1) (n + 2))
    return np.where(near_one, np.log2(0.5 - near / 6.0 + near**2 / 24.0), far)


def calibrate(p: FloatLike) -> Floats:
    """Turn p-values into e-values by the mixture calibrator of `calibrate_bits`.

    >>> calibrate([1.0, 0.05]).round(3).tolist()
    [0.5, 1.783]

    Raises:  ValueError: a p-value is not in (0, 1], or so small that its e-value is no float.
    """
    return e_value(calibrate_bits(np.log(_p_values(p))))


def calibrate_power(p: FloatLike, kappa: float) -> Floats:
    """Turn p-values into e-values by kappa p^(kappa - 1); kappa must be chosen before p is seen.

    >>> calibrate_power([1.0, 0.01], 0.5).round(3).tolist()
    [0.5, 5.0]

    Raises:  ValueError: kappa is outside (0, 1), or a p-value is not in (0, 1] or too small for a float.
    Source:  Vovk & Wang 2021, section 2; at kappa = 1/2 it is 1 / (2 sqrt(p)), near Shafer 2021's 1 / sqrt(p) - 1.
    """
    if not 0 < kappa < 1:
        raise ValueError("kappa must lie in (0, 1)")
    return e_value(np.log2(kappa) + (kappa - 1.0) * np.log2(_p_values(p)))


def calibrate_even_bits(p_bits: FloatLike, reach_bits: float = EVEN_REACH_BITS) -> Floats:
    """Turn -log2 of p-values into bits by a calibrator that expects every strength of evidence alike.

    e = 1/2 + q / (2 (reach + 1 / ln 2) ln 2) with q = 1/p up to 2**reach: half a bet on a p-value whose logarithm is
    even over the reach, half kept. Against `calibrate_bits` it gives two bits more at p = 2**-20 and one less at 2**-5.

    >>> calibrate_even_bits([0.0, 5.0, 20.0]).round(2).tolist()
    [-0.94, 0.25, 14.47]

    Raises:  ValueError: a value is NaN or infinite, or below 0 (p above 1).
    Source:  Vovk & Wang 2021, section 2: a decreasing function with integral 1 over (0, 1) is a calibrator.
    """
    p_bits = _finite(p_bits, "the bits of a p-value")
    if np.any(p_bits < 0):
        raise ValueError("a p-value is above 1")
    bet = np.exp2(np.minimum(p_bits, reach_bits)) / ((reach_bits + 1 / _LN2) * _LN2)
    return np.asarray(np.log2((1.0 + bet) / 2.0))


def calibrate_between_bits(p_bits: FloatLike, least_bits: float, most_bits: float) -> Floats:
    """Turn -log2 of p-values into bits by a calibrator that bets only on strengths of evidence from least to most.

    e = q / ((most - least) ln 2 + 1) with q = 1/p up to 2**most, and 0 below 2**least: for a choice that nothing weaker
    can pass, such as e-BH, this is worth two bits more than a calibrator that keeps something for every strength.

    >>> calibrate_between_bits([5.0, 20.0], 6.0, 22.0).round(2).tolist()
    [-inf, 16.4]

    Raises:  ValueError: a value is NaN or infinite, or below 0 (p above 1), or the bounds are not 0 <= least < most.
    Source:  Vovk & Wang 2021, section 2; Wang & Ramdas 2022, section 4 (boosting e-values before e-BH).
    """
    p_bits = _finite(p_bits, "the bits of a p-value")
    if np.any(p_bits < 0):
        raise ValueError("a p-value is above 1")
    if not 0 <= least_bits < most_bits:
        raise ValueError("bounds must be 0 <= least < most")
    price = np.log2((most_bits - least_bits) * _LN2 + 1)
    return np.asarray(np.where(p_bits >= least_bits, np.minimum(p_bits, most_bits) - price, -np.inf))


def bits(e: FloatLike) -> Floats:
    """Give log2 of e-values; an e-value of 0 is minus infinity.

    >>> bits([8.0, 0.5, 0.0]).tolist()
    [3.0, -1.0, -inf]

    Raises:  ValueError: an e-value is negative, NaN or infinite.
    """
    e = _checked(e)
    if np.any(e < 0):
        raise ValueError("an e-value is negative")
    with np.errstate(divide="ignore"):
        return np.log2(e)


def e_value(bits_: FloatLike) -> Floats:
    """Give the e-values of bits.

    Raises:  ValueError: bits are NaN, or above 1023, where an e-value is no float: stay in bits.
    """
    bits_ = _checked(bits_)
    if np.any(bits_ > _MOST_BITS):
        raise ValueError("more bits than an e-value can be written with; stay in bits")
    return np.exp2(bits_)


def product_bits(bits_: FloatLike, axis: int = -1) -> Floats:
    """Merge independent e-values by their product: bits add.

    Wrong for dependent ones: five copies of one e-value of 2 bits are 2 bits, not 10. Use `mean_bits` there. Valid also
    when each e-value has expectation at most 1 given those before it.

    >>> float(product_bits([3.0, 4.0]))
    7.0

    Source:  Vovk & Wang 2021, section 4.
    """
    return np.asarray(np.sum(_checked(bits_), axis=axis))


def mean_bits(bits_: FloatLike, axis: int = -1, weights: FloatLike | None = None) -> Floats:
    """Merge arbitrarily dependent e-values by their mean, which is an e-value whatever the dependence.

    >>> float(mean_bits([3.0, 3.0]))
    3.0

    Args:    weights: not negative, along `axis`, chosen before the bits are seen; equal when left out.
    Raises:  ValueError: no bits along the axis, or weights negative, all zero or of another length.
    Source:  Vovk & Wang 2021, theorem 3.2: no symmetric merging of arbitrary e-values does better but by a constant.
    """
    values = np.moveaxis(_checked(bits_), axis, -1)
    if values.shape[-1] == 0:
        raise ValueError("the mean of no e-values")
    weight = np.ones(values.shape[-1]) if weights is None else _finite(weights, "a weight")
    if weight.shape != values.shape[-1:] or np.any(weight < 0) or not weight.any():
        raise ValueError("weights must be one per e-value, not negative and not all zero")
    # a weight of 0 must not choose the scale: what remains could underflow
    top = np.max(np.where(weight > 0, values, -np.inf), axis=-1)
    shift = np.where(np.isfinite(top), top, 0.0)
    powers = np.exp2(np.where(weight > 0, values - shift[..., None], -np.inf))
    with np.errstate(divide="ignore"):
        return np.asarray(shift + np.log2(powers @ (weight / weight.sum())))


@dataclass(frozen=True, slots=True)
class EProcess:
    """Evidence gathered over time windows, valid at any time of looking.

    Each window's e-value must have expectation at most 1 given the past: it is computed from that window alone, by a
    rule fixed before. (Bits computed anew from all traffic so far are no such window.) The product may be looked at,
    and stopped, whenever one likes: P(it ever reaches b bits) <= 2**-b (Ville 1939; Ramdas et al. 2023).

    bits: product of all windows. restarted_bits: the same promise for a campaign that begins late, as the mean over
    all starting windows s with weights 1 / (s (s + 1)); against knowing s it loses at most log2(s (s + 1)) bits.
    most_bits, most_restarted_bits: the highest each has been; they hold Ville's promise, but are not to be multiplied.

    >>> process = EProcess().after(-6.0).after(8.0).after(-1.0)
    >>> process.bits, process.most_bits
    (1.0, 2.0)
    >>> round(process.restarted_bits, 2), round(process.most_restarted_bits, 2)
    (4.5, 5.49)
    """

    bits: float = 0.0
    most_bits: float = 0.0
    windows: int = 0
    begun_bits: float = -np.inf  # the weighted sum over the windows that were a start already
    most_restarted_bits: float = 0.0

    @property
    def restarted_bits(self) -> float:
        """The mean over starting windows, those to come included: they hold 1 so far, and weigh 1 / (windows + 1)."""
        return float(np.logaddexp2(self.begun_bits, -np.log2(self.windows + 1)))

    def after(self, window_bits: float) -> "EProcess":
        """Add one window.

        Raises:  ValueError: the bits are NaN or plus infinity.
        """
        window = float(_checked(window_bits))
        count, total = self.windows + 1, self.bits + window
        begun = float(np.logaddexp2(self.begun_bits, -np.log2(count * (count + 1))) + window)
        restarted = float(np.logaddexp2(begun, -np.log2(count + 1)))
        return EProcess(total, max(self.most_bits, total), count, begun, max(self.most_restarted_bits, restarted))


def e_bh(bits_: FloatLike, false_discovery_fraction: float) -> npt.NDArray[np.bool_]:
    """Choose hypotheses so that the expected share of false ones among them is bounded, whatever the dependence.

    Rejects the k* largest, k* = max{k : k e_(k) / K >= 1 / alpha}. The share counts hypotheses: if one campaign is a
    hundred overlapping ones, its hundred true rejections dilute others' false ones.

    >>> e_bh([20.0, 1.0, 0.0], 0.01).tolist()
    [True, False, False]

    Raises:  ValueError: the fraction is outside (0, 1], or the bits are not one row.
    Source:  Wang & Ramdas 2022, False discovery rate control with e-values.
    """
    values = _checked(bits_)
    if values.ndim != 1:
        raise ValueError("bits must be one row, one value per hypothesis")
    if not 0 < false_discovery_fraction <= 1:
        raise ValueError("false_discovery_fraction must lie in (0, 1]")
    chosen = np.zeros(len(values), bool)
    if len(values) == 0:
        return chosen
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(1, len(values) + 1)
    enough = values[order] + np.log2(ranks) >= np.log2(len(values) / false_discovery_fraction)
    if enough.any():
        chosen[order[: int(np.flatnonzero(enough)[-1]) + 1]] = True
    return chosen


def student_tail_log_p(z: FloatLike, degrees_of_freedom: FloatLike, tail: Tail) -> Floats:
    """Give the natural logarithm of the one-sided p-value of a Student variable, accurate in any tail.

    Up to 3 from the middle scipy's tail is used. Beyond, with x = nu / (nu + z^2),
    P(T > z) = x^(nu/2) (1 - x)^(-1/2) / (nu B(nu/2, 1/2)) * 2F1(1/2, 1; nu/2 + 1; -nu / z^2), all in logarithms.

    >>> float(student_tail_log_p(1e100, 2.0, "upper").round(4))  # p = 1 / (2 z^2)
    -461.2102

    Raises:  ValueError: z is not finite, or the degrees of freedom are not finite and positive.
    Source:  DLMF 8.17.7 with 15.8.1 (incomplete beta), 15.7(i) (Gauss's continued fraction).
    """
    z, nu = np.broadcast_arrays(_finite(z, "a distance"), _positive(degrees_of_freedom, "degrees of freedom"))
    upper = np.asarray(-z if tail == "lower" else z)
    log_p, near = np.empty(upper.shape), upper < _FAR
    log_p[near] = np.log(stdtr(nu[near], -upper[near]))
    log_p[~near] = _far_log_p(np.asarray(upper[~near], np.float64), nu[~near])
    return log_p


def _far_log_p(z: Floats, nu: Floats) -> Floats:
    squares_log = 2.0 * np.log(z) - np.log(nu)  # ln(z^2 / nu)
    x_log = -np.logaddexp(0.0, squares_log)
    far = nu / 2 * x_log - (squares_log + x_log) / 2 - np.log(nu) - betaln(nu / 2, 0.5)
    return np.asarray(far + np.log(_gauss_fraction(nu / 2, np.exp(-squares_log))))


def _gauss_fraction(half: Floats, y: Floats) -> Floats:
    """2F1(1/2, 1; half + 1; -y) for y > 0, by its continued fraction, whose terms are all positive."""
    fraction = np.ones_like(y)
    for n in range(_FRACTION_DEPTH, 0, -1):
        even = n * (half - 0.5 + n) / ((half + 2 * n - 1) * (half + 2 * n))
        m = n - 1
        odd = (m + 0.5) * (half + m) / ((half + 2 * m) * (half + 2 * m + 1))
        fraction = 1.0 + odd * y / (1.0 + even * y / fraction)
    return np.asarray(1.0 / fraction)


def conformal_p(statistic: FloatLike, reference: FloatLike, tail: Tail) -> Floats:
    """Give p = (1 + number of reference values at least as extreme) / (n + 1), ties counted against the accuser.

    n reference values never give less than 1 / (n + 1): 1,000 of them allow 4.4 bits, 1,000,000 allow 12.4. P-values
    that share one reference depend on each other.

    >>> conformal_p([5.0, 0.0], [1.0, 2.0, 3.0], "upper").tolist()
    [0.25, 1.0]

    Source:  Vovk, Gammerman & Shafer 2005; valid when statistic and reference are exchangeable.
    """
    sign = 1.0 if tail == "upper" else -1.0
    ordered = np.sort(sign * _finite(reference, "a reference value").ravel())
    extreme = len(ordered) - np.searchsorted(ordered, sign * _finite(statistic, "a statistic"), side="left")
    return np.asarray((1.0 + extreme) / (len(ordered) + 1.0))


def exceedance(bits_: FloatLike, levels: Iterable[int] = range(3, 11)) -> tuple[Exceedance, ...]:
    """Check bits on benign groups: the share that reaches b bits must be at most 2**-b.

    `holds` unless the lower end of the 95 % Clopper-Pearson interval (1934) of that share lies above 2**-b. The groups
    must be benign by other knowledge than their bits: leave out those with many bits and every check passes. With few
    groups it says little (with none it holds emptily): n groups in which nobody reached b bits show a share of at most
    about 3.7 / n. The interval takes groups for independent; those that share accounts are not.

    >>> [row.holds for row in exceedance([9.0] * 5 + [0.0] * 95, levels=(3, 5, 9))]
    [True, True, False]

    Raises:  ValueError: bits are NaN or plus infinity, or not one row.
    """
    values = _checked(bits_)
    if values.ndim != 1:
        raise ValueError("bits must be one row, one value per group")
    return tuple(_exceedance(int(level), int(np.sum(values >= level)), len(values)) for level in levels)


def _exceedance(level: int, exceeding: int, groups: int) -> Exceedance:
    low = float(stats.beta.ppf(0.025, exceeding, groups - exceeding + 1)) if exceeding else 0.0
    high = float(stats.beta.ppf(0.975, exceeding + 1, groups - exceeding)) if exceeding < groups else 1.0
    allowed = 2.0**-level
    return Exceedance(level, groups, exceeding, low, high, allowed, holds=low <= allowed)


def empirical_null(z: FloatLike) -> tuple[float, float]:
    """Estimate location and scale of a normal null from the central half of z-values, most of which are null.

    Median, and the distance between the quartiles over 1.349. Quartiles are taken at the places where normal ones are
    nearly unbiased for any n >= 4 (numpy's default makes the scale of small samples too small, hence bits too many).
    Up to a quarter of outliers on either side cannot move either estimate far. Many ties make the scale 0.

    >>> empirical_null([-2.0, -1.0, 0.0, 1.0, 500.0])[0]
    0.0

    Raises:  ValueError: fewer than 4 values.
    Source:  Efron 2004, Large-scale simultaneous hypothesis testing: the choice of a null hypothesis; Blom 1958.
    """
    values = _finite(z, "a z-value")
    if values.size < 4:
        raise ValueError("quartiles need 4 values at least")
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method="normal_unbiased")
    return float(middle), float((high - low) / (2 * stats.norm.ppf(0.75)))


def _checked(values: FloatLike) -> Floats:
    array = np.asarray(values, np.float64)
    if np.any(np.isnan(array) | (array == np.inf)):
        raise ValueError("not a number, or plus infinity, among the values")
    return array


def _finite(values: FloatLike, what: str) -> Floats:
    array = np.asarray(values, np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{what} is not finite")
    return array


def _positive(values: FloatLike, what: str) -> Floats:
    array = _finite(values, what)
    if np.any(array <= 0):
        raise ValueError(f"{what} must be above 0")
    return array


def _p_values(values: FloatLike) -> Floats:
    array = _positive(values, "a p-value")
    if np.any(array > 1):
        raise ValueError("a p-value is above 1")
    return array
