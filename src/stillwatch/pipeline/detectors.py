"""Detectors outside the program: commands that read a log's files and write what they found.

In: a TOML file that lists them. Out: `Detector` values, and `Ran` for a command that was run. A command that fails or
takes too long is an error in words, never an exception.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingsError

PLACES = ("log", "reference", "out")
_KIBIBYTE = 1024
_SHOWN = 200  # characters of a command's own last words


@dataclass(frozen=True, slots=True)
class Detector:
    """A command; `{log}`, `{reference}` and `{out}` in it become folders, and `python` the running interpreter.

    looks: how often it is run on the growing log. seeds: how many of the benchmark's seeds it is run on, 0 for all.
    pairs: run it on pairs of axes too. timeout_seconds: for one look.
    """

    name: str
    command: tuple[str, ...]
    looks: int = 1
    seeds: int = 0
    pairs: bool = False
    timeout_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a look cost, and why it failed, or ""."""

    seconds: float
    peak_bytes: int
    error: str = ""


def load_detectors(path: Path) -> tuple[Detector, ...]:
    """Read `[[detector]]` entries.

    Raises:  SettingsError: not such a file, an unknown key, a value out of range, or two of one name.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        entries = values.pop("detector", [])
        rows = [_detector(path, row) for row in entries]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as fault:
        raise SettingsError(f"{path}: no list of detectors ({fault}); docs/how-to/judge-your-detector.md") from fault
    if values or not rows or len({row.name for row in rows}) < len(rows):
        raise SettingsError(f"{path}: give [[detector]] entries only, one at least, each with a name of its own")
    return tuple(rows)


def _detector(path: Path, row: Mapping[str, Any]) -> Detector:
    known = {f.name for f in fields(Detector)}
    if set(row) - known:
        raise SettingsError(f"{path}: a detector has no {min(set(row) - known)!r}; known: {', '.join(sorted(known))}")
    made = Detector(**{**row, "command": tuple(row.get("command", ()))})
    words = " ".join(map(str, made.command))
    if not made.command or "{log}" not in words or "{out}" not in words:
        raise SettingsError(f"{path}: the command of {made.name!r} must name {{log}} and {{out}}")
    if made.looks < 1 or made.seeds < 0 or made.timeout_seconds <= 0 or "/" in made.name or not made.name:
        raise SettingsError(f"{path}: {made.name!r}: looks >= 1, seeds >= 0, timeout_seconds > 0, no / in the name")
    return made


def run_command(detector: Detector, folders: Mapping[str, Path]) -> Ran:
    """Run a detector's command once and measure it; `folders` are those of `PLACES`."""
    arguments = [_filled(word, folders) for word in detector.command]
    arguments[0] = sys.executable if arguments[0] == "python" else arguments[0]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(  # noqa: S603 - the user's own command
                arguments, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as fault:
            return Ran(0.0, 0, f"cannot be started: {fault.strerror}")
        overdue = threading.Event()
        timer = threading.Timer(detector.timeout_seconds, _stop, (child.pid, overdue))
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds, peak = time.perf_counter() - began, usage.ru_maxrss * (1 if sys.platform == "darwin" else _KIBIBYTE)
        if overdue.is_set():
            return Ran(seconds, peak, f"took more than {detector.timeout_seconds:g} seconds")
        return Ran(seconds, peak, f"exit code {child.returncode}: {_last_words(said)}" if child.returncode else "")


def _filled(word: str, folders: Mapping[str, Path]) -> str:
    for place in PLACES:
        word = word.replace(f"{{{place}}}", str(folders[place]))
    return word


def _stop(process: int, overdue: threading.Event) -> None:
    overdue.set()
    os.killpg(process, signal.SIGKILL)


def _last_words(said: Any) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:_SHOWN] if lines else "it said nothing"
