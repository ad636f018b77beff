"""The tests of likeness, one file an idea; `ALL` lists them in the order of the report.

In: `Accounts`. Out: `Likeness` values. A new test is one more file and one more entry here.
"""

import os
from collections.abc import Callable
from typing import TypeVar

from stillwatch.abreast import abreast
from stillwatch.together.likeness.base import FAMILIES, Accounts, Likeness, features_of
from stillwatch.together.likeness.histograms import HABITS, HISTOGRAMS, commonest
from stillwatch.together.likeness.shared_values import SHARED_VALUES
from stillwatch.together.likeness.volume import VOLUME
from stillwatch.types import TraitKind

ALL: tuple[Likeness, ...] = (VOLUME, *HISTOGRAMS, *SHARED_VALUES)

__all__ = ["ALL", "FAMILIES", "HABITS", "Accounts", "Likeness", "by_test", "commonest", "features_of"]

_AT_ONCE = min(os.cpu_count() or 1, 4)  # tests that are worked out at once: each takes memory of its own
_MANY = 5_000  # accounts below which threads cost more than they spare

_Result = TypeVar("_Result")


def by_test(work: Callable[[Likeness], _Result], accounts: int) -> dict[str, _Result]:
    """Give `work(test)`, which looks at so many accounts, for every test, by name, in the order of `ALL`."""
    workers = _AT_ONCE if accounts >= _MANY else 1
    longest_first = sorted(ALL, key=lambda test: test.name != TraitKind.SCAFFOLD)  # most traits of a log are words
    results = dict(zip((test.name for test in longest_first), abreast(work, longest_first, workers), strict=True))
    return {test.name: results[test.name] for test in ALL}
