from collections.abc import Callable

import numpy as np

from stillwatch.windows import Features
from stillwatch.windows.unusual import TAILS, marks, measures

Code = Callable[[list[str]], Features]
Draw = Callable[[int, int], list[str]]


def test_marks_cover_at_most_their_share_and_ties_stay_together(code: Code, draw: Draw) -> None:
    """Equal texts are marked alike; no mark covers more of the pool than its tail says."""
    texts = draw(300, 1)
    found = marks(code(texts + texts))
    assert np.array_equal(found.marked[:, :300], found.marked[:, 300:])
    assert all(m.mean() <= tail for m, (_, _, tail) in zip(found.marked, found.names, strict=True))
    assert {tail for _, _, tail in found.names} <= set(TAILS)


def test_salad_of_usual_words_is_seen_by_their_order(code: Code) -> None:
    """Words of the pool in an order nobody uses measure higher than any sentence."""
    sentences = [f"{name} sees the {thing} again" for name in ("anna", "bert", "carl") for thing in ("dog", "sea")] * 9
    order = measures(code([*sentences, "again the sea anna dog sees"]))["order"]
    assert order[-1] > order[:-1].max()


def test_a_longer_text_is_measured_as_longer(code: Code) -> None:
    length = measures(code(["a bc", "a bc def"]))["length"]
    assert length[1] > length[0]


def test_a_nonsense_question_below_a_proper_passage_is_seen_at_the_end(code: Code) -> None:
    """Words out of order in the last line hardly move the mean over the passage, but the end of the text shows them."""
    passages = [
        f"{a} {b} sees the {c} in the {d} " * 6
        for a in ("anna", "bert")
        for b in ("k", "m")
        for c in ("dog", "sea")
        for d in ("house", "wood")
    ]
    questions = [f"does {a} see the {b} in the house" for a in ("anna", "bert") for b in ("dog", "sea")]
    proper = [f"{p}\n{q}" for p in passages for q in questions]
    found = measures(code([*proper, f"{passages[0]}\nhouse the see anna in does dog the"]))
    assert found["last_order"][-1] > found["last_order"][:-1].max()
    assert found["first_order"][-1] <= found["first_order"][:-1].max()
