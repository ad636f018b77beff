"""Does a window of exchanges differ from reference traffic, by how many bits, and which exchanges carry the difference?

In: features of texts, as plain arrays. Out: `Difference`. For streams without accounts, and for one account behind
which many people stand. Read `compare`, then `over_represented` for the one formula; docs/why/windows.md for numbers.
"""

from stillwatch.windows.compare import Difference, compare
from stillwatch.windows.features import Features, coded
from stillwatch.windows.trusted import Trust, trust

__all__ = ["Difference", "Features", "Trust", "coded", "compare", "trust"]
