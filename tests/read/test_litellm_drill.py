"""The drill: a log that a real LiteLLM proxy wrote is read whole, and the operator in it is found."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_operator_is_found_behind_a_real_proxy(shared_data: Path, tmp_path: Path) -> None:
    """One operator over thirty keys among 222 strangers: at least 27 keys found, at most one stranger accused."""
    done = subprocess.run(
        [ROOT / "lab" / "litellm_drill.sh", tmp_path, "330", "1"],
        env=os.environ | {"STILLWATCH_SHARED_DATA": str(shared_data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    coverage = json.loads((tmp_path / "scan" / "coverage.json").read_text(encoding="utf-8"))
    assert (coverage["rows_read"], coverage["rows_quarantined"]) == (result["payloads"], 0)
    assert result["operator_found"] >= 27
    assert len(result["others_accused"]) <= 1
