"""Resampling: tasks are asked again and again, each the same number of times.

Source: the best published recipe re-asks every question 16 times (OpenThoughts3); group ranking asks for n
candidates a task. Claims: more exchanges, and a larger share of them, lie in tasks asked exactly m times, for one m
from 2 on, than with ordinary customers. Splitting the list over accounts cannot hide it: the unit is pooled.
Innocent twin: people who repeat themselves, a different number of times each time.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words

EXPONENT = 4.0  # a log cut at both ends leaves some tasks below their number


def _read(counts: Counts) -> Reading:
    return Reading(counts.modal_exchanges, counts.whole.exchanges)


def _sentence(counts: Counts, row: int, hits: int, of: int) -> str:
    times = int(counts.modal_times[row])
    if times == 0:
        return f"{share_words(hits, of)} prompts are re-asked"
    return f"{share_words(hits, of)} prompts are tasks asked exactly {times} times each"


RESAMPLING = HarvestTest("resampling", "structure", "prompt_text", EXPONENT, _read, _sentence)
