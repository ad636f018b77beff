"""Linear algebra has one thread: what is spread over cores is spread by our own code."""

import os
import subprocess
import sys

import pytest

NAME = "OPENBLAS_NUM_THREADS"


@pytest.mark.parametrize(("set_before", "expected"), [({}, "1"), ({NAME: "2"}, "2")])
def test_linear_algebra_has_one_thread_unless_told_otherwise(set_before: dict[str, str], expected: str) -> None:
    """It is said before NumPy is imported, which reads it then; whoever set a number keeps it."""
    told = f"import os, sys, stillwatch; print(os.environ['{NAME}'], 'numpy' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != NAME} | set_before
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected, "False"]
