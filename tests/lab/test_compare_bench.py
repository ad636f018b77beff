"""The comparison of a slice with committed numbers fails when it should, and only then."""

import runpy
from pathlib import Path
from typing import Any

import pytest

LAB = Path(__file__).resolve().parents[2] / "lab"


@pytest.fixture(scope="module")
def compare() -> dict[str, Any]:
    return runpy.run_path(str(LAB / "compare_bench.py"))


def board(recall: float, seconds: float = 1.0, point: str = "human") -> dict[str, Any]:
    metrics = {
        "account_recall_fraction": {"mean": recall, "low": recall - 0.1, "high": recall + 0.1, "seeds": 3},
        "seconds": {"mean": seconds, "low": seconds, "high": seconds, "seeds": 3},
    }
    return {"standings": [{"detector": "ours", "axes": ["timing"], "points": [point], "metrics": metrics}]}


def test_a_metric_within_its_interval_passes_however_long_it_took(compare: dict[str, Any]) -> None:
    """Times are never compared."""
    assert list(compare["outside"](board(0.75, seconds=99.0), board(0.8))) == []


def test_a_metric_outside_its_interval_is_named(compare: dict[str, Any]) -> None:
    """With the numbers."""
    found = list(compare["outside"](board(0.6), board(0.8)))
    assert found == ["ours at timing human: account_recall_fraction 0.600 is outside 0.700 to 0.900"]


def test_a_metric_that_went_missing_is_named(compare: dict[str, Any]) -> None:
    """A detector that fails now has no recall."""
    failed = board(0.8)
    del failed["standings"][0]["metrics"]["account_recall_fraction"]
    assert list(compare["outside"](failed, board(0.8))) == ["ours at timing human: account_recall_fraction is missing"]


def test_points_that_were_not_committed_are_not_compared(compare: dict[str, Any]) -> None:
    """And are not counted as shared."""
    assert compare["shared"](board(0.1, point="replayed"), board(0.8)) == 0
