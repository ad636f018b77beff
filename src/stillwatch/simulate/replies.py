"""Tokens, latency and outcome of each exchange: plausible functions of length, target and model, with noise.

In: rows, their accounts and the lengths of their texts. Out: the columns of EXCHANGES that describe the reply. Nothing
here looks at who the account is.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.columns import Column, numbers, strings, taken
from stillwatch.simulate.layout import Accounts, Rng, Rows

# output tokens of a typical reply per target, in the order of types.TARGETS; chosen, not measured
TYPICAL_OUTPUT = np.array([600, 240, 620, 420, 480, 200, 340, 300, 460, 380, 430], np.float64)
MODEL_MS_PER_TOKEN = np.array([14.0, 6.0, 18.0])
STATUS = (200, 429, 500, 529)
STATUS_FRACTION = (0.976, 0.015, 0.006, 0.003)
CHARACTERS_PER_TOKEN = 4.0
HISTORY_TOKENS_PER_TURN = 300.0

Floats = NDArray[np.float64]


def replies(rows: Rows, owner: Accounts, prompt: Floats, system: Floats, rng: Rng) -> dict[str, Column]:
    """Draw the reply's columns from the characters of prompt and system prompt; a failed exchange has no output."""
    size = len(rows)
    history = np.minimum(rows["turn"], 40) * (owner["session"] > 1) * HISTORY_TOKENS_PER_TURN
    status = np.array(STATUS)[np.searchsorted(np.cumsum(STATUS_FRACTION), rng.random(size)).clip(0, 3)]
    served = status == STATUS[0]
    length = TYPICAL_OUTPUT[rows["target"]] * owner["verbosity"] * (0.6 + np.minimum(prompt, 1_000) / 1_500)
    output = np.where(served, np.ceil(length * rng.lognormal(0, 0.6, size)), 0)
    reasoning = np.where(rows["model"] != 1, np.floor(output * rng.beta(2, 4, size)), 0)
    taken_in = 8 + (prompt + system) / CHARACTERS_PER_TOKEN * rng.uniform(0.9, 1.1, size) + history
    cached = np.where(rng.random(size) < 0.5, system / CHARACTERS_PER_TOKEN, 0)
    latency = (250 + (output + reasoning) * MODEL_MS_PER_TOKEN[rows["model"]]) * rng.lognormal(0, 0.25, size)
    latency = np.where(served, latency, rng.lognormal(4.5, 0.6, size))
    cut = (rng.random(size) < 0.03).astype(np.int8)
    return {
        "input_tokens": numbers(taken_in.astype(np.int64)),
        "output_tokens": numbers(output.astype(np.int64)),
        "reasoning_tokens": numbers(reasoning.astype(np.int64)),
        "cached_tokens": numbers(cached.astype(np.int64)),
        "latency_ms": numbers(np.round(latency, 1)),
        "status": numbers(status),
        "finish_reason": taken(strings(("stop", "length")), cut, ~served),
    }
