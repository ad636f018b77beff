"""SEAT-like: an attacker's queries come in near-duplicate pairs, and an account with many of them is closed.

Claims: this account varies the same prompt again and again. Two prompts are similar when their cosine exceeds that of
999 in 1,000 pairs of prompts of different reference accounts: the paper learns its encoder and its radius, we have
wording only. Score: the share of similar pairs among up to 200 prompts of the account; needs 20.
Fair threshold: as for all. Plain: 50 similar pairs close an account.
Source: Zhang, Chen & Wagner 2021, SEAT: similarity encoder by adversarial training for detecting model extraction.
"""

from functools import lru_cache

import numpy as np

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log
from baselines.texts import vectors, window

LEAST_PROMPTS = 20
MOST_PROMPTS = 200
STRANGERS = 1_000
SIMILAR_QUANTILE = 0.999
SAME = 0.999  # cosine of equal prompts, less what single precision loses
PLAIN_PAIRS = 50


def radius(reference: Log) -> float:
    """Give the cosine that 1 in 1,000 pairs of prompts of different accounts exceed.

    At most `SAME`: strangers often send the same short follow-up, and equal prompts must count as similar.
    """
    rows = np.unique(np.linspace(0, len(reference.account) - 1, STRANGERS).astype(np.int64))
    sample, owner = vectors(reference, reference)[rows], reference.account[rows]
    strange = np.triu(owner[:, None] != owner[None, :], 1)
    cosines = (sample @ sample.T)[strange]
    return min(float(np.quantile(cosines, SIMILAR_QUANTILE)), SAME) if len(cosines) else SAME


@lru_cache(maxsize=4)
def similar(log: Log, reference: Log) -> tuple[Floats, Floats]:
    """Count similar pairs of every account, and the pairs looked at; NaN for accounts with too few prompts."""
    near, prompts = radius(reference), vectors(log, reference)
    found, pairs = np.full(len(log.ids), np.nan), np.full(len(log.ids), np.nan)
    for account in np.flatnonzero(log.counts >= LEAST_PROMPTS):
        own = prompts[window(log, int(account), MOST_PROMPTS)]
        upper = np.triu(own @ own.T > near, 1)
        found[account], pairs[account] = upper.sum(), len(own) * (len(own) - 1) / 2
    return found, pairs


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts with a larger share of similar pairs than the reference shows."""
    (found, pairs), (usual, looked) = similar(log, reference), similar(reference, reference)
    return flagged(log, found / pairs, score_cut(usual / looked))


def plain(log: Log, reference: Log) -> list[Group]:
    """Give the accounts with 50 similar pairs or more."""
    return flagged(log, similar(log, reference)[0], PLAIN_PAIRS - 1)
