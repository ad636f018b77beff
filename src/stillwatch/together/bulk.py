"""The bulk of a run's own groups: what is usual there, whatever a campaign among them does.

In: z-values of groups, most of them null near the middle. Out: location and scale of the null.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr

from stillwatch.bits import FloatLike, empirical_null
from stillwatch.together.dispersion import Floats

_CENTRE = np.linspace(-2.0, 2.0, 41)
_BOUNDS = ((-2.0, 2.0), (0.1, 10.0))  # of location and scale
_STEP, _TINY = 1e-8, float(np.finfo(float).tiny)
_LEAST_INSIDE = 0.1  # of the values, for the middle to tell of all


def central_null(z: FloatLike) -> tuple[float, float]:
    """Estimate location and scale of a normal null from the z-values between -2 and 2, whatever lies beyond.

    Maximum likelihood of a normal that is cut off there. A campaign that owns a third of the groups, all below -2,
    moves quartiles far and this not at all. Where fewer than a tenth of the values lie there, `empirical_null`.

    >>> location, scale = central_null([-1.5, -0.7, -0.3, 0.0, 0.2, 0.6, 1.6, *[-9.0] * 5])
    >>> abs(location) < 0.2, 0.8 < scale < 2
    (True, True)

    Raises:  ValueError: fewer than 4 values, or one that is not finite.
    Source:  Efron 2007, Size, power and false discovery rates, section 3 (the null by maximum likelihood).
    """
    values = np.asarray(z, np.float64)
    counts = np.histogram(values, _CENTRE)[0]
    if values.size < 4 or not np.isfinite(values).all() or counts.sum() < _LEAST_INSIDE * values.size:
        return empirical_null(values)

    loss = _loss(counts.astype(np.float64))
    location, scale = minimize(loss, (0.0, 1.0), jac=True, method="L-BFGS-B", bounds=_BOUNDS).x
    return float(location), float(scale)


def _loss(counts: Floats) -> Callable[[Floats], tuple[float, Floats]]:
    """Give the function of (location, scale) that is least at the most likely null, and its slope by differences.

    Three nulls are looked at in one go: scipy's own differences ask for one after the other, and took most of the time.
    """
    less, total = -counts, counts.sum()

    def loss(null: Floats) -> tuple[float, Floats]:
        a, b = float(null[0]), float(null[1])
        up, wide = (x + (_STEP if x + _STEP <= most else -_STEP) for x, (_, most) in zip((a, b), _BOUNDS, strict=True))
        below = ndtr((_CENTRE - np.array(((a,), (up,), (a,)))) / np.array(((b,), (b,), (wide,))))
        inside = np.maximum(below[:, 1:] - below[:, :-1], _TINY)
        logs = np.log(inside / inside.sum(axis=1)[:, None])
        here, moved, widened = (float(less @ row / total) for row in logs)
        return here, np.array(((moved - here) / (up - a), (widened - here) / (wide - b)))

    return loss
