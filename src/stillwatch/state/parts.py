"""Parts of a state directory: each holds what one log file gave.

In: batches of `tables.SKETCHED`, and the counts of reading them. Out: `Part`s. Layout: `parts/NAME/{sketched.parquet,
part.json}`. A part is written in `unfinished/` and becomes one by a rename; what lies there when a run begins belongs
to one that died. Of two parts of one path, the file has grown or was written anew: the later one counts.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError, UsageError
from stillwatch.schemas import arrow_schema
from stillwatch.tables import SKETCHED
from stillwatch.whole import flush, write_whole

_UNFINISHED, _PARTS, _LOCK, _MADE_BY, _ROWS, _PART = "unfinished", "parts", "lock", "made_by", "sketched", "part"
_REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A log file as it was found: whether it has changed shows without reading it."""

    file: str
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Look at a file."""
        seen = path.stat()
        return cls(str(path.resolve()), seen.st_size, seen.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Part:
    """What one log file gave. first_second, last_second: of its exchanges, 0 if it has none, or they are not known;
    counts: of reading; grew: it takes the place of an earlier part of the same file; taken_second: when it was written.
    """

    folder: Path
    stamp: Stamp
    first_second: int
    last_second: int
    counts: Mapping[str, Any]
    grew: bool = False
    taken_second: int = 0

    @property
    def rows(self) -> Path:
        """The file of its sketched exchanges."""
        return self.folder / f"{_ROWS}.parquet"


@dataclass(frozen=True, slots=True)
class State:
    """A state directory that this process holds alone."""

    folder: Path

    def parts(self) -> tuple[Part, ...]:
        """Every finished part, one a log file, in order of the files' names."""
        latest: dict[str, Part] = {}
        for path in sorted((self.folder / _PARTS).iterdir()):
            part = _read(path)
            held = latest.get(part.stamp.file)
            if held is None or held.stamp.modified_ns <= part.stamp.modified_ns:
                latest[part.stamp.file] = part
        return tuple(latest[file] for file in sorted(latest))

    def add(
        self,
        stamp: Stamp,
        batches: Iterable[pa.RecordBatch],
        counts: Callable[[], Mapping[str, Any]],
        earlier: Part | None = None,
    ) -> Part:
        """Keep what a log file gave, whole or not at all; `counts` is asked once the batches have ended.

        Args:    earlier: the part of the same file whose place this one takes.
        Raises:  UsageError: the disk does not take it.
        """
        try:
            part = self._add(stamp, batches, counts, grew=earlier is not None)
        except OSError as fault:
            why = f"{self.folder}: cannot be written to ({fault.strerror or type(fault).__name__})"
            raise UsageError(f"{why}; free disk space, or name another folder with --state") from fault

        self.drop([earlier] if earlier else [])
        return part

    def _add(
        self, stamp: Stamp, batches: Iterable[pa.RecordBatch], counts: Callable[[], Mapping[str, Any]], *, grew: bool
    ) -> Part:
        told = f"{stamp.file}\0{stamp.size_bytes}\0{stamp.modified_ns}".encode("utf-8", "surrogateescape")
        name = hashlib.sha256(told).hexdigest()[:32]
        folder = self.folder / _UNFINISHED / name
        folder.mkdir()
        first_second, last_second = _write_rows(folder / f"{_ROWS}.parquet", batches)
        written = {
            "file": stamp.file,
            "size_bytes": stamp.size_bytes,
            "modified_ns": stamp.modified_ns,
            "first_second": first_second,
            "last_second": last_second,
            "grew": grew,
            "counts": counts(),
        }
        (folder / f"{_PART}.json").write_text(json.dumps(written), encoding="utf-8")
        for file in (folder / f"{_ROWS}.parquet", folder / f"{_PART}.json", folder):
            flush(file)
        finished = self.folder / _PARTS / name
        folder.replace(finished)
        flush(finished.parent)
        return _read(finished)

    def drop(self, parts: Iterable[Part]) -> None:
        """Forget parts; each leaves by one rename before its files are removed."""
        for part in parts:
            leaving = part.folder.replace(self.folder / _UNFINISHED / part.folder.name)
            shutil.rmtree(leaving)

    def is_reported(self) -> bool:
        """Whether the last report that was finished told of just these parts."""
        path = self.folder / _REPORTED
        return path.exists() and path.read_text(encoding="utf-8") == self._held()

    def reported(self) -> None:
        """Remember that a report tells of these parts; a run that dies before it says so is made up for by the next."""
        write_whole(self.folder / _REPORTED, self._held().encode())

    def _held(self) -> str:
        return "\n".join(sorted(path.name for path in (self.folder / _PARTS).iterdir()))

    def drop_replaced(self) -> None:
        """Forget parts of files that have been read anew."""
        kept = {part.folder for part in self.parts()}
        self.drop(_read(path) for path in sorted((self.folder / _PARTS).iterdir()) if path not in kept)


@contextmanager
def opened(folder: Path, made_by: str) -> Iterator[State]:
    """Hold a state directory, made if it does not exist; what an earlier run left unfinished is removed.

    Args:    made_by: what the sketches depend on; a directory of another kind is refused.
    Raises:  InputError: another process holds it, or it was made by another version. UsageError: it cannot be made.
    """
    try:
        (folder / _PARTS).mkdir(parents=True, exist_ok=True)
        held = (folder / _LOCK).open("w")
    except OSError as fault:
        raise UsageError(
            f"{folder}: cannot be made or written to ({fault.strerror}); name another folder with --state"
        ) from fault
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            raise InputError(
                f"{folder}: another run holds this state directory; wait for it, or use another"
            ) from fault
        shutil.rmtree(folder / _UNFINISHED, ignore_errors=True)
        (folder / _UNFINISHED).mkdir()
        _claim(folder, made_by)
        state = State(folder)
        state.drop_replaced()
        yield state


def _claim(folder: Path, made_by: str) -> None:
    path = folder / _MADE_BY
    if not path.exists():
        write_whole(path, made_by.encode())
    elif path.read_text(encoding="utf-8") != made_by:
        raise InputError(f"{folder}: this state directory holds sketches of another version; begin a new one")


def _write_rows(path: Path, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
    """Write the rows of a part; give their first and last second."""
    seconds: list[int] = []
    with pq.ParquetWriter(path, arrow_schema(SKETCHED), compression="lz4") as writer:
        for batch in batches:
            writer.write_batch(batch)
            seconds += [second for second in pc.min_max(batch["second"]).as_py().values() if second is not None]
    return min(seconds, default=0), max(seconds, default=0)


def _read(folder: Path) -> Part:
    try:
        told = folder / f"{_PART}.json"
        found, taken_second = json.loads(told.read_text(encoding="utf-8")), int(told.stat().st_mtime)
        stamp = Stamp(found["file"], found["size_bytes"], found["modified_ns"])
        seconds = found.get("first_second", 0), found["last_second"]  # parts of earlier versions lack the first
        return Part(folder, stamp, *seconds, found["counts"], found.get("grew", False), taken_second)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(f"{folder}: not a part of a state directory; remove it and its log is read again") from fault
