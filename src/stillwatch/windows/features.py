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

EDGE_PAIRS = 8  # a question, or an instruction, is often about so long
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

    first_pairs, last_pairs: of the first and the last `EDGE_PAIRS` pairs, numbered as in `pairs`.
    pair_words: int32 [pairs.kinds, 2]: the numbers, in `words`, of the two words of a pair.
    """

    words: Sets
    pairs: Sets
    first_pairs: Sets
    last_pairs: Sets
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
            self.first_pairs.take(rows),
            self.last_pairs.take(rows),
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
    texts = len(starts) - 1
    word_values, word = np.unique(words, return_inverse=True)
    pair_values, pair = np.unique(joined, return_inverse=True)
    owner = text[1:][follows]
    first = follows - starts[owner] < EDGE_PAIRS
    last = starts[owner + 1] - 1 - follows <= EDGE_PAIRS
    edge_text = np.repeat(np.arange(len(edge_starts) - 1), np.diff(edge_starts))
    parts = np.stack([pair_values // _WORDS, pair_values % _WORDS], axis=1)
    return Features(
        words=_sets(text, word, texts, len(word_values)),
        pairs=_sets(owner, pair, texts, len(pair_values)),
        first_pairs=_sets(owner[first], pair[first], texts, len(pair_values)),
        last_pairs=_sets(owner[last], pair[last], texts, len(pair_values)),
        edges=_numbered(edge_text, edges, texts),
        shapes=_numbered(np.repeat(np.arange(texts), shapes.shape[1]), shapes.ravel(), texts),
        pair_words=np.searchsorted(word_values, parts).astype(np.int32),
        characters=characters,
        lengths=np.diff(starts),
    )


def _numbered(text: Ints, values: Small, texts: int) -> Sets:
    distinct, number = np.unique(values, return_inverse=True)
    return _sets(text, number, texts, len(distinct))


def _sets(text: Ints, number: Ints, texts: int, kinds: int) -> Sets:
    """Keep each number once a text."""
    owner, feature = np.divmod(np.unique(text * max(kinds, 1) + number), max(kinds, 1))
    return Sets(_starts(np.bincount(owner, minlength=texts)), feature.astype(np.int32), kinds)


def _starts(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
