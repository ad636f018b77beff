"""A look counts what is new and nothing else, and says what a scan of everything says, whatever came in between."""

import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch import state
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.watching import watch
from stillwatch.settings import Settings
from stillwatch.types import Scan

SEED, FILES = 6, 4
SETTINGS = Settings(retention_days=0)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in files of equal size, in order of time, with its accounts."""
    folder = tmp_path_factory.mktemp("resumed")
    simulate("demo", folder / "whole", seed=SEED, scale=0.1)
    rows = pq.read_table(folder / "whole/exchanges").sort_by("ts")
    (folder / "logs").mkdir()
    size = -(-len(rows) // FILES)
    for number in range(FILES):
        pq.write_table(rows.slice(number * size, size), folder / f"logs/part-{number}.parquet")
    shutil.copy(folder / "whole/accounts.parquet", folder / "accounts.parquet")
    return folder


def look(logs: Path, work: Path, settings: Settings = SETTINGS) -> Scan:
    result = watch(
        Source((work / "logs",), logs / "accounts.parquet"), work / "state", settings, work / "out", lambda _: None
    )
    assert result is not None
    return result


def told(result: Scan) -> object:
    seen = result.coverage
    return seen.rows_read, seen.rows_duplicated, seen.accounts, [
        (c.campaign_id, c.verdict, c.together_bits, c.taking_bits, c.exchanges, c.taking_exchanges, c.leak.unique_tasks)
        for c in result.campaigns
    ]  # fmt: skip


def scanned(logs: Path, work: Path, result: Scan) -> object:
    source = Source((work / "logs",), logs / "accounts.parquet", as_of=result.as_of)
    return told(scan(source, SETTINGS, work / "scanned", lambda _: None))


def counted(work: Path) -> frozenset[str] | None:
    """The parts whose rows are counted for good."""
    with state.opened(work / "state", (work / "state/made_by").read_text()) as held:
        left = state.counted(held)
        return left.parts if left else None


def parts(work: Path) -> frozenset[str]:
    return frozenset(path.name for path in (work / "state/parts").iterdir())


def arrive(logs: Path, work: Path, *numbers: int) -> None:
    (work / "logs").mkdir(exist_ok=True)
    for number in numbers:
        shutil.copy(logs / f"logs/part-{number}.parquet", work / "logs")


def test_a_file_that_comes_late_changes_nothing_in_the_end(logs: Path, tmp_path: Path) -> None:
    """Its exchanges lie between those that were counted, and so do the gaps."""
    for numbers in ((0, 3), (1,), (2,)):
        arrive(logs, tmp_path, *numbers)
        result = look(logs, tmp_path)
    assert counted(tmp_path) == parts(tmp_path)
    assert told(result) == scanned(logs, tmp_path, result)
    assert result.campaigns


def test_what_has_been_counted_is_not_counted_again(logs: Path, tmp_path: Path) -> None:
    """Tables that say that every account had one exchange more are believed."""
    arrive(logs, tmp_path, 0, 1, 2)
    look(logs, tmp_path)
    (kept,) = (tmp_path / "state/counted").iterdir()
    totals = pq.read_table(kept / "totals.parquet")
    more = pa.array([count + 1 for count in totals["exchanges"].to_pylist()])
    totals = totals.set_column(totals.schema.get_field_index("exchanges"), "exchanges", more)
    pq.write_table(totals, kept / "totals.parquet")
    arrive(logs, tmp_path, 3)
    result = look(logs, tmp_path)
    truth = Counter(pq.read_table(logs / "logs", columns=["account_id"])["account_id"].to_pylist())
    held = set(totals["account_id"].to_pylist())
    members = [one for campaign in result.campaigns for one in campaign.members if one.account_id in held]
    assert members
    assert {one.exchanges - truth[one.account_id] for one in members} == {1}


def test_a_file_that_grows_is_counted_on_top_of_those_that_stay(logs: Path, tmp_path: Path) -> None:
    arrive(logs, tmp_path, 0, 1)
    look(logs, tmp_path)
    rows = pq.read_table(logs / "logs/part-2.parquet")
    for size in (len(rows) // 3, len(rows) // 2, len(rows)):
        pq.write_table(rows.slice(0, size), tmp_path / "logs/today.parquet")
        result = look(logs, tmp_path)
    assert told(result) == scanned(logs, tmp_path, result)
    assert len(counted(tmp_path) or ()) == 2
    arrive(logs, tmp_path, 3)
    look(logs, tmp_path)
    assert len(counted(tmp_path) or ()) == 3
    pq.write_table(rows.slice(0, 9), tmp_path / "logs/other.parquet")
    result = look(logs, tmp_path)
    assert counted(tmp_path) == parts(tmp_path)
    assert told(result) == scanned(logs, tmp_path, result)


def test_repetitions_between_looks_are_dropped_as_in_a_scan(logs: Path, tmp_path: Path) -> None:
    arrive(logs, tmp_path, 0, 1)
    look(logs, tmp_path)
    rows = pq.read_table(logs / "logs/part-1.parquet")
    pq.write_table(rows.slice(0, 50), tmp_path / "logs/again.parquet")
    arrive(logs, tmp_path, 2)
    look(logs, tmp_path)
    pq.write_table(rows.slice(20, 50), tmp_path / "logs/once-more.parquet")
    arrive(logs, tmp_path, 3)
    result = look(logs, tmp_path)
    assert result.coverage.rows_duplicated == 100
    assert told(result) == scanned(logs, tmp_path, result)


@pytest.mark.parametrize("damage", ["said", "table", "two"])
def test_counts_that_a_dead_run_left_by_halves_are_made_anew(logs: Path, tmp_path: Path, damage: str) -> None:
    arrive(logs, tmp_path, 0, 1)
    look(logs, tmp_path)
    (kept,) = (tmp_path / "state/counted").iterdir()
    if damage == "said":
        (kept / "counted.json").write_text("{")
    elif damage == "two":
        shutil.copytree(kept, kept.with_name("0"))
        pq.write_table(pq.read_table(kept / "totals.parquet").slice(0, 1), kept / "totals.parquet")
    else:
        kept.rename(tmp_path / "state/unfinished/left")
    arrive(logs, tmp_path, 2)
    result = look(logs, tmp_path)
    assert told(result) == scanned(logs, tmp_path, result)
    assert len(list((tmp_path / "state/counted").iterdir())) == 1


def test_counts_of_other_settings_are_not_used(logs: Path, tmp_path: Path) -> None:
    arrive(logs, tmp_path, 0, 1)
    look(logs, tmp_path, Settings(retention_days=0, minimum_accounts=5))
    arrive(logs, tmp_path, 2)
    result = look(logs, tmp_path)
    assert told(result) == scanned(logs, tmp_path, result)


def test_a_file_that_leaves_by_retention_leaves_the_counts(logs: Path, tmp_path: Path) -> None:
    settings = Settings(retention_days=10)
    arrive(logs, tmp_path, 0)
    look(logs, tmp_path, settings)
    arrive(logs, tmp_path, 1, 2)
    look(logs, tmp_path, settings)
    arrive(logs, tmp_path, 3)
    watched = look(logs, tmp_path, settings)
    shutil.rmtree(tmp_path / "state")
    shutil.rmtree(tmp_path / "out")
    assert told(watched) == told(look(logs, tmp_path, settings))
