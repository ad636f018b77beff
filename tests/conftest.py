"""Fixtures for every stage: where the large test inputs lie."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the large public test sets: $STILLWATCH_SHARED_DATA, else beside the repository."""
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip("the large test sets are absent; name their folder in STILLWATCH_SHARED_DATA")
    return folder
