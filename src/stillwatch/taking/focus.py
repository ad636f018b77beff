"""Target focus: nearly everything a unit asks exercises the same few capabilities.

Source: the disclosures name two to four capabilities a campaign. Claims: more exchanges, and a larger share of
them, lie in the unit's three commonest capabilities than with ordinary customers. `other` is no capability.
Innocent twin: a coding tool's user, focused but with few exchanges that are not part of a conversation.
"""

import numpy as np

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words
from stillwatch.taking.units import TASKLESS_TARGET
from stillwatch.types import TARGETS

CAPABILITIES = 3  # the median number of capabilities named in the disclosures
EXPONENT = 8.0  # three of eleven capabilities easily make half of anybody's traffic: only a near-total share counts


def _read(counts: Counts) -> Reading:
    named = np.delete(counts.considered.targets, TASKLESS_TARGET, axis=1)
    return Reading(np.sort(named, axis=1)[:, -CAPABILITIES:].sum(axis=1), counts.considered.targets.sum(axis=1))


def _sentence(counts: Counts, row: int, hits: int, of: int) -> str:
    sizes = counts.considered.targets[row].copy()
    sizes[TASKLESS_TARGET] = 0
    commonest = [TARGETS[index] for index in np.argsort(-sizes, kind="stable")[:CAPABILITIES] if sizes[index] > 0]
    return f"{share_words(hits, of)} prompts aim at {', '.join(commonest) or 'no capability'}"


FOCUS = HarvestTest("target focus", "content", "prompt_text", EXPONENT, _read, _sentence)
