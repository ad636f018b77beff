import numpy as np
import pytest

from stillwatch.windows import trust


def test_bits_that_hold_stay_as_they_are() -> None:
    """A reference whose own windows keep to chance leaves bits alone."""
    assert trust(np.full(40, -0.5)).bits(12.0) == 12.0


def test_bits_that_do_not_hold_are_taken_from_how_benign_windows_vary() -> None:
    """Where benign windows reach 4 to 60 bits, 30 bits say nothing and a million still say something."""
    judged = trust(np.exp2(np.random.default_rng(1).uniform(2, 6, 40)))
    assert not judged.exact
    assert judged.bits(30.0) == pytest.approx(-0.3, abs=1.0)
    assert 5 < (judged.bits(1e6) or 0) < 1e6


def test_too_few_benign_windows_say_nothing() -> None:
    """Seven windows of a reference are too few: no bits, not zero bits."""
    assert trust(np.zeros(7)).bits(50.0) is None
