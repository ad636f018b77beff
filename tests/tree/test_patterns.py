"""No regular expression of the package runs longer than its text does."""

import re
import subprocess
import sys
from pathlib import Path

import stillwatch

PACKAGE = Path(stillwatch.__file__).parent
CALLED = re.compile(r"\bre\.(compile|search|match|fullmatch|sub|split|findall|finditer)\(")
CHILD = """
import importlib, pkgutil, re, resource
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))  # linear takes a second; one quadratic pattern takes minutes
import stillwatch
LENGTH = 200_000
PIECES = ["a", "a ", "0", "0."]
PIECES += ["-", "+1 ", " +1", "(", "[", "[a|", "|", '"', "\\\\", "-.", "\\n", " ", "\u00b2", "=", "1 bits"]
PIECES += ['"params":{', '"params":{},', '"params":{"']
ENDS = ["", "!", "]", " +1 bits"]
count = 0
for module in pkgutil.walk_packages(stillwatch.__path__, "stillwatch."):
    if module.name.endswith("__main__"):
        continue
    try:
        names = vars(importlib.import_module(module.name))
    except ImportError:
        continue  # of an extra that is not installed
    for name, pattern in names.items():
        if not isinstance(pattern, re.Pattern):
            continue
        count += 1
        for piece in PIECES:
            for end in ENDS:
                text = (piece * LENGTH)[:LENGTH] + end
                attack = text.encode() if isinstance(pattern.pattern, bytes) else text
                for ask in (pattern.search, pattern.fullmatch):
                    print(name, repr(piece), repr(end), ask.__name__, flush=True)
                    ask(attack)
print(count)
"""


def test_no_pattern_is_slower_than_linear_on_attack_strings() -> None:
    """A process that is ended by its limit of CPU seconds tells in its last line which pattern it was."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr[-500:]
    assert int(done.stdout.splitlines()[-1]) >= 5


def test_every_pattern_stands_in_a_module_where_the_test_above_finds_it() -> None:
    """Patterns inside of functions would not be seen. `report.words` has one class of characters, repeated once."""
    inside = [
        (path.name, line.strip())
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if CALLED.search(line) and not re.match(r"_?[A-Z_]+(: .*)? = re.compile", line)
    ]
    assert [name for name, _ in inside] == ["words.py"]
