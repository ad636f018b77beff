"""Probing before scaling: a slow first phase that feels its way, then the burst.

Source: the advisory of September 2026: low-rate probing precedes the burst. Claims: from some moment on, each
account that exists asks many times as fast as before. The pace is per living account, so that a pool that merely
grows, or an organisation that takes on seats, has one pace throughout. Ranked among customers: exchanges beyond what
the first pace would have given, discounted by their share to a power, at the moment that makes most of them.
Exemptions: a first phase under 12 hours or with fewer than 5 exchanges: silence is no probing.
Innocent twin: a customer's pilot before its roll-out, which is why these bits are not added to the campaign's.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import xlogy

from stillwatch.bits import calibrate_bits, conformal_p
from stillwatch.taking.counts import Vector
from stillwatch.taking.course.customers import BLOCK_SECONDS, CUSTOMER_EXCHANGES

Ints = npt.NDArray[np.int64]

SHORTEST_BLOCKS = 2  # 12 hours, on either side: a night is no phase
FEWEST_PROBES = 5
EXPONENT = 4.0  # a phase at a fifth of the pace leaves 0.8 ** 4 = 0.4: an uneven week leaves nothing


@dataclass(frozen=True, slots=True)
class Phase:
    """The best cut of a customer's time: exchanges before and after, hours before, times the pace, and the reading."""

    before: float
    after: float
    hours: float
    faster: float
    harvest: float


def best_cut(exchanges: Vector, alive: Vector) -> Phase:
    """Cut a customer's blocks in two where two paces, the slower first, fit best. Both arrays: one value a block."""
    nothing = Phase(0.0, float(exchanges.sum()), 0.0, 1.0, 0.0)
    if len(exchanges) < 2 * SHORTEST_BLOCKS:
        return nothing
    before, lived = (np.cumsum(x)[SHORTEST_BLOCKS - 1 : -SHORTEST_BLOCKS] for x in (exchanges, alive))
    after, living = exchanges.sum() - before, alive.sum() - lived
    scaled_up = (before >= FEWEST_PROBES) & (after * lived > before * living)
    if not scaled_up.any():
        return nothing
    fit = xlogy(before, before / lived) + xlogy(after, after / living)  # log-likelihood of two Poisson paces
    at = int(np.argmax(np.where(scaled_up, fit, -np.inf)))
    pace, total = before[at] / lived[at], before[at] + after[at]
    beyond = after[at] - pace * living[at]
    hours = (at + SHORTEST_BLOCKS) * BLOCK_SECONDS / 3_600
    harvest = float(beyond * (beyond / total) ** EXPONENT)
    return Phase(float(before[at]), float(after[at]), hours, float(after[at] / living[at] / pace), harvest)


def phases(blocks: pa.Table, lives: pa.Table) -> dict[str, tuple[bool, Phase]]:
    """Cut every customer's time; by customer, whether it is accused, and its cut."""
    names = blocks["customer"].combine_chunks().dictionary_encode()
    accused = dict(zip(blocks["customer"].to_pylist(), blocks["accused"].to_pylist(), strict=True))
    order = np.argsort(names.indices.to_numpy(), kind="stable")
    code = names.indices.to_numpy()[order]
    block, count = (blocks[name].to_numpy()[order] for name in ("block", "exchanges"))
    edges = np.append(np.flatnonzero(np.diff(code, prepend=-1)), len(code))
    living = _by_customer(lives)
    found: dict[str, tuple[bool, Phase]] = {}
    for begin, end in pairwise(edges):
        name = str(names.dictionary[int(code[begin])].as_py())
        if count[begin:end].sum() >= CUSTOMER_EXCHANGES:
            first, last, accounts = living[name]
            start, size = int(first.min()), int(last.max() - first.min()) + 1
            exchanges = np.bincount(block[begin:end] - start, count[begin:end], size).astype(np.float64)
            born = np.bincount(first - start, accounts, size + 1) - np.bincount(last - start + 1, accounts, size + 1)
            found[name] = (accused[name], best_cut(exchanges, np.cumsum(born)[:size].astype(np.float64)))
    return found


def judge_probing(found: dict[str, tuple[bool, Phase]], campaign: str) -> tuple[float, str] | None:
    """Give bits and a sentence; None if the campaign is too small."""
    if campaign not in found:
        return None
    own = found[campaign][1]
    others = [phase.harvest for accused, phase in found.values() if not accused]
    p = float(conformal_p(own.harvest, others, "upper"))
    beyond = round(p * (len(others) + 1)) - 1
    if own.harvest:
        words = (
            f"{own.before:,.0f} exchanges in the first {own.hours:.0f} hours, then {own.after:,.0f}, "
            f"{own.faster:.1f} times as fast for each account"
        )
    else:
        words = f"{own.after:,.0f} exchanges without a slow first phase"
    return float(calibrate_bits(np.log(p))), f"{words}; {beyond:,} of {len(others):,} customers scale up as much"


def _by_customer(lives: pa.Table) -> dict[str, tuple[Ints, Ints, Ints]]:
    names = lives["customer"].combine_chunks().dictionary_encode()
    order = np.argsort(names.indices.to_numpy(), kind="stable")
    code = names.indices.to_numpy()[order]
    columns = [lives[name].to_numpy()[order] for name in ("first", "last", "accounts")]
    edges = np.append(np.flatnonzero(np.diff(code, prepend=-1)), len(code))
    return {
        str(names.dictionary[int(code[begin])].as_py()): (
            columns[0][begin:end],
            columns[1][begin:end],
            columns[2][begin:end],
        )
        for begin, end in pairwise(edges)
    }
