"""Rhythm and content: accounts fed by one scheduler from one task list have the same histograms.

Claims: hours of the day, gaps, targets or reply lengths of a group's accounts differ less than those of strangers of
equal volume. One `Likeness` a facet; the histogram is compared as a point on the unit sphere. Exempt: groups formed by
the very habit; reply lengths of groups by topics, which follow from what is asked.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stillwatch.tables import PROMPT_EDGES
from stillwatch.together.dispersion import Features
from stillwatch.together.likeness.base import (
    Accounts,
    Family,
    Likeness,
    histogram_features,
    spread_fraction,
    unit_rows,
)
from stillwatch.types import TARGETS, TraitKind

HABITS: Mapping[TraitKind, tuple[str, ...]] = {TraitKind.TOPICS: ("target", "prompt")}
"""The facets that groups of each kind of habit are formed by."""
_FOLLOWS = frozenset({TraitKind.TOPICS})  # the length of a reply, from what was asked


def _spans(edges: Sequence[int]) -> list[str]:
    """Name the classes between edges."""
    inner = [f"{low:,} to {high:,}" for low, high in pairwise(edges)]
    return [f"below {edges[0]:,}", *inner, f"of {edges[-1]:,} or more"]


_CLASSES: Mapping[str, Sequence[str]] = {
    "target": [f"of exchanges ask for {target.replace('_', ' ')}" for target in TARGETS],
    "prompt": [f"of prompts {span} characters" for span in _spans(PROMPT_EDGES)],
}
"""What stands in each class of a facet."""


def commonest(accounts: Accounts, facet: str, rows: npt.NDArray[np.int64]) -> str:
    """Say which class of a facet these accounts are in most, and how often: '41 % of prompts 120 to 180 characters'."""
    counts = accounts.facets[facet][rows].sum(axis=0)
    return f"{100 * counts.max() / counts.sum():.0f} % {_CLASSES[facet][int(counts.argmax())]}"


def _histogram(  # noqa: PLR0913 - one row of the table below
    facet: str,
    family: Family,
    needs: str,
    words: str,
    entailed: frozenset[TraitKind] = frozenset(),
    *,
    coincident: bool = False,
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

    formed = frozenset(kind for kind, facets in HABITS.items() if facet in facets)
    return Likeness(facet, family, needs, entailed | formed, features, say, coincident)


HISTOGRAMS = (
    _histogram("hour", "rhythm", "ts", "hours of the day", coincident=True),
    _histogram("gap", "rhythm", "ts", "pauses between exchanges"),
    _histogram("target", "content", "prompt_text", "the capabilities asked for by"),
    _histogram("reply", "content", "output_tokens", "reply lengths", _FOLLOWS),
)
