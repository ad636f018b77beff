"""Files that are there whole or not at all, whenever the process or the machine stops. Ground floor, as `types`.

In: a path and what it shall hold. Out: the file. Readers meet what it held before or what it holds now.
"""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Have a file hold this, or what it held before; a writer that dies may leave a hidden file beside it.

    Raises:  OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    part.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Have the disk hold a file or a folder's entries before anything depends on it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
