from collections.abc import Callable

import numpy as np

from stillwatch.windows import Features

Code = Callable[[list[str]], Features]


def test_words_and_pairs_are_sets(code: Code) -> None:
    """A word said twice counts once; pairs know the words they are made of."""
    features = code(["red red fox", "fox red"])
    assert features.words.sizes.tolist() == [2, 2]
    assert features.pairs.sizes.tolist() == [2, 1]
    assert features.words.texts_with().tolist() == [2, 2]
    fox_red = features.pairs.values[features.pairs.starts[1]]
    assert set(features.pair_words[fox_red]) == {0, 1}
    assert features.lengths.tolist() == [3, 2]


def test_long_and_short_texts_have_their_words_in_order(code: Code) -> None:
    """Texts of 0, 1, 16, 17 and 100 different words have that many words and one pair fewer."""
    texts = [" ".join(f"w{chr(97 + k % 26)}{chr(97 + k // 26)}" for k in range(n)) for n in (0, 1, 16, 17, 100)]
    features = code(texts)
    assert features.lengths.tolist() == [0, 1, 16, 17, 100]
    assert features.words.sizes.tolist() == [0, 1, 16, 17, 100]
    assert features.pairs.sizes.tolist() == [0, 0, 15, 16, 99]
    assert np.all(features.shapes.sizes > 0)


def test_taking_rows_keeps_their_sets(code: Code) -> None:
    """A text's set does not depend on which other texts are taken."""
    features = code(["a b c", "", "c d", "d a"])
    taken = features.words.take(np.array([3, 1, 0]))
    assert taken.sizes.tolist() == [2, 0, 3]
    assert taken.values[:2].tolist() == features.words.values[features.words.starts[3] :].tolist()
