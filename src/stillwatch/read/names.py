"""Which files of a folder, or objects of a store, are logs.

In: paths relative to what was named. Out: yes or no, by name alone.
"""

from pathlib import PurePath

ENDINGS = (".parquet", ".csv", ".jsonl", ".ndjson", ".json")
PACKED = (".gz", ".zst", "")


def is_log(path: PurePath) -> bool:
    """Whether a file below a folder is a log: not hidden, no label, not the accounts."""
    hidden = any(part.startswith(".") or part == "labels" for part in path.parts)
    return not hidden and _unpacked_name(path).endswith(ENDINGS) and not is_accounts(path)


def is_accounts(path: PurePath) -> bool:
    """Whether a file is called accounts.*."""
    return _unpacked_name(path) in {f"accounts{ending}" for ending in ENDINGS}


def _unpacked_name(path: PurePath) -> str:
    return path.name.removesuffix(".gz").removesuffix(".zst")
