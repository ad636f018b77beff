"""The key ring: one secret an epoch, made when first needed, destroyed when its epoch and the overlap are over.

In: a JSON file that only its owner may read, and that several runs may use at once. Out: keys. A key is on disk before
it is used, and one that was destroyed is never made again.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from stillwatch.errors import InputError
from stillwatch.sketch import KEY_BYTES

_DAY_SECONDS = 86_400
_VERSION = 1


@dataclass(slots=True)
class KeyRing:
    """Keys by epoch. An epoch is a span of whole days counted from 1970; its first days overlap with the one before."""

    path: Path
    epoch_days: int = 30
    overlap_days: int = 7
    destroyed_through: int = -1
    keys: dict[int, bytes] = field(default_factory=dict)

    def expect(self, epoch_days: int, overlap_days: int) -> None:
        """Refuse other lengths than the ring's own.

        Raises:  InputError: they differ.
        """
        if (epoch_days, overlap_days) != (self.epoch_days, self.overlap_days):
            raise InputError(f"{self.path}: has epochs of {self.epoch_days} days, {self.overlap_days} of overlap")

    def epoch_of(self, second: int) -> int:
        """Give the epoch of a time."""
        return second // (self.epoch_days * _DAY_SECONDS)

    def overlaps(self, second: int) -> bool:
        """Tell whether a time lies in the overlap of its epoch with the one before."""
        return second % (self.epoch_days * _DAY_SECONDS) < self.overlap_days * _DAY_SECONDS

    def key(self, epoch: int) -> bytes | None:
        """Give an epoch's key, made and written now if no run has made it yet; None if it was destroyed.

        Raises:  InputError: the ring cannot be written.
        """
        if epoch > self.destroyed_through and epoch not in self.keys:
            with self._held():
                if epoch > self.destroyed_through:
                    self.keys.setdefault(epoch, secrets.token_bytes(KEY_BYTES))
        return self.keys.get(epoch)

    def expire(self, second: int) -> int:
        """Destroy the keys whose epoch and overlap lie before a time; give how many.

        Raises:  InputError: the ring cannot be written.
        """
        span, overlap = self.epoch_days * _DAY_SECONDS, self.overlap_days * _DAY_SECONDS
        with self._held():
            before = len(self.keys)
            self._destroy_through((second - overlap) // span - 1)
            return before - len(self.keys)

    def _destroy_through(self, epoch: int) -> None:
        self.destroyed_through = max(self.destroyed_through, epoch)
        self.keys = {one: key for one, key in self.keys.items() if one > self.destroyed_through}

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the file alone: take over what other runs have written since, then write what this one changes."""
        try:
            with _alone(self.path):
                if stored := _stored(self.path):
                    stored.expect(self.epoch_days, self.overlap_days)
                    self.keys |= stored.keys
                    self._destroy_through(stored.destroyed_through)
                yield
                self._write()
        except OSError as fault:
            raise InputError(f"{self.path}: cannot be written ({fault.strerror})") from fault

    def _write(self) -> None:
        """Write the ring in place of the old one, whose bytes are overwritten."""
        state = {
            "version": _VERSION,
            "epoch_days": self.epoch_days,
            "overlap_days": self.overlap_days,
            "destroyed_through": self.destroyed_through,
            "keys": {str(epoch): key.hex() for epoch, key in sorted(self.keys.items())},
        }
        fresh = self.path.with_name(f"{self.path.name}.new")
        if fresh.exists():  # of a run that was killed while it wrote
            with fresh.open("r+b") as left:
                _overwrite(left)
            fresh.unlink()
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        old = self.path.open("r+b") if self.path.exists() else None
        fresh.replace(self.path)
        if old is not None:
            with old:
                _overwrite(old)


def open_ring(path: Path, epoch_days: int | None, overlap_days: int | None) -> KeyRing:
    """Open a ring, or start one.

    Raises:  InputError: the file is no ring, cannot be read, or was started with other lengths.
    """
    try:
        with _alone(path):
            ring = _stored(path) or KeyRing(path, epoch_days or 30, 7 if overlap_days is None else overlap_days)
    except OSError as fault:
        raise InputError(f"{path}: cannot be opened ({fault.strerror})") from fault
    ring.expect(epoch_days or ring.epoch_days, ring.overlap_days if overlap_days is None else overlap_days)
    if not 0 < ring.epoch_days <= 3_660 or not 0 <= ring.overlap_days < ring.epoch_days:
        raise InputError(f"{path}: an epoch has 1 to 3,660 days, and the overlap is shorter")
    return ring


def _overwrite(file: IO[bytes]) -> None:
    file.write(b"\0" * os.fstat(file.fileno()).st_size)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other runs away from a ring; the lock is a file of its own, for the ring is replaced."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stored(path: Path) -> KeyRing | None:
    """The ring on disk, None if there is none yet."""
    if not path.exists():
        return None
    try:
        return _parsed(path, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(f"{path}: is no key ring ({type(fault).__name__})") from fault


def _parsed(path: Path, state: dict[str, Any]) -> KeyRing:
    if state["version"] != _VERSION:
        raise ValueError
    keys = {int(epoch): bytes.fromhex(key) for epoch, key in state["keys"].items()}
    if any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError
    return KeyRing(path, int(state["epoch_days"]), int(state["overlap_days"]), int(state["destroyed_through"]), keys)
