"""Reasoning elicitation: prompts that ask for the reasoning to be written out.

Source: the quoted prompt shapes of the February 2026 disclosures; reasoning traces are what small students learn
most from. Claims: this unit asks for reasoning more, and in more of its prompts, than ordinary customers.
Innocent twin: an audit trail that asks for reasons; alone it does not reach the bits that `answer` needs.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words

EXPONENT = 2.0  # a campaign mixes elicitation with other harvests: half of its prompts is a lot already


def _read(counts: Counts) -> Reading:
    return Reading(counts.considered.elicits, counts.considered.exchanges)


def _sentence(_counts: Counts, _row: int, hits: int, of: int) -> str:
    return f"{share_words(hits, of)} prompts ask for the reasoning to be written out"


ELICITATION = HarvestTest("reasoning elicitation", "content", "prompt_text", EXPONENT, _read, _sentence)
