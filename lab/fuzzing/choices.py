"""A fuzzer's bytes as choices, and files that are nowhere but in memory.

In: bytes. Out: numbers below a bound, damaged bytes, paths that can be opened and read.
"""

import io
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

_Choice = TypeVar("_Choice")
_NEAR_BYTES = 4_096  # from the end of a file: where Parquet says what is where


class Bytes:
    """Choices out of a fuzzer's bytes; zeros when there are no more."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def below(self, count: int) -> int:
        self._at += 2
        return int.from_bytes(self._content[self._at - 2 : self._at], "big") % count if count else 0

    def of(self, values: Sequence[_Choice]) -> _Choice:
        return values[self.below(len(values))]

    def rest(self) -> bytes:
        return self._content[self._at :]

    @property
    def left(self) -> bool:
        return self._at < len(self._content)

    def damaged(self, whole: bytes, most: int = 4) -> bytes:
        """Some bytes changed, or the end cut off, as long as there are choices left."""
        found = bytearray(whole)
        for _ in range(most):
            if not self.left or not found:
                break
            at = self.below(len(found)) if self.below(2) else len(found) - 1 - self.below(min(len(found), _NEAR_BYTES))
            if self.below(16) == 0:
                del found[at:]
            else:
                found[at] = self.below(256)
        return bytes(found)


class _InMemory:
    """What readers ask of a path, of bytes that are on no disk."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self._content)

    def __str__(self) -> str:
        return "in memory"


def in_memory(content: bytes) -> Path:
    """A path to bytes that is good for opening and for nothing else."""
    return cast("Path", _InMemory(content))


def on_disk(content: bytes) -> Path:
    """A path to bytes for those who open it themselves; the same one each time."""
    path = Path(_scratch().name) / "log"
    path.write_bytes(content)
    return path


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-")
