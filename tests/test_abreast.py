"""Threads never show in what comes out: order, values and faults are those of a plain loop."""

from collections.abc import Iterator

import pytest

from stillwatch.abreast import abreast, ahead, at_once


def _some(fault: int | None = None) -> Iterator[int]:
    for number in range(20):
        if number == fault:
            raise ValueError(number)
        yield number


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_pieces(workers: int) -> None:
    assert list(abreast(lambda n: n * n, range(50), workers)) == [n * n for n in range(50)]


def test_two_pieces_of_work_give_each_its_own_result() -> None:
    assert at_once(lambda: 1, lambda: "other") == (1, "other")


@pytest.mark.parametrize("faulty", ["first", "second"])
def test_a_fault_in_either_of_two_pieces_is_not_lost(faulty: str) -> None:
    def work(name: str) -> str:
        if name == faulty:
            raise ValueError(name)
        return name

    with pytest.raises(ValueError, match=faulty):
        at_once(lambda: work("first"), lambda: work("second"))


def test_pieces_made_ahead_come_in_their_order() -> None:
    with ahead(_some(), 3) as pieces:
        assert list(pieces) == list(range(20))


def test_nothing_made_ahead_is_nothing() -> None:
    with ahead(()) as pieces:
        assert list(pieces) == []


def test_a_fault_comes_where_the_piece_would_have() -> None:
    """What was made before it is given first."""
    found: list[int] = []
    with ahead(_some(7)) as pieces, pytest.raises(ValueError, match="7"):
        found.extend(pieces)
    assert found == list(range(7))


def test_whoever_stops_early_does_not_wait_for_the_rest() -> None:
    """Pieces are without end; leaving ends the thread."""
    with ahead(iter(int, 1)) as pieces:
        assert next(pieces) == 0
