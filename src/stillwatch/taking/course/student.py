"""Improving student: what is graded are one student's answers, and day by day they change in one direction.

Source: rubric grading as a reward model (February 2026); on-policy distillation grades a student's own answers, which
grow longer and better as it learns (arXiv 2306.13649; 2501.12948, figure 3). Claims: the campaign's grading prompts get
longer (or shorter) from day to day. A sketch holds no candidate answer by itself, so the length of the prompt around it
is read, under the same opening words: there, what changes is the task and the candidate.
Null: the order of the days says nothing. Days are shuffled whole, so that neither the hours of a day nor what hangs
together within one counts as a drift; the exact law of Kendall's number of inversions gives p, doubled for two sides.
Exemptions: fewer than 100 grading prompts, or fewer than 5 days with 5 of them. Beyond 400 such days, spans of equally
many days take the place of days: the time does not grow with a log of years.
Innocent twins: a nightly evaluation and a drift monitor grade without a direction. A team that grades its own
product while it gets better does drift: it is told apart by declaring itself, not by this test.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.bits import calibrate_bits
from stillwatch.taking.counts import Vector

FEWEST_PROMPTS = 100  # graded in all: the mean of a day needs some
FEWEST_DAYS = 5  # 2 in 5! = 1.7 %: with fewer days nothing could be said
FEWEST_A_DAY = 5
MOST_SPANS = 400  # compared; their law is made in the third power of it, a fraction of a second
_LEAST_P = float(np.finfo(float).tiny)  # 171 days in order have less


def judge_student(counted: pa.Table, campaign: str) -> tuple[float, str] | None:
    """Give bits and a sentence; None if too little was graded, or on too few days."""
    rows = counted.filter(pc.equal(counted["customer"], campaign))
    prompts = int(pc.sum(rows["prompts"]).as_py() or 0)
    if prompts < FEWEST_PROMPTS:
        return None
    means, days = daily_lengths(rows)
    if len(means) < FEWEST_DAYS:
        return None
    later, spans = ("day", "days") if days == 1 else (f"{days} days", f"spans of {days} days")
    rising = int(_concordant(means))
    pairs = len(means) * (len(means) - 1) // 2
    direction = "longer" if 2 * rising > pairs else "shorter"
    share = max(rising, pairs - rising)
    words = (
        f"{prompts:,} prompts with an answer to grade, under the same opening words, are {direction} on the later "
        f"{later} in {share:,} of {pairs:,} pairs of {spans}, by {abs(means[-1] - means[0]):.0f} words from the first "
        "to the last; without a direction it would be half"
    )
    return float(calibrate_bits(np.log(drift_p(means)))), words


def daily_lengths(rows: pa.Table) -> tuple[Vector, int]:
    """Give each day's mean length in words, measured from the mean of the same opening words, in order of day.

    Returns: the means, at most `MOST_SPANS` of them, and of how many graded days each one is.
    """
    stream, place = np.unique(rows["head_hash"].to_numpy(), return_inverse=True)
    day, when = np.unique(rows["day"].to_numpy(), return_inverse=True)
    prompts, words = (rows[name].to_numpy().astype(float) for name in ("prompts", "words"))
    usual = np.bincount(place, words, len(stream)) / np.bincount(place, prompts, len(stream))
    beyond = np.bincount(when, words - prompts * usual[place], len(day))
    graded = np.bincount(when, prompts, len(day))
    enough = graded >= FEWEST_A_DAY
    days = -(-int(enough.sum()) // MOST_SPANS) or 1
    left = int(enough.sum()) % days  # spans of fewer days would vary more: the first days are left out
    beyond, graded = (counts[enough][left:].reshape(-1, days).sum(axis=1) for counts in (beyond, graded))
    return np.asarray(beyond / graded), days


def drift_p(values: Sequence[float] | Vector) -> float:
    """Give the two-sided p-value of Kendall's test for a trend; ties count against the trend.

    >>> drift_p([1.0, 2.0, 3.0, 4.0, 5.0])  # 2 in 5!
    0.016666666666666666

    Source:  Kendall 1938, A new measure of rank correlation; Mann 1945, Nonparametric tests against trend.
    """
    values = np.asarray(values, float)
    falling = int(_concordant(-values))
    rising = int(_concordant(values))
    pairs = len(values) * (len(values) - 1) // 2
    against = pairs - max(rising, falling)
    law = _inversions(len(values))
    return min(1.0, max(2.0 * float(law[: against + 1].sum()), _LEAST_P))


def _concordant(values: Vector) -> int:
    later, earlier = np.meshgrid(values, values)
    return int(np.triu(np.round(later - earlier, 9) > 0, 1).sum())


@cache
def _inversions(size: int) -> Vector:
    """Probability of each number of inversions in a random order: each place adds a uniform law, a moving mean."""
    law = np.ones(1)
    for place in range(2, size + 1):
        reached = np.cumsum(np.pad(law, (0, place - 1)))
        law = np.concatenate([reached[:place], reached[place:] - reached[:-place]]) / place
    return law
