"""Uniqueness: under recurring words, no task is ever asked a second time, by any account of the unit.

Source: a task list split over accounts without overlap, so that no answer is paid for twice. Claims: more exchanges,
and a larger share of them, ask a templated task that the unit never repeats than with ordinary customers.
Innocent twin: a classroom with one assignment: the same tasks come back in every account.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words

EXPONENT = 8.0  # as for the sweep


def _read(counts: Counts) -> Reading:
    return Reading(counts.stream.once, counts.whole.exchanges)


def _sentence(_counts: Counts, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits, of)} prompts are a task that no account of the group ever asked again"


UNIQUENESS = HarvestTest("uniqueness", "structure", "prompt_text", EXPONENT, _read, _sentence)
