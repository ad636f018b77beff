"""Traffic of windows: prompts drawn from one law, so that reference and window are exchangeable, and foreign ones."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.sketch import word_lists
from stillwatch.windows import Features, coded

VOCABULARY = [f"{a}{b}" for a in ("ba", "do", "ke", "lu", "mi", "no", "ra", "su") for b in ("rt", "nd", "lm", "x", "p")]

Draw = Callable[[int, int], list[str]]
Code = Callable[[list[str]], Features]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw so many prompts of 4 to 30 words with a seed, common words more often."""
    weight = 1 / np.arange(1, len(VOCABULARY) + 1)

    def drawn(count: int, seed: int) -> list[str]:
        pick = np.random.default_rng(seed)
        sizes = pick.integers(4, 31, count)
        return [" ".join(pick.choice(VOCABULARY, size, p=weight / weight.sum())) for size in sizes]

    return drawn


@pytest.fixture(scope="session")
def code() -> Code:
    """Features of texts, as the pipeline makes them."""

    def features(texts: list[str]) -> Features:
        listed = word_lists(pa.array(texts, pa.string()))
        characters = np.array([len(text) for text in texts], np.float64)
        return coded(listed.starts, listed.words, listed.edge_starts, listed.edges, listed.shapes, characters)

    return features
