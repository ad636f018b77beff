"""Hours: when accounts of each kind are awake, as weights per hour of the window in local time.

In: real clients' hourly rates and a random generator. Out: rows for `Library.rhythms`, all of the window's length.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.layout import Rng

Weights = NDArray[np.float64]


def person(rng: Rng, hours: int) -> Weights:
    """One person's week: own waking hours, own weekends, two humps a day."""
    hour = np.arange(24)
    peak, second = rng.normal(11, 2), rng.normal(20, 2.5)
    width = rng.uniform(2, 5)
    day = _hump(hour, peak, width) + rng.uniform(0, 1.5) * _hump(hour, second, rng.uniform(1.5, 3.5))
    week = np.concatenate([day * (rng.uniform(0.1, 1.5) if d >= 5 else rng.uniform(0.6, 1.4)) for d in range(7)])
    return _tiled(week + 0.004, hours)


def office(rng: Rng, hours: int) -> Weights:
    """Working hours on working days."""
    hour = np.arange(24)
    day = _hump(hour, rng.normal(13.5, 0.7), rng.uniform(2.5, 4))
    week = np.concatenate([day * (rng.uniform(0, 0.15) if d >= 5 else 1.0) for d in range(7)])
    return _tiled(week + 0.002, hours)


def nightly(rng: Rng, hours: int) -> Weights:
    """One batch a night, starting on the hour, one to four hours long; some only on working days."""
    day = np.zeros(24)
    start = int(rng.integers(0, 6))
    day[start : start + int(rng.integers(1, 5))] = 1.0
    weekdays_only = rng.random() < 0.4
    week = np.concatenate([day * (0.0 if weekdays_only and d >= 5 else 1.0) for d in range(7)])
    return _tiled(week, hours)


def hourly(rng: Rng, hours: int) -> Weights:
    """The same little job every few hours, day and night."""
    step = int(rng.choice([1, 2, 4, 6]))
    day = np.zeros(24)
    day[::step] = 1.0
    return _tiled(np.tile(day, 7), hours)


def steady(rng: Rng, hours: int) -> Weights:
    """Round the clock with a slow drift."""
    return np.exp(np.cumsum(rng.normal(0, 0.05, hours)))


def tide(rng: Rng, hours: int) -> Weights:
    """A service with customers of its own in many places: never quiet, busier by day."""
    hour = np.arange(hours)
    day = 1.0 + rng.uniform(0.3, 0.95) * np.sin(2 * np.pi * (hour + rng.uniform(0, 24)) / 24)
    return day * np.exp(np.repeat(rng.normal(0, 0.3, hours // 24 + 1), 24)[:hours])


DEPTH = {"steady": (0.1, 0.3), "tide": (0.6, 0.95), "shift": (0.2, 0.5)}
SHIFT_HOURS = (9, 15)


def scheduler(rng: Rng, hours: int, style: str) -> Weights:
    """An operator's queue: round the clock, with a tide, or in one long shift a day; with common idle windows."""
    hour = np.arange(hours)
    tide = 1.0 + rng.uniform(*DEPTH[style]) * np.sin(2 * np.pi * (hour + rng.uniform(0, 24)) / 24)
    tide *= np.exp(np.repeat(rng.normal(0, 0.25, hours // 24 + 1), 24)[:hours])
    if style == "shift":
        tide *= (hour + int(rng.integers(0, 24))) % 24 < int(rng.integers(*SHIFT_HOURS))
    for _ in range(max(2, hours // 90)):
        at = int(rng.integers(0, hours))
        tide[at : at + int(rng.integers(2, 9))] = 0.0
    return tide


def _hump(hour: NDArray[np.integer], centre: float, width: float) -> Weights:
    away = (hour - centre + 12) % 24 - 12
    hump: Weights = np.exp(-0.5 * (away / width) ** 2)
    return hump


def _tiled(week: Weights, hours: int) -> Weights:
    return np.resize(week, hours)
