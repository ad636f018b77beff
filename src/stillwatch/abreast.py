"""Pieces of work at once, results in the order of the pieces: the number of threads never shows in what comes out.

In: a function and pieces of work. Out: its results. NumPy and Arrow release the interpreter's lock, so threads suffice.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Other = TypeVar("Other")


def abreast(work: Callable[[Piece], Result], pieces: Iterable[Piece], workers: int) -> Iterator[Result]:
    """Give `work(piece)` for each piece, in their order; at most `workers + 1` pieces are held at a time.

    A single piece is worked on right here.
    """
    if workers == 1 or (isinstance(pieces, Sized) and len(pieces) < 2):
        yield from map(work, pieces)
        return
    with ThreadPoolExecutor(workers) as threads:
        waiting: deque[Future[Result]] = deque()
        for piece in pieces:
            waiting.append(threads.submit(work, piece))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def at_once(first: Callable[[], Result], second: Callable[[], Other]) -> tuple[Result, Other]:
    """Give the results of two pieces of work of which neither needs the other; if both fail, the first one's fault."""
    if (os.cpu_count() or 1) == 1:
        return first(), second()
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(second)
        return first(), other.result()


@contextmanager
def ahead(pieces: Iterable[Piece], most: int = 4) -> Generator[Iterator[Piece]]:
    """Have a thread make pieces from now on, at most so many before they are asked for; give them in their order."""
    source, end = iter(pieces), object()

    def given(waiting: deque[Future[Piece | object]]) -> Iterator[Piece]:
        while (piece := waiting.popleft().result()) is not end:
            waiting.append(threads.submit(next, source, end))
            yield piece  # type: ignore[misc]  # what is not the end is a piece

    threads = ThreadPoolExecutor(1)
    try:
        yield given(deque(threads.submit(next, source, end) for _ in range(most)))
    finally:
        threads.shutdown(cancel_futures=True)
