"""Commands of strangers: whatever they do, there is an answer in words."""

import sys
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.pipeline.detectors import Detector, load_detectors, run_command

FOLDERS = {"log": Path("/log"), "reference": Path("/reference"), "out": Path("/out")}


def python(script: str, **more: float) -> Detector:
    return Detector("theirs", ("python", "-c", script, "{log}", "{out}"), **more)  # type: ignore[arg-type]


def test_places_are_filled_and_python_is_this_one() -> None:
    """The command fails with what it was given, so the words show it."""
    ran = run_command(python("import sys; sys.exit(' '.join([sys.executable, *sys.argv[1:]]))"), FOLDERS)
    assert ran.error == f"exit code 1: {sys.executable} /log /out"


def test_what_a_command_costs_is_measured() -> None:
    """50 MB of memory are seen."""
    ran = run_command(python("x = bytearray(50_000_000)"), FOLDERS)
    assert ran.error == ""
    assert ran.seconds > 0
    assert ran.peak_bytes > 50_000_000


@pytest.mark.parametrize(
    ("detector", "error"),
    [
        (python("raise SystemExit(3)"), "exit code 3: it said nothing"),
        (python("import os; os.kill(os.getpid(), 9)"), "exit code -9: it said nothing"),
        (python("while True: pass", timeout_seconds=0.2), "took more than 0.2 seconds"),
        (Detector("theirs", ("no-such-program", "{log}", "{out}")), "cannot be started: No such file or directory"),
    ],
)
def test_a_failing_command_is_an_error_in_words(detector: Detector, error: str) -> None:
    """It never stops the benchmark."""
    assert run_command(detector, FOLDERS).error == error


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("detector = 3", "no list of detectors"),
        ("", "one at least"),
        ('[[detector]]\nname = "a"\ncolour = "red"', "has no 'colour'"),
        ('[[detector]]\nname = "a"\ncommand = ["x", "{log}"]', "must name {log} and {out}"),
        ('[[detector]]\nname = "a"\ncommand = ["x", "{log}", "{out}"]\nlooks = 0', "looks >= 1"),
        (2 * '[[detector]]\nname = "a"\ncommand = ["x", "{log}", "{out}"]\n', "a name of its own"),
    ],
)
def test_a_bad_list_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """With the file and the rule."""
    path = tmp_path / "detectors.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_detectors(path)
    assert sentence in str(caught.value)
