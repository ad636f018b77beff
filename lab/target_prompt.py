"""A labelled prompt, as everything about the target classifier passes it on."""

from dataclasses import dataclass

TRAIN, TEST = "train", "test"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One labelled prompt. elicits, judges: 1, 0, or -1 for unknown."""

    text: str
    target: str
    split: str
    source: str
    lang: str
    elicits: int
    judges: int
