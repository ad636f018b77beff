"""Wordings are drawn from choices, and the two halves of the phrase bank are disjoint."""

import numpy as np

from stillwatch.simulate.library import load_library, zipf


def test_choices_are_drawn_and_brackets_without_a_choice_stay() -> None:
    library = load_library("all", np.random.default_rng(1))
    drawn = {library.vary("[a|b] [c] [d|]x") for _ in range(60)}
    assert drawn == {"a [c] dx", "a [c] x", "b [c] dx", "b [c] x"}


def test_a_scaffold_is_what_stands_around_the_payload() -> None:
    library = load_library("all", np.random.default_rng(1))
    number = library.scaffold("For {company}: {} !", {"company": "Alder Bank"})
    assert library.scaffolds[number] == ("For Alder Bank: ", " !")


def test_paraphrases_lie_next_to_each_other() -> None:
    library = load_library("all", np.random.default_rng(1))
    first = library.paraphrases("[a|b|c|d] {}", 12)
    assert len(library.scaffolds) == first + 12
    assert len(set(library.scaffolds[first:])) > 1


def test_halves_of_the_bank_share_no_phrase() -> None:
    a, b = (load_library(half, np.random.default_rng(1)) for half in ("A", "B"))
    for section in ("operator", "customer"):
        for name, phrases in a.bank[section].items():
            own = set(a.bank_of(section, name)) - {"", "{}"}
            assert own.isdisjoint(b.bank_of(section, name)) or len(phrases) < 2, name


def test_zipf_is_in_range_and_falls() -> None:
    counts = np.bincount(zipf(np.random.default_rng(1), 20_000, 30), minlength=30)
    assert len(counts) == 30
    assert counts[0] > 1.7 * counts[1] > 1.7 * counts[4]
