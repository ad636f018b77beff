"""What has gone: exchanges, tokens and list price, counted; unique tasks and what a student could learn, estimated.

In: the taken exchanges, and counts of them. Out: expressions that count them per campaign, and a `Leak`. The estimate
rests on `dose_response.csv`: published accuracies of students trained on so many exchanges with a stronger model.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.stats import t as student_t

from stillwatch.settings import Price
from stillwatch.types import Leak, Learning

SLOTS = ("any_hash_0", "any_hash_1", "any_hash_2", "any_hash_3")
_WHOLE = 1_000_000  # one task: shares are summed as whole millionths, because sums of floats differ between engines
INTERVAL_FRACTION = 0.9  # two-sided coverage of the learning estimate


@dataclass(frozen=True, slots=True)
class Dose:
    """One published student: `exchanges` it was trained on (0: before), and its accuracy on a benchmark in percent."""

    student: str
    benchmark: str
    exchanges: int
    accuracy_percent: float


@dataclass(frozen=True, slots=True)
class ModelVolume:
    """What one campaign took from one model; tokens are None where the log counted none."""

    model: str
    exchanges: int
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A predicted accuracy in percent and half the width of its prediction interval."""

    expected: float
    half_width: float


def leaked_volumes(counted: ir.Table) -> ir.Table:
    """Add up what was taken by model: (campaign_id, model, exchanges, input_tokens, output_tokens).

    Args:    counted: what `taking.taken_counts` gives.
    """
    sums = {name: counted[name].sum().cast("int64") for name in ("exchanges", "input_tokens", "output_tokens")}
    return counted.group_by("campaign_id", "model").agg(**sums)


def leaked_texts(taken: ir.Table) -> ir.Table:
    """List the distinct texts that were taken, with their shingles; nearly as large as `taken`, so keep it."""
    slots = {name: taken[name].min() for name in SLOTS}
    return taken.filter(taken.task_hash != 0).group_by("campaign_id", "task_hash").agg(**slots)


def leaked_tasks(texts: ir.Table) -> ir.Table:
    """Count the distinct tasks of `leaked_texts`: (campaign_id, unique_tasks); exchanges without text have no task.

    Texts of one campaign that agree in three of their four sampled shingles are one task in other words. A text counts
    as one over the number of texts of the largest such class it is in.
    """
    rows = texts
    for number, three in enumerate(combinations(SLOTS, 3)):
        same = _alike(texts, three, number)
        keys = [rows[slot] == same[f"{slot}_{number}"] for slot in three]
        rows = rows.left_join(same, [rows.campaign_id == same[f"owner_{number}"], *keys])
    alike = ibis.greatest(*(rows[f"texts_{number}"].fill_null(1) for number in range(len(SLOTS))))
    shares = rows.select("campaign_id", share=(_WHOLE // alike).cast("int64"))
    return shares.group_by("campaign_id").agg(
        unique_tasks=lambda t: ((t.share.sum() + _WHOLE // 2) // _WHOLE).cast("int64").fill_null(0)
    )


def _alike(texts: ir.Table, slots: Sequence[str], number: int) -> ir.Table:
    """Count the texts of a campaign with the same shingles in these slots, where there are several.

    A text with an empty slot is alone, and so are most others: a window over all texts took three times as long.
    """
    whole = texts.filter(ibis.and_(*(texts[slot] != 0 for slot in slots)))
    counted = whole.group_by("campaign_id", *slots).agg(texts=lambda t: t.count())
    several = counted.filter(counted.texts > 1)
    named = {f"{slot}_{number}": several[slot] for slot in slots}
    return several.select(**{f"owner_{number}": several.campaign_id, f"texts_{number}": several.texts}, **named)


def leak(volumes: Sequence[ModelVolume], unique_tasks: int, prices: Sequence[Price]) -> Leak:
    """Add up what one campaign took, price it, and estimate what it teaches.

    A model without a list price is named, never counted as free; tokens that no row counted stay unknown.
    """
    priced = [(volume, price_of(volume.model, prices)) for volume in volumes]
    bills = [_bill(volume, price) for volume, price in priced if price is not None]
    known = [bill for bill in bills if bill is not None]
    return Leak(
        exchanges=sum(volume.exchanges for volume in volumes),
        unique_tasks=unique_tasks,
        input_tokens=_total([volume.input_tokens for volume in volumes]),
        output_tokens=_total([volume.output_tokens for volume in volumes]),
        list_price_usd=math.fsum(known) if known else None,
        unpriced_models=tuple(sorted({volume.model for volume, price in priced if price is None})),
        learning_estimate=learning_estimate(unique_tasks, dose_response()),
    )


def price_of(model: str, prices: Sequence[Price]) -> Price | None:
    """Give the list price whose prefix fits the model best, the longest; None when no prefix fits.

    >>> price_of("gpt-4o-mini-2024", [Price("gpt-4o", 2.5, 10.0), Price("gpt-4o-mini", 0.15, 0.6)]).input_usd
    0.15
    """
    fitting = [price for price in prices if model.startswith(price.model)]
    return max(fitting, key=lambda price: len(price.model), default=None)


def learning_estimate(unique_tasks: int, doses: Sequence[Dose]) -> tuple[Learning, ...]:
    """Estimate the points each kind of student gains from so many unique tasks, with a 90 % prediction interval.

    accuracy = level(student) + slope * log10(tasks), fitted per benchmark over all students; the gain is taken
    against the same student before training. Doses above the published ones count as the largest published
    one; below the smallest, the gain shrinks in proportion. An estimate: it assumes answers as good as those of the
    published teachers, and its interval is as wide as eight published students make it.

    Returns: empty when nothing was taken.
    """
    if unique_tasks <= 0:
        return ()
    kinds = sorted({(dose.student, dose.benchmark) for dose in doses if dose.exchanges == 0})
    return tuple(_learning(student, benchmark, unique_tasks, doses) for student, benchmark in kinds)


def predict(student: str, benchmark: str, exchanges: float, doses: Sequence[Dose]) -> Spread:
    """Predict a student's accuracy after so many exchanges from the other published students of that benchmark.

    Source:  least squares with one level a student and a common slope; Student's t prediction interval.
    """
    rows = [dose for dose in doses if dose.benchmark == benchmark and dose.exchanges > 0]
    students = sorted({dose.student for dose in rows})
    design = np.array([_design(dose.student, dose.exchanges, students) for dose in rows])
    accuracy = np.array([dose.accuracy_percent for dose in rows])
    weights = np.linalg.lstsq(design, accuracy)[0]
    degrees = len(rows) - design.shape[1]
    variance = float(((accuracy - design @ weights) ** 2).sum()) / degrees
    point = _design(student, exchanges, students)
    spread = math.sqrt(variance * float(1 + point @ np.linalg.pinv(design.T @ design) @ point))
    quantile = float(student_t.ppf(0.5 + INTERVAL_FRACTION / 2, degrees))
    return Spread(float(point @ weights), quantile * spread)


@cache
def dose_response() -> tuple[Dose, ...]:
    """Give the published students that come with the package."""
    text = resources.files("stillwatch").joinpath("dose_response.csv").read_text(encoding="utf-8")
    return tuple(
        Dose(row["student"], row["benchmark"], int(row["exchanges"]), float(row["accuracy_percent"]))
        for row in csv.DictReader(text.splitlines())
    )


def _design(student: str, exchanges: float, students: Sequence[str]) -> npt.NDArray[np.float64]:
    return np.array([*(float(student == name) for name in students), math.log10(exchanges)])


def _learning(student: str, benchmark: str, unique_tasks: int, doses: Sequence[Dose]) -> Learning:
    published = [dose.exchanges for dose in doses if dose.benchmark == benchmark and dose.exchanges > 0]
    before = _levels(doses)[student, benchmark]
    dose = min(max(unique_tasks, min(published)), max(published))
    reached_fraction = min(1.0, unique_tasks / min(published))
    spread = predict(student, benchmark, dose, doses)
    low, points, high = (
        (min(100.0, max(0.0, accuracy)) - before) * reached_fraction
        for accuracy in (spread.expected - spread.half_width, spread.expected, spread.expected + spread.half_width)
    )
    return Learning(student, benchmark, round(points, 1), round(low, 1), round(high, 1))


def _levels(doses: Sequence[Dose]) -> Mapping[tuple[str, str], float]:
    return {(dose.student, dose.benchmark): dose.accuracy_percent for dose in doses if dose.exchanges == 0}


def _bill(volume: ModelVolume, price: Price) -> float | None:
    if volume.input_tokens is None and volume.output_tokens is None:
        return None
    return ((volume.input_tokens or 0) * price.input_usd + (volume.output_tokens or 0) * price.output_usd) / 1e6


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
