"""How many requests of a throttle or a cap have passed: fixed windows, one process.

In: a decision's id, its limit, the time. Out: whether this request passes, or how long to wait. Several processes
count apart, so a limit holds per process.
"""

from math import ceil

_MOST_KEPT = 100_000


class Allowance:
    """Counts in windows that begin with the first request."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, decision_id: str, limit: int, window_seconds: int, now: float) -> int:
        """Count one request: 0 where it passes, else the seconds until the next window.

        >>> allowance = Allowance()
        >>> [allowance.take("d", 2, 60, now) for now in (0.0, 10.0, 20.0, 60.0)]
        [0, 0, 40, 0]
        """
        begin, passed = self._windows.get(decision_id, (now, 0))
        if now - begin >= window_seconds:
            begin, passed = now, 0
        if passed >= limit:
            return max(1, ceil(begin + window_seconds - now))
        if len(self._windows) >= _MOST_KEPT and decision_id not in self._windows:
            self._windows.pop(next(iter(self._windows)))
        self._windows[decision_id] = (begin, passed + 1)
        return 0
