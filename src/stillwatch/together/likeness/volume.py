"""Volume: a load balancer gives its accounts equal work; people and companies differ a thousandfold.

Claims: the accounts of a group differ less in exchanges per day of their life than strangers do.
Exempt: accounts that signed up together; those of a log's last hours have all sent little yet. Groups half of whose
accounts sent fewer than three exchanges: everybody who tried a tool once sent exactly one.
Source: the load balancing across accounts that providers disclosed in February 2026.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features, Floats
from stillwatch.together.likeness.base import Accounts, Likeness
from stillwatch.types import TraitKind

_DAY = 86_400.0


def _log_volume(accounts: Accounts) -> Floats:
    """Natural log of exchanges per day; a life shorter than a day counts as a day."""
    days = np.maximum(accounts.last_second - accounts.first_second, 0) / _DAY + 1
    return np.asarray(np.log(accounts.exchanges / days))


def _features(accounts: Accounts) -> Features:
    volume = _log_volume(accounts)
    known = np.ones(len(volume), bool)
    return Features(volume[:, None], volume**2, known, np.zeros(len(volume), np.int64), np.zeros(len(volume)))


def _say(accounts: Accounts, members: npt.NDArray[np.int64], strangers: npt.NDArray[np.int64]) -> str:
    volume = _log_volume(accounts)
    inside, outside = np.exp(volume[members].std(ddof=1)), np.exp(volume[strangers].std(ddof=1))
    return (
        f"{len(members)} accounts send {np.exp(np.median(volume[members])):.0f} exchanges a day each, within a factor "
        f"of {inside:.2f} (one standard deviation); strangers differ by a factor of {outside:.1f}"
    )


VOLUME = Likeness("volume", "pace", "ts", frozenset({TraitKind.SIGN_UP}), _features, _say, least_exchanges=3)
