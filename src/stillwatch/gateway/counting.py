"""How many requests of a throttle or a cap have passed, and how many accounts an action has touched: fixed windows.

In: a decision's id or an action, its limit, the time. Out: whether this request passes, or how long to wait; whether an
account may still be touched. Several processes count apart, so a limit holds per process.
"""

from math import ceil

_MOST_KEPT = 100_000
_HOUR_SECONDS = 3600


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


class Touched:
    """Counts the accounts that each action has touched, in windows of an hour that begin with the first."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, set[str]]] = {}

    def allows(self, action: str, account: str, most: int, now: float) -> bool:
        """Whether an account is among the first so many of the hour.

        >>> touched = Touched()
        >>> [touched.allows("block", account, 2, 0.0) for account in ("a", "b", "a", "c")]
        [True, True, True, False]
        >>> touched.allows("block", "c", 2, 3600.0)
        True
        """
        begin, accounts = self._windows.get(action, (now, set()))
        if now - begin >= _HOUR_SECONDS:
            begin, accounts = now, set()
        if account not in accounts and len(accounts) >= most:
            return False
        accounts.add(account)
        self._windows[action] = (begin, accounts)
        return True
