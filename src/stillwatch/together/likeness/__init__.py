"""The tests of likeness, one file an idea; `ALL` lists them in the order of the report.

In: `Accounts`. Out: `Likeness` values. A new test is one more file and one more entry here.
"""

from stillwatch.together.likeness.base import FAMILIES, Accounts, Likeness, features_of
from stillwatch.together.likeness.histograms import HISTOGRAMS
from stillwatch.together.likeness.shared_values import SHARED_VALUES
from stillwatch.together.likeness.volume import VOLUME

ALL: tuple[Likeness, ...] = (VOLUME, *HISTOGRAMS, *SHARED_VALUES)

__all__ = ["ALL", "FAMILIES", "Accounts", "Likeness", "features_of"]
