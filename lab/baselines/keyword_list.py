"""A list of phrases that distillation prompts are said to contain.

Claims: this account asks for reasoning traces, grading or training material in so many words. Phrases are written from
public advisories and from open tools' descriptions; not from the simulator's lists. Score: matching exchanges, as a
share of the account's exchanges plus 5, so that one hit in two prompts is no certainty. Fair threshold: as for all.
Plain: three hits flag an account, the way such lists are deployed.
"""

import numpy as np
import pyarrow.compute as pc

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log

REASONING = (
    "step by step",
    "step-by-step",
    "chain of thought",
    "chain-of-thought",
    "internal reasoning",
    "reasoning process",
    "reasoning behind",
    "show your (work|reasoning)",
    "think aloud",
    "thought process",
    "let's think",
    "inner monologue",
    "<think",
    "scratchpad",
    "逐步",
    "推理过程",
)
GRADING = ("rubric", "grade the (following|response|answer)", "score the (following|response|answer)", "reward model")
TRAINING = ("training (data|set|examples)", "fine-?tun", "generate [0-9]+ examples", "distill", "synthetic dataset")
PREAMBLE = ("you are an expert", "act as an? ", "you are a helpful")
HITS = 3


def matches(log: Log, phrases: tuple[str, ...]) -> Floats:
    """Tell 1 or 0 for every exchange: does its prompt contain one of the phrases?"""
    coded = log.exchanges["prompt_text"].combine_chunks().dictionary_encode()
    hit = pc.match_substring_regex(coded.dictionary, "|".join(phrases), ignore_case=True)
    known = np.append(np.asarray(hit.cast("uint8").fill_null(0).to_numpy(zero_copy_only=False), np.float64), 0.0)
    return known[np.asarray(coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False), np.int64)]


def hits(log: Log) -> Floats:
    """Count the matching exchanges of every account."""
    found = matches(log, REASONING + GRADING + TRAINING)
    return np.asarray(np.bincount(log.account, weights=found, minlength=len(log.ids)), np.float64)


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts whose share of matching exchanges exceeds the fair cut."""
    cut = score_cut(hits(reference) / (reference.counts + 5))
    return flagged(log, hits(log) / (log.counts + 5), cut)


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed list needs no reference
    """Give the accounts with three hits or more."""
    return flagged(log, hits(log), HITS - 1)
