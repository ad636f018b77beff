"""Hostile input for readers: targets for a fuzzer, and bombs.

In: nothing. Out: `targets`, by name. Importing this imports no reader: a fuzzer instruments them first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Target:
    """reader: takes bytes, and raises nothing but a reader's own fault; seeds: what a fuzzer begins with."""

    reader: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def targets() -> Mapping[str, Target]:
    """All targets: small parsers and whole files."""
    from fuzzing import parsers, whole_files  # noqa: PLC0415 - see above

    small = {one.__name__: Target(one, partial(parsers.seeds, one.__name__)) for one in parsers.TARGETS}
    return small | {one.__name__: Target(one, whole_files.seeds) for one in whole_files.TARGETS}
