"""The key ring: one secret an epoch, made when first needed, destroyed when its epoch and the overlap are over.

In: a JSON file that only its owner may read. Out: keys. A key that was destroyed is never made again.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    def epoch_of(self, second: int) -> int:
        """Give the epoch of a time."""
        return second // (self.epoch_days * _DAY_SECONDS)

    def overlaps(self, second: int) -> bool:
        """Tell whether a time lies in the overlap of its epoch with the one before."""
        return second % (self.epoch_days * _DAY_SECONDS) < self.overlap_days * _DAY_SECONDS

    def key(self, epoch: int) -> bytes | None:
        """Give an epoch's key, made now if it is new; None if it was destroyed."""
        if epoch <= self.destroyed_through:
            return None
        if epoch not in self.keys:
            self.keys[epoch] = secrets.token_bytes(KEY_BYTES)
        return self.keys[epoch]

    def expire(self, second: int) -> int:
        """Forget the keys whose epoch and overlap lie before a time; give how many."""
        span, overlap = self.epoch_days * _DAY_SECONDS, self.overlap_days * _DAY_SECONDS
        last = (second - overlap) // span - 1
        gone = [epoch for epoch in self.keys if epoch <= last]
        for epoch in gone:
            del self.keys[epoch]
        self.destroyed_through = max(self.destroyed_through, last)
        return len(gone)

    def save(self) -> None:
        """Write the ring in place of the old one, whose bytes are overwritten first."""
        state = {
            "version": _VERSION,
            "epoch_days": self.epoch_days,
            "overlap_days": self.overlap_days,
            "destroyed_through": self.destroyed_through,
            "keys": {str(epoch): key.hex() for epoch, key in sorted(self.keys.items())},
        }
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        old = self.path.open("r+b") if self.path.exists() else None
        fresh.replace(self.path)
        if old is not None:
            with old:
                old.write(b"\0" * os.fstat(old.fileno()).st_size)
                old.flush()
                os.fsync(old.fileno())


def open_ring(path: Path, epoch_days: int | None, overlap_days: int | None) -> KeyRing:
    """Open a ring, or start one.

    Raises:  InputError: the file is no ring, or was started with other lengths.
    """
    if not path.exists():
        ring = KeyRing(path, epoch_days or 30, 7 if overlap_days is None else overlap_days)
    else:
        try:
            ring = _parsed(path, json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise InputError(f"{path}: is no key ring ({type(fault).__name__})") from fault
        if (epoch_days or ring.epoch_days) != ring.epoch_days or overlap_days not in (None, ring.overlap_days):
            raise InputError(f"{path}: has epochs of {ring.epoch_days} days, {ring.overlap_days} of overlap")
    if not 0 < ring.epoch_days <= 3_660 or not 0 <= ring.overlap_days < ring.epoch_days:
        raise InputError(f"{path}: an epoch has 1 to 3,660 days, and the overlap is shorter")
    return ring


def _parsed(path: Path, state: dict[str, Any]) -> KeyRing:
    if state["version"] != _VERSION:
        raise ValueError
    keys = {int(epoch): bytes.fromhex(key) for epoch, key in state["keys"].items()}
    if any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError
    return KeyRing(path, int(state["epoch_days"]), int(state["overlap_days"]), int(state["destroyed_through"]), keys)
