"""What is normal: how alike benign groups are, by kind of trait and test.

In: dispersions of benign reference groups (to fit), or of any groups (to judge). Out: `Nulls`, and bits per group and
test. A benign group of a kind is one draw from a random-effects model: its log dispersion ratio has the kind's mean
and scatter, and its own sampling variance. A group far below has a small predictive Student p-value, hence bits.
Sources: DerSimonian & Laird 1986 (random effects); Efron 2004 (empirical null, when the run's own bulk is wider).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import numpy as np

from stillwatch.bits import calibrate_bits, empirical_null, student_tail_log_p
from stillwatch.errors import InputError
from stillwatch.together.dispersion import Dispersion, Floats

_FORMAT = 1
_FEW_GROUPS = 8  # reference groups below which a kind leans on the pooled null
_PRIOR_GROUPS = 60.0  # groups' worth of trust in the shipped scale against the run's own
_TAIL_FREEDOM = (3.0, 12.0)  # Student degrees of freedom: heavier tails cost bits, lighter ones cost honesty

Kind: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Null:
    """Benign groups of one kind in one test: ln dispersion ratio ~ mean + scatter * Student(freedom)."""

    mean: float
    scatter: float
    freedom: float
    groups: int


@dataclass(frozen=True, slots=True)
class Nulls:
    """Nulls by test and kind ("*" pools all kinds). `source` says which traffic they were learnt from."""

    tests: Mapping[str, Mapping[Kind, Null]]
    source: str

    def of(self, test: str, kind: Kind) -> Null | None:
        """The null of a kind, or the pooled one; None if the test was never seen."""
        kinds = self.tests.get(test, {})
        return kinds.get(kind) or kinds.get("*")


def fit(observed: Mapping[str, Dispersion], kinds: Sequence[Kind], source: str) -> Nulls:
    """Learn nulls from benign groups: `kinds[g]` is the kind of group g."""
    labels = np.asarray(kinds)
    return Nulls({test: _fit_test(result, labels) for test, result in observed.items()}, source)


def _fit_test(result: Dispersion, labels: np.ndarray) -> dict[Kind, Null]:
    excess = result.log_ratio - result.mean
    usable = np.isfinite(excess) & np.isfinite(result.variance)
    if not usable.any():
        return {}
    pooled = _lower(excess[usable], result.variance[usable])
    nulls = {"*": Null(min(pooled[0], 0.0), pooled[1], _TAIL_FREEDOM[0], int(usable.sum()))}
    for kind in np.unique(labels):
        rows = usable & (labels == kind)
        if rows.sum() >= _FEW_GROUPS:
            mean, scatter = _lower(excess[rows], result.variance[rows])
            freedom = float(np.clip(rows.sum() - 1, *_TAIL_FREEDOM))
            nulls[str(kind)] = Null(mean, scatter, freedom, int(rows.sum()))
    return nulls


def _lower(excess: Floats, variance: Floats) -> tuple[float, float]:
    """Middle and scatter of the lower half, the side that accuses, beyond what sampling explains."""
    middle = float(np.median(excess))
    low = excess <= middle
    square = float(np.mean((excess[low] - middle) ** 2))
    return middle, float(np.sqrt(max(square - float(np.median(variance[low])), 0.05**2)))


def bits_of(result: Dispersion, test: str, kinds: Sequence[Kind], nulls: Nulls) -> Floats:
    """Bits of every group in one test; NaN where it was not tested."""
    z, freedom = standardised(result, test, kinds, nulls)
    finite = np.isfinite(z)
    bits = np.full(len(z), np.nan)
    if finite.any():
        location, scale = _own_null(z[finite])
        shifted = (z[finite] - location) / scale
        bits[finite] = calibrate_bits(student_tail_log_p(shifted, freedom[finite], "lower"))
    return bits


def standardised(result: Dispersion, test: str, kinds: Sequence[Kind], nulls: Nulls) -> tuple[Floats, Floats]:
    """Each group's distance from the benign mean in benign standard deviations, and the tail's degrees of freedom."""
    size = len(kinds)
    mean, scatter, freedom = np.full(size, np.nan), np.full(size, np.nan), np.full(size, _TAIL_FREEDOM[0])
    for kind in set(kinds):
        null = nulls.of(test, kind)
        if null is not None:
            rows = np.array([k == kind for k in kinds])
            mean[rows], scatter[rows], freedom[rows] = null.mean, null.scatter, null.freedom
    z = (result.log_ratio - result.mean - mean) / np.sqrt(scatter**2 + result.variance)
    return z, freedom


def _own_null(z: Floats) -> tuple[float, float]:
    """The run's own bulk, trusted by its size, and only where it makes accusing harder."""
    if len(z) < _FEW_GROUPS:
        return 0.0, 1.0
    location, scale = empirical_null(z)
    trust = len(z) / (len(z) + _PRIOR_GROUPS)
    return min(location, 0.0) * trust, max(1.0, 1.0 + (scale - 1.0) * trust)


def load(path: Path | None = None) -> Nulls:
    """Read nulls from a file, by default the shipped ones.

    Raises:  InputError: the file is not one that `dump` wrote.
    """
    try:
        text = path.read_text("utf-8") if path else files(__package__).joinpath("nulls.json").read_text("utf-8")
        content = json.loads(text)
        if content["format"] != _FORMAT:
            raise KeyError(content["format"])
        tests = {t: {k: Null(*values) for k, values in kinds.items()} for t, kinds in content["tests"].items()}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(f"{path or 'nulls.json'}: not a file of nulls; learn one with lab/learn_nulls.py") from fault
    return Nulls(tests, content["source"])


def dump(nulls: Nulls) -> str:
    """Write nulls as JSON, rounded to what their fit can carry."""
    tests = {
        test: {
            kind: [round(n.mean, 4), round(n.scatter, 4), round(n.freedom, 2), n.groups]
            for kind, n in sorted(kinds.items())
        }
        for test, kinds in sorted(nulls.tests.items())
    }
    return json.dumps({"format": _FORMAT, "source": nulls.source, "tests": tests}, indent=1) + "\n"
