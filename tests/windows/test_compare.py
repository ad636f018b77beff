from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.bits import exceedance
from stillwatch.windows import Features, compare

Draw = Callable[[int, int], list[str]]
Code = Callable[[list[str]], Features]
TEMPLATE = "grade the answer below from one to five and give your reason first: "


def test_bits_of_exchangeable_windows_hold(draw: Draw, code: Code) -> None:
    """Of 250 windows cut at random out of one pool, at most a share of 2^-b reaches b bits, within its interval."""
    features, pick = code(draw(600, 3)), np.random.default_rng(4)
    found = []
    for _ in range(250):
        order = pick.permutation(600)
        found.append(compare(features, order[60:], order[:60]).bits)
    assert [row for row in exceedance(found, range(1, 9)) if not row.holds] == []


def test_a_template_in_a_twentieth_of_a_window_is_found_and_its_bearers_named(draw: Draw, code: Code) -> None:
    """20 of 400 prompts that begin alike are worth many bits, and they are the first carriers."""
    foreign = [TEMPLATE + text for text in draw(20, 5)]
    features = code(draw(2_000, 6) + draw(380, 7) + foreign)
    found = compare(features, np.arange(2_000), np.arange(2_000, 2_400))
    assert found.bits > 20
    assert set(found.carriers()[:20].tolist()) == set(range(380, 400))
    assert "20 of 400 prompts" in found.claims[0]


def test_strange_words_in_any_order_are_found_without_a_template(draw: Draw, code: Code) -> None:
    """Prompts that share nothing with each other but are foreign to the reference are found by how unusual they are."""
    letters = np.random.default_rng(2).choice(list("abcdefghij"), (40, 12, 9))
    foreign = [" ".join("".join(word) for word in words) for words in letters]
    features = code(draw(2_000, 6) + draw(360, 7) + foreign)
    found = compare(features, np.arange(2_000), np.arange(2_000, 2_400))
    assert found.unusual_bits > 20
    assert found.shared_bits < 3
    assert set(found.carriers()[:40].tolist()) == set(range(360, 400))


def test_order_does_not_matter(draw: Draw, code: Code) -> None:
    """Shuffled reference, shuffled window and features coded in another order give the same bits for every exchange."""
    texts = draw(500, 8) + [TEMPLATE + text for text in draw(10, 9)]
    order = np.random.default_rng(10).permutation(510)
    shuffled = code([texts[k] for k in order])
    place = np.argsort(order)
    reference, window = np.arange(400), np.arange(400, 510)
    straight = compare(code(texts), reference, window)
    other = compare(shuffled, place[reference[::-1]], place[window[::-1]])
    assert other.bits == pytest.approx(straight.bits)
    assert other.carried_bits[::-1] == pytest.approx(straight.carried_bits)


def test_what_the_exchanges_carry_adds_up(draw: Draw, code: Code) -> None:
    """The parts of all exchanges sum to the bits of the bets they are parts of, which are at least the whole's."""
    features = code(draw(1_000, 11) + [TEMPLATE + text for text in draw(50, 12)])
    found = compare(features, np.arange(1_000), np.arange(1_000, 1_050))
    assert found.carried_bits.sum() >= found.bits - 1e-6


def test_texts_without_words_are_no_fault(code: Code, draw: Draw) -> None:
    """Empty and wordless prompts count as prompts."""
    features = code(["", "???", ""] * 20 + draw(40, 13))
    assert np.isfinite(compare(features, np.arange(80), np.arange(80, 100)).bits)


def test_a_reference_smaller_than_the_window_is_refused(code: Code, draw: Draw) -> None:
    with pytest.raises(ValueError, match="at least as many"):
        compare(code(draw(30, 14)), np.arange(10), np.arange(10, 30))
