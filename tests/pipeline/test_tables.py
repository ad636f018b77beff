"""A log that lies in a table gives what its files give: in a catalog of Spark, or in ClickHouse, read in place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.settings import Settings
from stillwatch.types import Scan

SEED = 3


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "log"
    simulate("demo", folder, seed=SEED, scale=0.1)
    return folder


@pytest.fixture(scope="module")
def plain(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """What the files give."""
    out = tmp_path_factory.mktemp("plain")
    return scan(Source((log / "exchanges",), log / "accounts.parquet"), Settings(), out, str)


def told(result: Scan) -> object:
    """What must agree; an array of ClickHouse is empty where a file says nothing, so that share is left out."""
    campaigns = [
        (c.campaign_id, c.verdict, round(c.together_bits, 3), round(c.taking_bits, 3), c.taking_exchanges)
        for c in result.campaigns
    ]
    seen = result.coverage
    fractions = {name: share for name, share in seen.column_fraction.items() if name != "tools"}
    return campaigns, seen.rows_read, seen.rows_duplicated, seen.rows_quarantined, fractions


@pytest.fixture(scope="module")
def catalog(spark_builder: Any, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A session whose catalog has the log as a Parquet table, partitioned by model."""
    session = spark_builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse"))).getOrCreate()
    session.sql("CREATE DATABASE llm")
    session.read.parquet(str(log / "exchanges")).write.partitionBy("model").saveAsTable("llm.exchanges")
    session.sql("CREATE VIEW llm.bare AS SELECT exchange_id, ts, account_id FROM llm.exchanges")
    yield
    session.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("catalog")
def test_a_table_of_the_catalog_gives_what_its_files_give(log: Path, plain: Scan, tmp_path: Path) -> None:
    settings = Settings(engine="spark")
    source = Source((), log / "accounts.parquet", table="spark_catalog.llm.exchanges")
    found = scan(source, settings, tmp_path / "named", str)
    assert told(found) == told(plain)
    assert found.campaigns
    assert found.coverage.files[0] == "spark_catalog.llm.exchanges"
    folder = f"parquet.`{log / 'exchanges'}`"
    again = scan(replace(source, table=folder), settings, tmp_path / "folder", str)
    assert told(again) == told(plain)
    assert again.input_fingerprint == found.input_fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "fault"),
    [("llm.absent", "llm.absent: .*cannot be found"), ("llm.bare", "llm.bare: has no column model"), ("x;y", "x;y: ")],
)
@pytest.mark.usefixtures("catalog")
def test_a_table_that_cannot_be_scanned_says_why(tmp_path: Path, table: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        scan(Source((), table=table), Settings(engine="spark"), tmp_path, str)


def test_a_table_of_a_catalog_needs_an_engine_that_has_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table llm\.exchanges: .*--engine spark"):
        scan(Source((), table="llm.exchanges"), Settings(), tmp_path, str)


@pytest.fixture(scope="module")
def clickhouse(log: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a table of ClickHouse, embedded, with types of its own: addresses, few values, times to the ms."""
    connect = pytest.importorskip("clickhouse_connect", reason="uv sync --extra clickhouse")
    pytest.importorskip("chdb", reason="ClickHouse embedded is not installed: uv sync --group embedded")
    place = tmp_path_factory.mktemp("clickhouse")
    client = connect.get_client(interface="chdb", path=str(place))
    names = pq.ParquetFile(next((log / "exchanges").iterdir())).schema_arrow.names
    own = {"ip": "toIPv6(ip)", "model": "toLowCardinality(model)"}
    columns = ", ".join(f"{own[name]} AS {name}" if name in own else name for name in names)
    client.command("CREATE DATABASE llm")
    rows = f"SELECT {columns} FROM file('{log / 'exchanges'}/*.parquet', Parquet)"  # noqa: S608 - our own names
    client.command(f"CREATE TABLE llm.exchanges ENGINE = MergeTree ORDER BY tuple() AS {rows}")
    return f"clickhouse:///llm/exchanges?interface=chdb&path={place}"


@pytest.mark.slow
def test_a_table_of_clickhouse_gives_what_its_files_give(
    clickhouse: str, log: Path, plain: Scan, tmp_path: Path
) -> None:
    found = scan(Source((), log / "accounts.parquet", table=clickhouse), Settings(), tmp_path, str)
    assert told(found) == told(plain)
    assert found.coverage.files[0] == "clickhouse:/llm/exchanges"


@pytest.mark.slow
def test_a_database_that_lacks_the_table_says_so(clickhouse: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="clickhouse:/llm/absent: the database does not give this table"):
        scan(Source((), table=clickhouse.replace("/exchanges?", "/absent?")), Settings(), tmp_path, str)


def test_what_a_driver_is_told_reaches_it_and_no_report(tmp_path: Path) -> None:
    """A server that is not there: the fault names the place, and neither the user nor the password."""
    pytest.importorskip("clickhouse_connect", reason="uv sync --extra clickhouse")
    settings = Settings(database_options={"password": "secret-1"})
    with pytest.raises(InputError) as fault:
        scan(Source((), table="clickhouse://watch@127.0.0.1:9/llm/exchanges"), settings, tmp_path, str)
    assert "clickhouse://127.0.0.1:9/llm/exchanges" in str(fault.value)
    assert "secret" not in str(fault.value)
