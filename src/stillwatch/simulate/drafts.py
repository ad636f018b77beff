"""What a student would have answered: the right answer of a graded question, cut and with wrong numbers.

In: the texts of the pool and the run of right answers. Out: one run of drafts, the weakest level first; draft `i` of
level `l` stands at `l * count + i` and answers question `i`.
"""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

LEVELS = 4
KEPT_FRACTION = (0.35, 0.6, 0.85, 1.0)  # of the words, per level
WRONG_EVERY = (1, 2, 5, 0)  # every n-th number is wrong; 0: none
LEAST_WORDS = 12
LARGEST_SLIP = 40
_NUMBER = re.compile(r"\d+")


def drafted(answers: list[str]) -> list[str]:
    """Give every answer at every level."""
    return [_draft(text, level) for level in range(LEVELS) for text in answers]


def level_at(hour: NDArray[np.float64], begins: float, ends: float) -> NDArray[np.int64]:
    """The student's level at each hour: it rises in equal steps; if `begins` is inf it stays the weakest."""
    if not np.isfinite(begins):
        return np.zeros(len(hour), np.int64)
    along = (hour - begins) / max(ends - begins, 1.0)
    return np.clip((along * LEVELS).astype(np.int64), 0, LEVELS - 1)


def _draft(answer: str, level: int) -> str:
    if level == LEVELS - 1:
        return answer
    words = answer.split(" ")
    text = " ".join(words[: max(LEAST_WORDS, round(len(words) * KEPT_FRACTION[level]))])
    slips = hashlib.blake2b(answer.encode()).digest()
    places = iter(range(len(text)))

    def wrong(found: re.Match[str]) -> str:
        place = next(places)
        slip = 1 + slips[place % len(slips)] % LARGEST_SLIP
        return str(int(found.group()) + slip) if place % WRONG_EVERY[level] == 0 else found.group()

    return _NUMBER.sub(wrong, text)
