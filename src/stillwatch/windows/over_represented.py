"""Is a kind of exchange more frequent in a window than chance allows? Exact bits, without a parameter to fit.

In: counts. Out: bits. A pool of N exchanges holds n of the window; K of the pool bear a mark, c of those are in the
window. If window and reference are exchangeable, c is hypergeometric, whatever the mark, as long as the mark was made
without knowing which exchanges are the window's. A bet on odds rho pays rho^c / E[rho^C], whose expectation is 1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ODDS = np.array([1.3, 1.6, 2.0, 3.0, 5.0, 10.0, 30.0])  # a mixture over the whole range: it need not be tuned
_LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True, eq=False)
class Bets:
    """Bets on marks: bits [m] of the mixture over odds; exchange_bits [m]: what one marked exchange adds;
    toll_bits [m]: what every exchange of the window pays. c * exchange_bits - n * toll_bits is about `bits`.
    """

    bits: Floats
    exchange_bits: Floats
    toll_bits: Floats


def bets(pool: int, window: int, marked: Counts, inside: Counts) -> Bets:
    """Bet that marks are over-represented in the window.

    Args:    pool, window: N and n; marked, inside: K and c of each mark.
    Source:  hypergeometric distribution with odds rho: Fisher 1935; bets as e-values: Shafer 2021; a mixture of
             e-values is one: Vovk & Wang 2021, section 4.
    """
    log_odds = np.log(ODDS)
    tolls = np.array([_log_mean(pool, window, int(k)) for k in marked]).reshape(len(marked), len(ODDS))
    each = inside[:, None] * log_odds - tolls
    top = each.max(axis=1, initial=-np.inf, keepdims=True)
    part = np.exp(each - top)
    total = part.sum(axis=1)
    weight = part / total[:, None]
    return Bets(
        bits=(top[:, 0] + np.log(total / len(ODDS))) / _LN2,
        exchange_bits=weight @ log_odds / _LN2,
        toll_bits=(weight * tolls).sum(axis=1) / _LN2 / window,
    )


@lru_cache(maxsize=200_000)
def _log_mean(pool: int, window: int, marked: int) -> tuple[float, ...]:
    """Give ln E[rho^C] of each odds, C hypergeometric."""
    inside = np.arange(max(0, window - (pool - marked)), min(marked, window) + 1, dtype=np.float64)
    log_p = _log_choose(marked, inside) + _log_choose(pool - marked, window - inside)
    log_p = log_p - _log_choose(pool, np.array(float(window)))
    terms = log_p[None, :] + inside[None, :] * np.log(ODDS)[:, None]
    top = terms.max(axis=1)
    return tuple(float(x) for x in top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))


def _log_choose(n: int, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
