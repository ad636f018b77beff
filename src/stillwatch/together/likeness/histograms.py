"""Rhythm and content: accounts fed by one scheduler from one task list have the same histograms.

Claims: hours of the day, busy and idle spells of the calendar, gaps, targets, lengths, turns or outcomes of a group's
accounts differ less than those of strangers of equal volume. One `Likeness` a facet; the histogram is compared as a
point on the unit sphere. Exempt: the calendar of accounts that signed up together, which begins together.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features
from stillwatch.together.likeness.base import (
    Accounts,
    Family,
    Likeness,
    histogram_features,
    spread_fraction,
    unit_rows,
)
from stillwatch.types import TraitKind

_COINCIDENT = frozenset({"hour", "calendar"})


def _histogram(
    facet: str, family: Family, needs: str, words: str, entailed: frozenset[TraitKind] = frozenset()
) -> Likeness:
    def say(accounts: Accounts, members: npt.NDArray[np.int64], strangers: npt.NDArray[np.int64]) -> str:
        values, known = unit_rows(accounts.facets[facet])
        inside, outside = members[known[members]], strangers[known[strangers]]
        top = accounts.facets[facet][inside].sum(axis=0)
        share = top.max() / max(top.sum(), 1)
        return (
            f"{words} of {len(inside)} accounts differ by {100 * spread_fraction(values, inside, outside):.0f} % of "
            f"what strangers differ by; their commonest class holds {100 * share:.0f} % of exchanges"
        )

    def features(accounts: Accounts) -> Features:
        return histogram_features(accounts, facet)

    return Likeness(facet, family, needs, entailed, features, say, coincident=facet in _COINCIDENT)


HISTOGRAMS = (
    _histogram("hour", "rhythm", "ts", "hours of the day"),
    _histogram("calendar", "rhythm", "ts", "busy and idle spells", frozenset({TraitKind.SIGN_UP})),
    _histogram("gap", "rhythm", "ts", "pauses between exchanges"),
    _histogram("target", "content", "prompt_text", "the capabilities asked for by"),
    _histogram("prompt", "content", "prompt_text", "prompt lengths"),
    _histogram("reply", "content", "output_tokens", "reply lengths"),
    _histogram("turn", "content", "turn", "places in a conversation"),
    _histogram("outcome", "content", "status", "outcomes (served, limited, failed)"),
)
