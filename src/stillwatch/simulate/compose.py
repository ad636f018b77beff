"""What each exchange says: which scaffold, payload and second text, which model, client, parameters and address.

In: rows with times, the accounts, the library and the pool's runs. Out: the same rows, filled with indices; no text is
copied here. Work is done per recipe and part, never per exchange.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.drafts import LEVELS, level_at
from stillwatch.simulate.layout import MICROSECONDS_PER_HOUR, NEW_MODEL, Accounts, Rng, Rows
from stillwatch.simulate.library import Library, Part
from stillwatch.simulate.pool import Run

Ints = NDArray[np.int64]
CORNER = 2.5  # how strongly a person keeps to its own corner of a source; 1 would be not at all
FOLLOW_FRACTION = 0.65  # of later turns: short follow-ups instead of a new question
PROBE = 2
JOINERS = 16
WORDING = 0x2545F4914F6CDD1  # a queue decides the wording of each task, or of each of its repeats
MIX = np.uint64(0x9E3779B97F4A7C15)


def fill(rows: Rows, accounts: Accounts, library: Library, runs: Mapping[str, Run], rng: Rng) -> None:
    """Fill a block's rows in place; `rows["account"]` are numbers into `accounts`."""
    owner = accounts[rows["account"]]
    _channels(rows, owner, rng)
    recipe = owner["recipe"]
    for number in np.unique(recipe):
        mine = np.flatnonzero(recipe == number)
        parts = library.recipes[int(number)]
        picked = _picked(rows[mine], owner[mine], parts, rng)
        for index, part in enumerate(parts):
            at = mine[picked == index]
            ordinal, account = rows["ordinal"][at].astype(np.int64), rows["account"][at].astype(np.int64)
            if len(at):
                _part(rows, Chosen(at, owner[at], part, ordinal, account), runs, rng)
    _follow(rows, owner, library, rng)


def _channels(rows: Rows, owner: Accounts, rng: Rng) -> None:
    size = len(rows)
    hour = rows["ts"] / MICROSECONDS_PER_HOUR
    moved = (hour >= owner["adopted"]) & (rng.random(size) < owner["adopted_fraction"])
    rows["model"] = np.where(moved, NEW_MODEL, owner["model"])
    rows["client"] = owner["client"] + (rng.random(size) ** 2 * owner["clients"]).astype(np.int64)
    rows["params"] = np.where(rng.random(size) < 0.8, owner["params"], owner["params_own"])
    rows["address"] = np.where(
        owner["stripped"], -1, owner["address"] + (rng.random(size) ** 1.5 * owner["addresses"]).astype(np.int64)
    )
    rows["seat"] = np.where(owner["seats"] > 0, (rng.random(size) ** 1.7 * owner["seats"]).astype(np.int64), -1)


def _picked(rows: Rows, owner: Accounts, parts: tuple[Part, ...], rng: Rng) -> Ints:
    """Index of the part of each exchange. In a queue the task decides, so that a repeated task stays what it is."""
    weights = np.array([p.weight for p in parts])
    edges = np.cumsum(weights) / weights.sum()
    queued = _mixed(_queue(rows["ordinal"].astype(np.int64), owner) ^ 0x5DEECE66D) / 2.0**62
    place = np.where(owner["lanes"] > 1, queued, rng.random(len(rows)))
    picked = np.searchsorted(edges, place, side="right").clip(0, len(parts) - 1)
    probing = rows["ts"] < owner["probing_until"] * MICROSECONDS_PER_HOUR
    probes = [index for index, part in enumerate(parts) if part.purpose == PROBE]
    return np.where(probing, probes[0], picked) if probes else picked


def _queue(ordinal: Ints, owner: Accounts) -> Ints:
    """Number of the task at each place of the operator's queue; repeats of a task are next to each other."""
    number: Ints = _place(ordinal, owner) // owner["repeats"] + 1 + (owner["operator"].astype(np.int64) << 40)
    return number


def _place(ordinal: Ints, owner: Accounts) -> Ints:
    """Place in the operator's queue: accounts take turns, lane after lane."""
    place: Ints = (owner["done"] + ordinal) * owner["lanes"] + owner["lane"]
    return place


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The exchanges of one part of one recipe. `at`: their places among the rows; owner: their accounts."""

    at: Ints
    owner: Accounts
    part: Part
    ordinal: Ints
    account: Ints


def _part(rows: Rows, chosen: Chosen, runs: Mapping[str, Run], rng: Rng) -> None:
    at, owner, part, run = chosen.at, chosen.owner, chosen.part, runs[chosen.part.source]
    queued = part.order == "list"
    task = _task(chosen, run, rng)
    worded = _mixed(_place(chosen.ordinal, owner)) if part.reworded else task
    wording = _mixed(worded ^ WORDING) / 2.0**62 if queued else rng.random(len(at))
    own = part.scaffold < 0
    first, count = (owner["scaffold"], owner["scaffolds"]) if own else (part.scaffold, part.scaffolds)
    rows["prefix"][at] = first + (wording * count).astype(np.int64)
    if queued:
        rows["task"][at] = _queue(chosen.ordinal, owner)
    rows["payload"][at] = run.first + task % run.count
    rows["joiner"][at] = task % JOINERS if queued else owner["habit"]
    rows["extra"][at] = _extra(task, part, runs, rng)
    if part.improves:
        level = level_at(rows["ts"][at] / MICROSECONDS_PER_HOUR, *part.improves)
        rows["extra"][at] = _draft(task % run.count, level, runs[part.extra])
    rows["system"][at] = owner["system"] if part.system < 0 else part.system
    rows["tools"][at] = owner["tools"] if part.tools < 0 else part.tools
    rows["target"][at] = part.target
    rows["purpose"][at] = part.purpose


def _extra(task: Ints, part: Part, runs: Mapping[str, Run], rng: Rng) -> Ints:
    if not part.extra:
        return np.full(len(task), -1)
    other = runs[part.extra]
    if part.order == "list":
        return other.first + _mixed(task) % other.count
    there = rng.random(len(task)) < part.extra_fraction
    return np.where(there, other.first + rng.integers(0, other.count, len(task)), -1)


def _draft(question: Ints, level: Ints, drafts: Run) -> Ints:
    """The student's answer to the very question, as good as it is by then."""
    return drafts.first + level * (drafts.count // LEVELS) + question


def _task(chosen: Chosen, run: Run, rng: Rng) -> Ints:
    """Number of the task each exchange asks, before it is folded into the source."""
    ordinal, order = chosen.ordinal, chosen.part.order
    if order == "any":
        return rng.integers(0, run.count, len(ordinal))
    if order == "bench":
        return ordinal % run.count
    if order == "list":
        return _mixed(_queue(ordinal, chosen.owner))
    corner = _mixed(chosen.account) % run.count
    if order == "slice":
        return corner + ordinal
    return corner + (rng.random(len(ordinal)) ** CORNER * run.count).astype(np.int64)


def _mixed(number: Ints) -> Ints:
    """A fixed, well-spread, non-negative number for each number."""
    mixed = number.astype(np.uint64) * MIX
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return (mixed >> np.uint64(2)).astype(np.int64)


def _follow(rows: Rows, owner: Accounts, library: Library, rng: Rng) -> None:
    """Turn most later turns of conversations into short follow-ups: scaffolds without a payload."""
    first, count = library.follow
    later = np.flatnonzero((rows["turn"] > 0) & owner["chatty"] & (rng.random(len(rows)) < FOLLOW_FRACTION))
    rows["prefix"][later] = first + rng.integers(0, count, len(later))
    rows["payload"][later] = -1
    rows["extra"][later] = -1
