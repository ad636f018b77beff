"""Fixtures for every stage: where the large test inputs lie, the engines that a promise holds on, a real PostgreSQL."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateways import postgres

from stillwatch.settings import Settings

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the large public test sets: $STILLWATCH_SHARED_DATA, else beside the repository."""
    folder = Path(os.environ.get("STILLWATCH_SHARED_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip("the large test sets are absent; name their folder in STILLWATCH_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def spark_builder() -> Any:
    """What a Spark session on two cores of this machine is made with."""
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed: uv sync --extra spark")
    if not shutil.which("java"):
        pytest.skip("Spark needs a Java runtime")
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    return builder.config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")  # compiled fast, not well


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of each engine in turn. Starting a Java machine is slow: the scans of a module share one session."""
    if request.param == "duckdb":
        yield Settings()
        return
    session = request.getfixturevalue("spark_builder").getOrCreate()
    yield Settings(engine="spark")
    session.stop()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL on loopback, for as long as the tests run."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is in the extra 'gateway'")
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed; apt install postgresql")
    with postgres.postgres() as url:
        yield url
