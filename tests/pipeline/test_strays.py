"""A handful of exchanges that a wrong clock has dated moves nothing: not the end of a log, nor what is kept of it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.strays import NEVER, Believed, believed
from stillwatch.pipeline.watching import watch
from stillwatch.settings import Settings
from stillwatch.types import Scan

SEED = 5
DAY, START = 86_400, 1_800_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate("demo", folder, seed=SEED, scale=0.1)
    return folder


@pytest.fixture(scope="module")
def log(folder: Path) -> pa.Table:
    return pq.read_table(folder / "exchanges").sort_by("ts")


@pytest.fixture(scope="module")
def plain(log: pa.Table, folder: Path) -> Scan:
    """What a scan says of the log without a stray."""
    return scanned(log, folder / "plain", folder)


def with_stray(rows: pa.Table, at: datetime) -> pa.Table:
    """One more exchange, a copy of the first under another id and date."""
    stray = rows.slice(0, 1)
    for name, value in (("ts", at), ("exchange_id", "from a wrong clock")):
        place = stray.schema.get_field_index(name)
        stray = stray.set_column(place, stray.schema.field(place), pa.array([value], stray[name].type))
    return pa.concat_tables([rows.slice(0, 100), stray, rows.slice(100)])


def told(result: Scan) -> tuple[object, object]:
    seen = result.coverage
    return (
        (result.as_of, seen.first_seen, seen.last_seen, seen.exchanges, seen.accounts),
        [
            (c.campaign_id, round(c.together_bits, 3), round(c.taking_bits, 3), len(c.members), c.exchanges)
            for c in result.campaigns
        ],
    )


@pytest.fixture(scope="module")
def looked_at(folder: Path, plain: Scan) -> Scan:
    """The same as of a second later, as `watch` looks at it."""
    source = Source((folder / "exchanges",), folder / "accounts.parquet", as_of=plain.as_of + timedelta(seconds=1))
    return scan(source, Settings(), folder / "looked-at", str)


def scanned(rows: pa.Table, work: Path, folder: Path, settings: Settings | None = None) -> Scan:
    work.mkdir()
    pq.write_table(rows, work / "log.parquet")
    source = Source((work / "log.parquet",), folder / "accounts.parquet")
    return scan(source, settings or Settings(), work / "out", str)


@pytest.mark.parametrize("year", [2001, 2099])
def test_a_log_with_a_stray_is_judged_as_without_and_says_so(
    settings: Settings, log: pa.Table, plain: Scan, folder: Path, tmp_path: Path, *, year: int
) -> None:
    """On each engine, as of DuckDB's scan of the log without it."""
    at = datetime(year, 5, 1, 12, tzinfo=UTC)
    found = scanned(with_stray(log, at), tmp_path / "with", folder, settings)
    assert told(found) == told(plain)
    assert plain.campaigns
    assert (plain.coverage.rows_quarantined, found.coverage.rows_quarantined) == (0, 1)
    reason = f"dated {year}-05-01 12:00 UTC, more than a year from all others: exchange from a wrong clock"
    assert [one.reason for one in found.coverage.quarantined] == [reason]
    assert found.coverage.notes == plain.coverage.notes


def test_an_old_log_that_is_watched_loses_no_day_to_a_stray(
    log: pa.Table, looked_at: Scan, folder: Path, tmp_path: Path
) -> None:
    """The file was written long after its rows, so its own time does not tell that 2099 is wrong."""
    logs = tmp_path / "logs"
    logs.mkdir()
    pq.write_table(log.slice(0, len(log) // 2), logs / "first.parquet")
    pq.write_table(with_stray(log.slice(len(log) // 2), datetime(2099, 1, 1, tzinfo=UTC)), logs / "second.parquet")
    later = (log["ts"][-1].as_py() + timedelta(days=300)).timestamp()
    for file in logs.iterdir():
        os.utime(file, (later, later))
    found = watch(Source((logs,), folder / "accounts.parquet"), tmp_path / "state", Settings(), tmp_path / "out", str)
    assert found is not None
    assert told(found) == told(looked_at)
    assert [one.file for one in found.coverage.quarantined] == ["(dates)"]


def test_a_stray_that_comes_later_is_not_counted_upon_what_was(
    log: pa.Table, looked_at: Scan, folder: Path, tmp_path: Path
) -> None:
    logs, half = tmp_path / "logs", len(log) // 2
    logs.mkdir()
    for name, rows in (
        ("1", log.slice(0, half)),
        ("2", with_stray(log.slice(half, 500), datetime(2099, 1, 1, tzinfo=UTC))),
        ("3", log.slice(half + 500)),
    ):
        pq.write_table(rows, logs / f"{name}.parquet")
        found = watch(
            Source((logs,), folder / "accounts.parquet"),
            tmp_path / "state",
            Settings(retention_days=0),
            tmp_path / "out",
            str,
        )
    assert found is not None
    assert told(found) == told(looked_at)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([*range(START, START + 200)], Believed(last=START + 199)),
        ([*range(START, START + 200), START + 500 * DAY], Believed(0, START + 500 * DAY, START + 199, 1)),
        ([START - 500 * DAY, *range(START, START + 200)], Believed(START - 500 * DAY, NEVER, START + 199, 1)),
        ([*range(START, START + 200), START + 300 * DAY], Believed(last=START + 300 * DAY)),
        ([*range(START, START + 200), START + 500 * DAY, START + 501 * DAY], Believed(last=START + 501 * DAY)),
        ([START, START + 500 * DAY], Believed(last=START + 500 * DAY)),
        ([], Believed()),
    ],
    ids=["no gap", "after", "before", "within a year", "more than a handful", "too few to tell", "nothing"],
)
def test_only_a_handful_a_year_away_is_no_longer_believed(seconds: list[int], expected: Believed) -> None:
    with DuckDBEngine(Settings()) as engine:
        rows = engine.adopt(pa.table({"second": pa.array(seconds, pa.int64())}), "dated")
        assert believed(engine, rows) == expected
