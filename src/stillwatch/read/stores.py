"""Logs in an object store: S3 and all else that fsspec reads, brought here one object at a time.

In: a URL such as s3://bucket/logs. Out: `Stored` objects, known by URL, size and time. Credentials and the endpoint are
those of the store's own client (AWS_ENDPOINT_URL and so on), never part of a URL.
"""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from stillwatch.errors import InputError
from stillwatch.read.names import ENDINGS, among
from stillwatch.read.tally import Tally

_IN_EXTRA = frozenset({"fsspec", "s3fs", "aiobotocore", "botocore"})
_SECOND_NS = 1_000_000_000
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")  # as the clients of stores call it


@dataclass(frozen=True, slots=True)
class Stored:
    """One object, as the listing shows it."""

    url: str
    size_bytes: int
    modified_ns: int

    @contextmanager
    def here(self, folder: Path) -> Iterator[Path]:
        """Have a copy in a folder while it is needed.

        Raises:  InputError: the object cannot be fetched.
        """
        copy = folder / PurePosixPath(self.url).name
        try:
            files, path = _files(self.url)
            files.get_file(path, str(copy))
        except _faults() as fault:
            raise InputError(f"{self.url}: cannot be fetched ({type(fault).__name__})") from fault
        try:
            yield copy
        finally:
            copy.unlink(missing_ok=True)


def is_elsewhere(place: str) -> bool:
    """Whether a place that logs come from is a URL and not a path of this machine."""
    return "://" in place


def stored(url: str, tally: Tally | None = None) -> list[Stored]:
    """List the log objects at or below a URL, in order of name.

    Args:    tally: notes the folders that were left out as Stillwatch's own.
    Raises:  InputError: the store does not answer, or its client is not installed.
    """
    try:
        files, root = _files(url)
        files.invalidate_cache()
        found: Mapping[str, Any] = files.find(root, detail=True)
    except _faults() as fault:
        raise InputError(f"{url}: cannot be listed ({type(fault).__name__}); {_advice(fault)}") from fault
    below = {PurePosixPath(path).relative_to(root): path for path in found if path != root}
    held = among(list(below))
    if tally:
        tally.left_out(files.unstrip_protocol(f"{root}/{folder}") for folder in held.own)
    logs = [path for path in found if path == root] + [below[log] for log in held.logs]
    if not logs:
        raise InputError(f"{url}: no log objects in there ({', '.join(ENDINGS)}, plain, .gz or .zst)")
    return [Stored(files.unstrip_protocol(path), int(found[path]["size"]), _modified_ns(found[path])) for path in logs]


def _advice(fault: Exception) -> str:
    """Say what to install or check; the extra brings the client of S3 alone."""
    if isinstance(fault, ImportError):
        cause = fault.__cause__ if isinstance(fault.__cause__, ImportError) else fault
        missing = (cause.name or "").partition(".")[0]
        if missing and missing not in _IN_EXTRA:
            return f"this kind of store needs a client of its own: pip install {missing}"
        return "pip install 'stillwatch[store]'"
    if isinstance(fault, ValueError) and str(fault).startswith("Protocol not known"):
        return "no client is known for this kind of store; pip install 'stillwatch[store]' brings that of s3://"
    return "check name, endpoint and credentials"


def _files(url: str) -> tuple[Any, str]:
    files, path = import_module("fsspec.core").url_to_fs(url)
    return files, str(path)


def _faults() -> tuple[type[Exception], ...]:
    """What clients of stores raise; S3's own says that it lacks credentials or an endpoint by what is no OSError."""
    try:
        return (OSError, ImportError, ValueError, import_module("botocore.exceptions").BotoCoreError)
    except ImportError:
        return (OSError, ImportError, ValueError)


def _modified_ns(seen: Mapping[str, Any]) -> int:
    """When an object was written; S3 tells whole seconds, so the rest is made of its ETag: other bytes, other time."""
    when = next((seen[name] for name in _TIMES if seen.get(name) is not None), 0)
    seconds = when.timestamp() if isinstance(when, datetime) else float(when)
    if seen.get("ETag") is None:
        return int(seconds * _SECOND_NS)
    return int(seconds) * _SECOND_NS + zlib.crc32(str(seen["ETag"]).encode()) % _SECOND_NS
