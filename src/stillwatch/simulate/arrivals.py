"""When each account's exchanges happen: own hours, own bursts, conversations, and an outage that hits everybody.

In: a block of accounts and the rhythms they point to. Out: rows with ts, account, ordinal, session and turn, in order
of account and then time. Gaps are drawn in the account's own busy time (Weibull or Gamma, as fitted to real clients),
then stretched over its hours: an inhomogeneous renewal process.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.layout import MICROSECONDS_PER_HOUR, ROW, Accounts, Rng, Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GAP_SHAPES = (0.2, 6.0)
SAME_MINUTE_FRACTION = 0.5  # of those whom an outage turned away: share that retries at once


def rows_of(accounts: Accounts, first: int, rhythms: Floats, outage: tuple[float, float] | None, rng: Rng) -> Rows:
    """Draw every exchange of a block; `first` is the number of its first account; each account has at least one."""
    counts = accounts["exchanges"].astype(np.int64)
    owner = np.repeat(np.arange(len(accounts)), counts)
    rows = np.zeros(len(owner), ROW)
    starts = np.cumsum(counts) - counts
    rows["account"] = owner + first
    rows["ordinal"] = np.arange(len(owner)) - starts[owner]
    new = rng.random(len(owner)) < 1.0 / accounts["session"][owner]
    new[starts] = True
    busy = _busy_time(accounts, owner, counts, new, rng)
    hours = _stretched(busy, owner, _profiles(accounts, rhythms, rng), accounts)
    hours = hours + _thinking(accounts["think"][owner], new, rng)
    opened = np.cumsum(new)
    rows["session"] = opened - opened[starts[owner]]
    rows["turn"] = np.minimum(np.arange(len(owner)) - np.flatnonzero(new)[opened - 1], 2_000)
    in_time = hours <= accounts["end"][owner]  # a conversation that outlives its account is cut off
    hours = _after(hours, outage, rng)
    rows["ts"] = (hours * MICROSECONDS_PER_HOUR).astype(np.int64)
    kept: Rows = rows[in_time & (hours < rhythms.shape[1])]
    return kept


def _busy_time(accounts: Accounts, owner: Ints, counts: Ints, new: NDArray[np.bool_], rng: Rng) -> Floats:
    """Place of each exchange in its account's busy time, 0..1."""
    shape = np.clip(accounts["gap_shape"][owner], *GAP_SHAPES).astype(np.float64)
    weibull = accounts["weibull"][owner]
    gaps = np.where(weibull, rng.weibull(shape), rng.standard_gamma(shape))
    gaps *= new
    starts = np.cumsum(counts) - counts
    tail = np.where(accounts["weibull"], rng.weibull(shape[starts]), rng.standard_gamma(shape[starts]))
    along = np.cumsum(gaps)
    before = np.r_[0.0, along][starts]
    whole = np.add.reduceat(gaps, starts) + tail + 1e-12
    place: Floats = np.clip((along - before[owner]) / whole[owner], 0.0, 1.0)
    return place


def _profiles(accounts: Accounts, rhythms: Floats, rng: Rng) -> Floats:
    """Cumulative share of each account's activity at the end of each hour, (accounts, hours + 1)."""
    hours = rhythms.shape[1]
    local = (np.arange(hours)[None, :] + accounts["zone"].astype(np.int64)[:, None]) % hours
    weights = rhythms[accounts["rhythm"][:, None], local]
    days = -(-hours // 24)
    noise = accounts["day_noise"].astype(np.float64)[:, None]
    weights = (
        weights * np.repeat(rng.standard_gamma(np.broadcast_to(noise, (len(accounts), days))), 24, axis=1)[:, :hours]
    )
    hour = np.arange(hours)[None, :]
    inside = np.clip(accounts["end"][:, None] - hour, 0, 1) * np.clip(hour + 1 - accounts["start"][:, None], 0, 1)
    weights = weights * inside + 1e-9 * inside + 1e-15
    along = np.cumsum(weights, axis=1)
    return np.concatenate([np.zeros((len(accounts), 1)), along / along[:, -1:]], axis=1)


def _stretched(busy: Floats, owner: Ints, along: Floats, accounts: Accounts) -> Floats:
    """Hour of each exchange: the inverse of its account's cumulative activity, within its time."""
    width = along.shape[1]
    flat = (along + 2.0 * np.arange(len(along))[:, None]).ravel()
    at = np.searchsorted(flat, busy + 2.0 * owner, side="right") - 1
    at = np.minimum(at, owner * width + width - 2)
    low, high = flat[at], flat[at + 1]
    within = np.clip((busy + 2.0 * owner - low) / np.maximum(high - low, 1e-15), 0.0, 1.0)
    opens = np.maximum(at - owner * width, accounts["start"][owner])
    closes = np.minimum(at - owner * width + 1.0, accounts["end"][owner])
    hours: Floats = opens + within * (closes - opens)
    return hours


def _thinking(think: NDArray[np.float32], new: NDArray[np.bool_], rng: Rng) -> Floats:
    """Hours since the conversation began: people read and write between turns."""
    pauses = np.where(new, 0.0, think * rng.lognormal(0.0, 0.9, len(new)) / 3600.0)
    along = np.cumsum(pauses)
    opened = np.cumsum(new) - 1
    return along - along[np.flatnonzero(new)][opened] if len(new) else along


def _after(hours: Floats, outage: tuple[float, float] | None, rng: Rng) -> Floats:
    """Move what fell into the outage behind it: half comes back within the minute, half within hours."""
    if outage is None:
        return hours
    down, up = outage
    hit = (hours >= down) & (hours < up)
    at_once = rng.random(len(hours)) < SAME_MINUTE_FRACTION
    late = np.where(at_once, rng.exponential(20 / 3600, len(hours)), rng.exponential(1.5, len(hours)))
    return np.where(hit, up + late, hours)
