"""Rows on disk until the receiver has confirmed them.

In: JSON lines. Out: batches for a sender, oldest first. A row is on disk before `add` returns; a batch is deleted only
after it was confirmed, so a receiver that is down loses nothing, and one that died before confirming gets rows twice.
"""

import os
import threading
from collections.abc import Callable
from io import BufferedWriter
from pathlib import Path

_BATCH_BYTES = 4 << 20


class Spool:
    """A folder of files named by number: one that is written, the others waiting to be sent."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._lock = folder, threading.Lock()
        numbers = [int(path.stem) for path in folder.glob("*.jsonl")]
        self._number = max(numbers, default=0) + 1
        self._sink = self._open()

    def add(self, line: bytes) -> None:
        """Write one row, and make it durable."""
        with self._lock:
            self._sink.write(line.replace(b"\n", b" ") + b"\n")
            self._sink.flush()
            os.fsync(self._sink.fileno())
            if self._sink.tell() >= _BATCH_BYTES:
                self._next()

    def send(self, deliver: Callable[[bytes], bool]) -> int:
        """Give waiting batches to `deliver`, oldest first, until one is refused; give how many were confirmed."""
        with self._lock:
            if self._sink.tell():
                self._next()
            waiting = sorted(p for p in self._folder.glob("*.jsonl") if int(p.stem) < self._number)
        confirmed = 0
        for path in waiting:
            rows = path.read_bytes()
            if rows and not deliver(rows):
                break
            path.unlink()
            confirmed += bool(rows)
        return confirmed

    def _next(self) -> None:
        self._sink.close()
        self._number += 1
        self._sink = self._open()

    def _open(self) -> BufferedWriter:
        return (self._folder / f"{self._number:012d}.jsonl").open("ab")
