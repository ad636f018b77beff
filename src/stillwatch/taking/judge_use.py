"""Judge use: a task, a candidate answer and a rubric go in, a short verdict comes out.

Source: rubric grading as a reward model, disclosed in February 2026; on-policy distillation (arXiv 2306.13649,
2511.10643). Claims: this unit has answers graded more, and in more of its prompts, than ordinary customers.
Innocent twin: an evaluation harness that grades its own product now and then.
"""

from stillwatch.taking.counts import Counts
from stillwatch.taking.harvest import HarvestTest, Reading, share_words
from stillwatch.taking.units import SHORT_REPLY_TOKENS

EXPONENT = 2.0  # as for elicitation: grading is one of several harvests of a campaign


def _read(counts: Counts) -> Reading:
    return Reading(counts.considered.judged, counts.considered.exchanges)


def _sentence(_counts: Counts, _row: int, hits: int, of: int) -> str:
    graded = "prompts hold a candidate answer and a rubric"
    return f"{share_words(hits, of)} {graded} and got a verdict of at most {SHORT_REPLY_TOKENS} tokens"


JUDGE_USE = HarvestTest("judge use", "content", "prompt_text", EXPONENT, _read, _sentence)
