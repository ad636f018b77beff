"""Which stage runs, how long it took, and what it cost.

In: the names of stages as they start. Out: `StageCost` values. Peak memory of a single stage can be told only where
the system lets a process forget its own peak (Linux); elsewhere it is the peak since the start.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from stillwatch.types import StageCost

Tell: TypeAlias = Callable[[str], None]
"""Told the name of each stage as it starts."""

Measure: TypeAlias = Literal["seconds", "everything"]
"""How closely a run is measured; `everything` makes the system forget the peak memory before each stage."""

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"  # what the kernel reads as "the peak begins anew"


class Stages:
    """Tells which stage runs and remembers what each cost; use `start` for each in turn, then `stop`."""

    def __init__(self, tell: Tell, measure: Measure, spilled_bytes: Callable[[], int]) -> None:
        self._tell, self._measure, self._spilled_bytes = tell, measure, spilled_bytes
        self._costs: list[StageCost] = []
        self._stage, self._began, self._spilled = "", 0.0, 0

    def start(self, stage: str) -> None:
        """End the stage that runs and begin another."""
        self.stop()
        self._tell(stage)
        if self._measure == "everything":
            _forget_peak()
        self._stage, self._began, self._spilled = stage, time.perf_counter(), self._spilled_bytes()

    def stop(self) -> tuple[StageCost, ...]:
        """End the stage that runs and give what all of them cost."""
        if self._stage:
            seconds = round(time.perf_counter() - self._began, 3)
            self._costs.append(StageCost(self._stage, seconds, _peak_bytes(), self._spilled_bytes() - self._spilled))
        self._stage = ""
        return tuple(self._costs)


def _forget_peak() -> None:
    try:
        _FORGET.write_text(_FORGET_PEAK)
    except OSError:
        return  # peaks are then those since the start


def _peak_bytes() -> int:
    """The largest resident size, since it was last forgotten where the system keeps that."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
