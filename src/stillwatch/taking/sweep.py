"""Sweep: the words around the task stay, the task changes, and it goes on.

Source: "tens of thousands of variations" of one prompt in the February 2026 disclosures. Claims: more distinct
tasks, and a larger share of them, stand under recurring first (or last) words than with ordinary customers.
Innocent twin: a customer's bot with a template: many exchanges, but few distinct tasks that come back.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words

EXPONENT = 8.0  # people reuse words too: only a task space that is nearly all scaffold counts


def _read(counts: Counts) -> Reading:
    return Reading(counts.stream.tasks, counts.whole.tasks)


def _sentence(_counts: Counts, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits, of)} distinct tasks are put into words that recur"


SWEEP = HarvestTest("sweep", "structure", "prompt_text", EXPONENT, _read, _sentence)
