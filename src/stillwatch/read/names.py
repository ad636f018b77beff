"""Which files of a folder, or objects of a store, are logs.

In: paths relative to what was named. Out: yes or no, by name alone. What Stillwatch itself wrote is none: a state or a
report may lie among the logs, and would be read as more of them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Generic, TypeVar

_Path = TypeVar("_Path", bound=PurePath)

ENDINGS = (".parquet", ".csv", ".jsonl", ".ndjson", ".json")
PACKED = (".gz", ".zst", "")
_OWN: Mapping[frozenset[str], frozenset[str]] = {  # files that tell a folder of ours, and what is written beside them
    frozenset({"made_by", "lock"}): frozenset({"parts", "counted", "unfinished"}),
    frozenset({"campaigns.json", "coverage.json", "indicators.json", "members.parquet"}): frozenset({
        "campaigns.json", "coverage.json", "indicators.json", "members.parquet", "exchanges.parquet",
        "groups_tested.parquet", "group_tests.parquet", "accounts_tested.parquet",
    }),
    frozenset({"ledger.sqlite", "decisions.snapshot"}): frozenset({"indicators.json"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Among(Generic[_Path]):
    """logs: in order of path; own: folders of Stillwatch's own, of which files were left out that look like logs."""

    logs: tuple[_Path, ...]
    own: tuple[PurePath, ...]


def among(files: Sequence[_Path]) -> Among[_Path]:
    """Find the logs among all files below a folder. In a folder of ours only what is written there is left out."""
    looked = sorted(file for file in files if is_log(file))
    wrote = _wrote(files)
    own = {file: folder for file in looked for folder in file.parents if _first(file, folder) in wrote.get(folder, ())}
    return Among(tuple(file for file in looked if file not in own), tuple(sorted(set(own.values()))))


def _wrote(files: Sequence[PurePath]) -> Mapping[PurePath, frozenset[str]]:
    """By folder of ours: names of what Stillwatch writes there."""
    names = defaultdict[PurePath, set[str]](set)
    for file in files:
        names[file.parent].add(file.name)
    found = {folder: [own for marks, own in _OWN.items() if marks <= held] for folder, held in names.items()}
    return {folder: frozenset().union(*own) for folder, own in found.items() if own}


def _first(file: PurePath, folder: PurePath) -> str:
    """The name that the way from a folder to a file begins with."""
    return file.relative_to(folder).parts[0]


def is_log(path: PurePath) -> bool:
    """Whether a file below a folder is a log: not hidden, no label, not the accounts."""
    hidden = any(part.startswith(".") or part == "labels" for part in path.parts)
    return not hidden and _unpacked_name(path).endswith(ENDINGS) and not is_accounts(path)


def is_accounts(path: PurePath) -> bool:
    """Whether a file is called accounts.*."""
    return _unpacked_name(path) in {f"accounts{ending}" for ending in ENDINGS}


def _unpacked_name(path: PurePath) -> str:
    return path.name.removesuffix(".gz").removesuffix(".zst")
