"""When a campaign's accounts live and ask: one queue dealt out to places, and what becomes of a place after a ban.

In: a `World`, one `Operator` and its accounts. Out: the same accounts with hours, volumes and places in the queue.
Read `operators` first.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate import rhythms
from stillwatch.simulate.layout import Accounts
from stillwatch.simulate.scenario import Operator
from stillwatch.simulate.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PROBING_LEVEL = 0.05  # of the normal pace
VOLUME_NOISE = 0.05  # a load balancer is fair
LIVELY_VOLUME_SPREAD = 0.9  # log-normal, when accounts are meant to look like people
LEAST_LIFE_FRACTION = 0.2  # of the campaign, before an account is closed
LEAST_RAMP = 0.02  # of the normal pace, in an account's first hour
FAILOVER_HOURS = 4 / 60
JITTER_HOURS = 4  # an account's own delay behind the queue
JITTER_SPREAD = 0.8  # log-normal noise of each of its hours


def places_of(world: World, operator: Operator) -> tuple[int, Ints]:
    """How many places the queue has, and which account each of the later ones continues."""
    if operator.failover_hour:
        places = (operator.accounts + 1) // 2
        return places, np.arange(operator.accounts - places)
    if operator.generations > 1:
        places = max(1, operator.accounts // operator.generations)
        return places, np.arange(operator.accounts - places)
    replaced = round(operator.accounts * operator.replaced_fraction / (1 + operator.replaced_fraction))
    places = operator.accounts - replaced
    return places, world.rng.permutation(places)[:replaced]


def last_hour(world: World, operator: Operator) -> float:
    """When the operator stops."""
    whole = float(world.hours)
    return min(whole, operator.start_hour + 24.0 * operator.active_days) if operator.active_days else whole


def schedule(world: World, operator: Operator, accounts: Accounts, places: int, before: Ints) -> None:
    """Fill hours, volumes and places; `before`: the account that each account from `places` on continues."""
    profile = _profile(world, operator)
    accounts["day_noise"] = 150.0
    accounts["gap_shape"] = world.rng.uniform(1.5, 4)
    if operator.probing_hours:
        accounts["probing_until"] = operator.start_hour + operator.probing_hours
    _first_days(world, operator, accounts, places)
    _successions(world, operator, accounts, places, before)
    pace = _pace(world, operator, accounts, profile)
    _volumes(world, operator, accounts, pace)
    accounts["lane"] = np.r_[np.arange(places), before % places]
    accounts["lanes"] = places
    for first in range(places, len(accounts), places):
        block = np.arange(first, min(first + places, len(accounts)))
        previous = before[block - places]
        accounts["done"][block] = accounts["exchanges"][previous] + accounts["done"][previous]
    accounts["repeats"] = operator.repeats


def _profile(world: World, operator: Operator) -> Floats:
    """The queue's weight per hour of the window."""
    profile = rhythms.scheduler(world.rng, world.hours, operator.schedule)
    if operator.probing_hours:
        profile[: int(operator.start_hour + operator.probing_hours)] *= PROBING_LEVEL
    return profile


def _first_days(world: World, operator: Operator, accounts: Accounts, places: int) -> None:
    """Accounts come in waves; some are there from the start."""
    rng, count = world.rng, len(accounts)
    within = operator.onboarding_fraction * last_hour(world, operator)
    waves = operator.start_hour + np.sort(rng.uniform(0, within, 1 + count // 40))
    accounts["start"] = waves[rng.integers(0, len(waves), count)] + rng.exponential(0.6, count)
    early = min(count, max(3, places // 8))
    accounts["start"][:early] = operator.start_hour + rng.exponential(0.5, early)
    accounts["end"] = last_hour(world, operator)


def _successions(world: World, operator: Operator, accounts: Accounts, places: int, before: Ints) -> None:
    """Close accounts and let fresh ones carry on: of the whole pool at once, one after the other, or some midway."""
    rng, count, hours = world.rng, len(accounts), last_hour(world, operator)
    fresh = np.arange(places, count)
    if operator.failover_hour:
        banned = np.arange(places)
        end = np.full(len(fresh), operator.failover_hour) + rng.uniform(0, 0.02, len(fresh))
        accounts["end"][banned] = accounts["closed"][banned] = operator.failover_hour + rng.uniform(0, 0.02, places)
        accounts["start"][fresh] = np.minimum(end + rng.exponential(FAILOVER_HOURS, len(fresh)), hours - 0.5)
    elif operator.generations > 1:
        end = _generations(world, accounts, places, hours)
    else:
        life = hours - accounts["start"][before]
        end = accounts["start"][before] + life * rng.uniform(LEAST_LIFE_FRACTION, 0.85, len(fresh))
        accounts["end"][before], accounts["closed"][before] = end, end + rng.uniform(0, 0.2, len(fresh))
        accounts["start"][fresh] = np.minimum(end + rng.exponential(1.5, len(fresh)) + 0.1, hours - 2)
    accounts["created"] = accounts["start"] - rng.exponential(operator.aged_hours, count) - 0.2
    accounts["created"][fresh] = np.maximum(accounts["created"][fresh], end - rng.uniform(0, 100, len(fresh)))
    accounts["created"] = np.minimum(accounts["created"], accounts["start"])


def _generations(world: World, accounts: Accounts, places: int, hours: float) -> Floats:
    """Share each place's time among its accounts; gives when the predecessor of each fresh account ended."""
    rng, count = world.rng, len(accounts)
    lives = -(-count // places)
    length = rng.uniform(0.5, 1.5, (lives, places))
    length[np.arange(lives * places).reshape(lives, places) >= count] = 0.0
    first = accounts["start"][:places].copy()
    ends = first + (hours - first) * np.cumsum(length, axis=0) / length.sum(axis=0)
    end: Floats = ends.ravel()[:count]
    last = np.arange(count) + places >= count
    accounts["end"] = np.where(last, hours, end)
    accounts["closed"] = np.where(last, np.nan, end + rng.uniform(0, 0.2, count))
    before: Floats = end[: count - places]
    accounts["start"][places:] = np.minimum(before + rng.exponential(0.5, len(before)), hours - 1)
    return before


def _pace(world: World, operator: Operator, accounts: Accounts, profile: Floats) -> Floats:
    """Give each account its hours of activity; the sum of its weights over its life is its pace."""
    table, count = world.library.rhythms, len(accounts)
    if operator.timing == "scheduler" and not operator.ramp_hours:
        table.append(profile)
        accounts["rhythm"] = len(table) - 1
        rows = np.broadcast_to(profile, (count, len(profile)))
    else:
        rows = _own_hours(world, operator, accounts, profile)
        accounts["rhythm"] = len(table) + np.arange(count)
        table.extend(rows)
    spans = zip(rows, accounts["start"], accounts["end"], strict=True)
    return np.array([row[int(a) : int(np.ceil(b))].sum() for row, a, b in spans])


def _own_hours(world: World, operator: Operator, accounts: Accounts, profile: Floats) -> Floats:
    """A row of hours per account, in UTC: (accounts, hours)."""
    rng, count, hour = world.rng, len(accounts), np.arange(len(profile))
    if operator.timing == "scheduler":
        rows = np.tile(profile, (count, 1))
    elif operator.timing == "jittered":
        late = rng.integers(-JITTER_HOURS, JITTER_HOURS + 1, count)
        rows = profile[np.clip(hour[None, :] - late[:, None], 0, len(profile) - 1)]
        rows = rows * rng.lognormal(0, JITTER_SPREAD, rows.shape) + 1e-3
        accounts["day_noise"], accounts["gap_shape"] = 6.0, rng.uniform(0.5, 2.0, count)
    else:
        rows = _borrowed_hours(world, operator, accounts)
    age = hour[None, :] + 1.0 - accounts["start"][:, None]
    if operator.ramp_hours:
        rows = rows * np.clip(age / operator.ramp_hours, LEAST_RAMP, 1.0)
    if operator.probing_hours and operator.timing in {"human", "replayed"}:
        rows = rows * np.where(hour < operator.start_hour + operator.probing_hours, PROBING_LEVEL, 1.0)
    return rows


def _borrowed_hours(world: World, operator: Operator, accounts: Accounts) -> Floats:
    """Hours and gaps of people of the account's country, or of a real client whose log is replayed."""
    rng, count, real = world.rng, len(accounts), world.pool.arrivals
    if operator.timing == "human":
        at = world.rhythm(("person", "office"), count)
        accounts["day_noise"] = rng.uniform(0.4, 3.0, count)
        shift = world.zones(accounts["country"]) + rng.integers(-1, 2, count)
    else:
        at = world.rhythm(("real",), count)
        accounts["day_noise"] = rng.uniform(2, 30, count)
        shift = np.zeros(count, np.int64)
    client = rng.integers(0, len(real.gap_shape), count)
    if operator.timing == "replayed":
        client = real.lasting[at - world.rhythm_runs["real"][0]]
    accounts["weibull"], accounts["gap_shape"] = real.weibull[client], real.gap_shape[client]
    rows = np.array(
        [np.roll(world.library.rhythms[int(number)], -int(by)) for number, by in zip(at, shift, strict=True)]
    )
    even: Floats = rows / rows.mean(axis=1, keepdims=True)
    return even


def _volumes(world: World, operator: Operator, accounts: Accounts, pace: Floats) -> None:
    share = (pace + 0.05) * np.clip(world.rng.normal(1, VOLUME_NOISE, len(accounts)), 0.5, 1.5)
    if operator.timing in {"human", "replayed"}:
        share *= world.rng.lognormal(0, LIVELY_VOLUME_SPREAD, len(accounts))
    accounts["exchanges"] = np.maximum(1, np.round(operator.exchanges * share / share.sum()))
