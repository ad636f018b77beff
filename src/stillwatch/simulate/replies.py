"""Tokens, latency and outcome of each exchange: plausible functions of length, target and model, with noise.

In: rows, their accounts and the lengths of their texts. Out: the columns of EXCHANGES that describe the reply. Nothing
here looks at who the account is.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.simulate.layout import Accounts, Rng, Rows

# output tokens of a typical reply per target, in the order of types.TARGETS
TYPICAL_OUTPUT = np.array([600, 240, 620, 420, 480, 200, 340, 300, 460, 380, 430], np.float64)
MODEL_MS_PER_TOKEN = np.array([14.0, 6.0, 18.0])
STATUS = (200, 429, 500, 529)
STATUS_FRACTION = (0.976, 0.015, 0.006, 0.003)
CHARACTERS_PER_TOKEN = 4.0


def replies(rows: Rows, owner: Accounts, prompt_chars: pa.Array, system_chars: pa.Array, rng: Rng) -> dict[str, pa.Array]:
    """Draw the reply's columns; a failed exchange has no output."""
    size = len(rows)
    prompt = prompt_chars.to_numpy(zero_copy_only=False).astype(np.float64)
    system = pc.fill_null(system_chars, 0).to_numpy(zero_copy_only=False).astype(np.float64)
    history = np.minimum(rows["turn"], 40) * (owner["session"] > 1) * 300.0
    status = np.array(STATUS)[np.searchsorted(np.cumsum(STATUS_FRACTION), rng.random(size)).clip(0, 3)]
    served = status == 200
    output = TYPICAL_OUTPUT[rows["target"]] * owner["verbosity"] * rng.lognormal(0, 0.6, size) * (0.6 + np.minimum(prompt, 1_000) / 1_500)
    output = np.where(served, np.ceil(output), 0)
    thinks = rows["model"] != 1
    reasoning = np.where(thinks, np.floor(output * rng.beta(2, 4, size)), 0)
    taken = 8 + (prompt + system) / CHARACTERS_PER_TOKEN * rng.uniform(0.9, 1.1, size) + history
    cached = np.where(rng.random(size) < 0.5, system / CHARACTERS_PER_TOKEN, 0)
    latency = (250 + (output + reasoning) * MODEL_MS_PER_TOKEN[rows["model"]]) * rng.lognormal(0, 0.25, size)
    cut = rng.random(size) < 0.03
    finish = pa.array(("stop", "length")).take(pa.array(cut.astype(np.int8), mask=~served))
    return {
        "input_tokens": pa.array(taken.astype(np.int64)),
        "output_tokens": pa.array(output.astype(np.int64)),
        "reasoning_tokens": pa.array(reasoning.astype(np.int64)),
        "cached_tokens": pa.array(cached.astype(np.int64)),
        "latency_ms": pa.array(np.where(served, np.round(latency, 1), np.round(rng.lognormal(4.5, 0.6, size), 1))),
        "status": pa.array(status, pa.int32()),
        "finish_reason": finish,
    }
