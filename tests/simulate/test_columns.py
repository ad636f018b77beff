"""Columns made without Python objects say the same as Python would."""

import numpy as np

from stillwatch.simulate.columns import hex_ids, joined, lengths, strings, taken, token


def test_hex_ids_are_the_numbers_bytes() -> None:
    numbers = np.random.default_rng(1).integers(0, 2**64, 50, np.uint64)
    assert hex_ids(numbers).to_pylist() == [int(n).to_bytes(8, "little").hex() for n in numbers]
    assert hex_ids(numbers, 6).to_pylist() == [int(n).to_bytes(8, "little").hex()[:6] for n in numbers]


def test_absent_ids_are_null() -> None:
    assert hex_ids(np.zeros(2, np.uint64), 4, np.array([True, False])).to_pylist() == [None, "0000"]


def test_tokens_do_not_collide_and_depend_on_the_salt() -> None:
    numbers = np.arange(100_000)
    assert len(np.unique(token(numbers, 1))) == len(numbers)
    assert (token(numbers, 1) != token(numbers, 2)).all()


def test_texts_are_taken_joined_and_counted() -> None:
    words = strings(["a", "öö", None]).cast("large_string")
    picked = taken(words, np.array([0, 1, 0]), np.array([False, False, True]))
    assert picked.to_pylist() == ["a", "öö", None]
    assert joined([picked.fill_null(""), taken(words, np.array([1, 1, 0]))]).to_pylist() == ["aöö", "öööö", "a"]
    assert lengths(picked).tolist() == [1, 2, 0]
