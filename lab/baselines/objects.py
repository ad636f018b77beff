"""What accounts can share, as (account, object) pairs: the ground that all co-sharing baselines stand on.

In: `Log`. Out: codes per exchange, and 0/1 matrices [accounts, objects]. Objects that more than `MOST_SHARERS` accounts
show link nobody and would cost a quadratic number of pairs.
"""

from functools import lru_cache

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_array

from baselines.log import Floats, Ints, Log, codes, combined

MOST_SHARERS = 2_000
OPENING_CHARACTERS = 40


@lru_cache(maxsize=4)
def objects(log: Log) -> dict[str, Ints]:
    """Code what every exchange shows: address, client, system prompt, opening of the prompt, whole prompt."""
    text = log.exchanges["prompt_text"]
    opening = pc.utf8_lower(pc.utf8_slice_codeunits(text, 0, OPENING_CHARACTERS))
    return {
        "address": log.codes("ip"),
        "client": combined(log.codes("user_agent"), log.codes("tls_fingerprint")),
        "system": log.codes("system_text"),
        "opening": codes(opening),
        "prompt": log.codes("prompt_text"),
    }


def incidence(log: Log, keys: Ints) -> csr_array:
    """Give the 0/1 matrix [accounts, keys] of keys that 2 to `MOST_SHARERS` accounts show; -1 is no key."""
    shown = keys >= 0
    matrix = csr_array(
        (np.ones(int(shown.sum())), (log.account[shown], keys[shown])),
        shape=(len(log.ids), int(keys.max(initial=-1)) + 1),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    sharers: Floats = np.asarray(matrix.sum(axis=0)).ravel()
    return csr_array(matrix[:, (sharers >= 2) & (sharers <= MOST_SHARERS)])


def distinct(log: Log, keys: Ints) -> Ints:
    """Count the distinct keys of every account, shared or not."""
    shown = keys >= 0
    wide = int(keys.max(initial=-1)) + 1
    pairs = np.unique(log.account[shown] * wide + keys[shown])
    return np.bincount(pairs // max(wide, 1), minlength=len(log.ids)).astype(np.int64)
