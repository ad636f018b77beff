"""What a look counted, left for the next: tables that cover some parts of a state directory.

In: a folder that tables were written into. Out: `Counted`. Layout: `counted/NAME/{TABLE.parquet, counted.json}`. As a
part, a folder becomes one of these by a rename, and the one before leaves after it: there is always one or none.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from stillwatch.state.parts import State
from stillwatch.whole import flush

_COUNTED, _UNFINISHED, _SAID = "counted", "unfinished", "counted.json"


@dataclass(frozen=True, slots=True)
class Counted:
    """folder: of the tables; made_by: what they depend on beside the rows; since: the first second that is counted, 0
    for all; parts: names of those that are counted; seen: of all that there were; duplicated: rows left out.
    """

    folder: Path
    made_by: str
    since: int
    parts: frozenset[str]
    seen: frozenset[str]
    duplicated: int


def counted(state: State) -> Counted | None:
    """Give what the last look left; None if it left nothing, or nothing that can be read."""
    found = [one for path in sorted((state.folder / _COUNTED).glob("*")) if (one := _read(path))]
    return found[-1] if len(found) == 1 else None  # of two, a run died between leaving and dropping: count anew


@contextmanager
def leaving(state: State) -> Iterator[Path]:
    """Give a folder to make folders of tables in; what `leave` does not keep of it goes."""
    folder = state.folder / _UNFINISHED / "counting"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def leave(state: State, told: Counted) -> None:
    """Keep a folder of tables, made in the one that `leaving` gave, in place of the one of before."""
    names = {"parts": sorted(told.parts), "seen": sorted(told.seen)}
    said = {"made_by": told.made_by, "since": told.since, "duplicated": told.duplicated, **names}
    (told.folder / _SAID).write_text(json.dumps(said), encoding="utf-8")
    for file in (*told.folder.iterdir(), told.folder):
        flush(file)
    place = state.folder / _COUNTED
    place.mkdir(exist_ok=True)
    before = list(place.iterdir())
    told.folder.replace(place / uuid4().hex)
    flush(place)
    _drop(state, before)


def forget(state: State) -> None:
    """Let go what was left."""
    _drop(state, (state.folder / _COUNTED).glob("*"))


def _drop(state: State, folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder.replace(state.folder / _UNFINISHED / folder.name))


def _read(folder: Path) -> Counted | None:
    try:
        said = json.loads((folder / _SAID).read_text(encoding="utf-8"))
        names = frozenset(said["parts"]), frozenset(said["seen"])
        return Counted(folder, said["made_by"], said["since"], *names, said["duplicated"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
