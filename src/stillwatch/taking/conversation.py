"""No conversation: every exchange opens one and none goes on.

Source: harvested answers are rows of a training set; nobody reads them and asks back. Claims: more exchanges, and a
larger share of those whose turn is known, are first turns than with ordinary customers.
Innocent twin: an assistant's users, who ask back.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words

EXPONENT = 8.0  # half of anybody's turns are first turns; only nearly all of them count


def _read(counts: Counts) -> Reading:
    return Reading(counts.considered.single, counts.considered.turned)


def _sentence(_counts: Counts, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits, of)} exchanges open a conversation that nobody goes on with"


CONVERSATION = HarvestTest("no conversation", "structure", "turn", EXPONENT, _read, _sentence)
