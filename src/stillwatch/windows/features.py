"""Words of texts as sets of features with small numbers, ready to be counted in any pool.

In: words in order, first and last words, shapes, characters, as plain arrays. Out: `Features`. Coding is done once for
all texts of a run; which of them are a window plays no part.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

_WORDS = 2**16  # a word is a number below


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """A set of features a text: that of text k is values[starts[k]:starts[k + 1]], each number once, below `kinds`."""

    starts: Ints
    values: Small
    kinds: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ints:
        """How many features each text has."""
        return np.diff(self.starts)

    def take(self, rows: Ints) -> "Sets":
        """Give the sets of some texts, in the order of `rows`."""
        sizes = self.sizes[rows]
        starts = _starts(sizes)
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], sizes)
        return Sets(starts, self.values[places], self.kinds)

    def texts_with(self) -> Ints:
        """Count the texts with each feature."""
        return np.bincount(self.values, minlength=self.kinds)

    def mean(self, of_feature: Floats) -> Floats:
        """Give each text the mean over its set; 0 for an empty set."""
        owner = np.repeat(np.arange(len(self)), self.sizes)
        sums = np.bincount(owner, weights=of_feature[self.values], minlength=len(self))
        return np.asarray(sums / np.maximum(self.sizes, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Sets of words, pairs of neighbouring words, first and last words, and shapes; characters and words of each text.

    pair_words: int32 [pairs.kinds, 2]: the numbers, in `words`, of the two words of a pair.
    """

    words: Sets
    pairs: Sets
    edges: Sets
    shapes: Sets
    pair_words: Small
    characters: Floats
    lengths: Ints

    def __len__(self) -> int:
        return len(self.characters)

    def take(self, rows: Ints) -> "Features":
        """Give the features of some texts, in the order of `rows`."""
        return Features(
            self.words.take(rows),
            self.pairs.take(rows),
            self.edges.take(rows),
            self.shapes.take(rows),
            self.pair_words,
            self.characters[rows],
            self.lengths[rows],
        )


def coded(starts: Ints, words: Small, edge_starts: Ints, edges: Small, shapes: Small, characters: Floats) -> Features:  # noqa: PLR0913, PLR0917 - one parameter an array
    """Code words in order, edges and shapes [n, s] of texts; those of text k begin at starts[k]."""
    text = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    follows = np.flatnonzero(text[1:] == text[:-1])
    joined = words[:-1].astype(np.int64)[follows] * _WORDS + words[1:][follows]
    word_sets, word_values = _sets(text, words.astype(np.int64), len(starts) - 1)
    pair_sets, pair_values = _sets(text[1:][follows], joined, len(starts) - 1)
    edge_text = np.repeat(np.arange(len(edge_starts) - 1), np.diff(edge_starts))
    parts = np.stack([pair_values // _WORDS, pair_values % _WORDS], axis=1)
    numbered = shapes.astype(np.int64) if shapes.size else np.zeros((len(starts) - 1, 0), np.int64)
    return Features(
        words=word_sets,
        pairs=pair_sets,
        edges=_sets(edge_text, edges.astype(np.int64), len(starts) - 1)[0],
        shapes=_sets(np.repeat(np.arange(len(numbered)), numbered.shape[1]), numbered.ravel(), len(starts) - 1)[0],
        pair_words=np.searchsorted(word_values, parts).astype(np.int32),
        characters=characters,
        lengths=np.diff(starts),
    )


def _sets(text: Ints, values: Ints, texts: int) -> tuple[Sets, Ints]:
    """Number the values, and keep each once a text; the numbers' values too."""
    distinct, number = np.unique(values, return_inverse=True)
    once = np.unique(text * max(len(distinct), 1) + number)
    owner, feature = np.divmod(once, max(len(distinct), 1))
    starts = _starts(np.bincount(owner, minlength=texts))
    return Sets(starts, feature.astype(np.int32), len(distinct)), distinct


def _starts(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
