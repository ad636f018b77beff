"""Lifetime: accounts of one operator start and stop together; customers come and go on their own.

Claims: first and last exchange of a group's accounts lie closer together than those of strangers of equal volume.
Exempt: groups formed by sign-up time, which start together for that reason.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features, Floats
from stillwatch.together.likeness.base import Accounts, Likeness
from stillwatch.types import TraitKind

_HOUR = 3_600.0


def _ends(accounts: Accounts) -> Floats:
    start, stop = int(accounts.first_second.min()), int(accounts.last_second.max())
    length = max(stop - start, 1)
    return np.column_stack([(accounts.first_second - start) / length, (accounts.last_second - start) / length])


def _features(accounts: Accounts) -> Features:
    ends = _ends(accounts)
    return Features(ends, (ends**2).sum(axis=1), np.ones(len(ends), bool), accounts.volume_bin, np.zeros(len(ends)))


def _say(accounts: Accounts, members: npt.NDArray[np.int64], strangers: npt.NDArray[np.int64]) -> str:
    def hours(rows: npt.NDArray[np.int64]) -> tuple[float, float]:
        return accounts.first_second[rows].std() / _HOUR, accounts.last_second[rows].std() / _HOUR

    inside, outside = hours(members), hours(strangers)
    return (
        f"first exchanges of {len(members)} accounts spread over {inside[0]:.1f} hours (one standard deviation) and "
        f"last ones over {inside[1]:.1f}; among strangers {outside[0]:.1f} and {outside[1]:.1f}"
    )


LIFETIME = Likeness("lifetime", "pace", "ts", frozenset({TraitKind.SIGN_UP}), _features, _say)
