"""A tenth of the `june` replay on one master and two workers gives DuckDB's answer, and outlives a worker."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from stillwatch.pipeline import simulate
from stillwatch.settings import Settings

SCALE, DAYS = 0.1, 3  # about 420,000 exchanges of 32,500 accounts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]


def test_a_cluster_gives_the_same_answer_and_outlives_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker dies, without notice, while both have tasks of a job in hand; half of what was read is lost."""
    pytest.importorskip("pyspark", reason="Spark is not installed: uv sync --extra spark")
    if not shutil.which("java"):
        pytest.skip("Spark needs a Java runtime")
    import spark_cluster  # noqa: PLC0415 - of lab, and it imports Spark

    for name, value in {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}.items():
        monkeypatch.setitem(os.environ, name, value)
    simulate("june", tmp_path / "log", seed=1, scale=SCALE, days=DAYS)
    plain = spark_cluster.scanned(tmp_path / "log", Settings(), tmp_path / "plain", str)
    assert plain.campaigns
    with spark_cluster.cluster(tmp_path) as running:
        found = spark_cluster.on_cluster(running, tmp_path / "log", tmp_path / "spark", kill=True)
    assert spark_cluster.answer(found) == spark_cluster.answer(plain)
