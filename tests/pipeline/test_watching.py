"""Watching a log that grows: the same as a scan of everything, whatever happens to the process in between."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch import state
from stillwatch.errors import InputError, UsageError
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.watching import _in_time, watch
from stillwatch.settings import Settings
from stillwatch.types import Quarantined, Scan

SEED, DAYS_APART = 5, 4
SETTINGS = Settings(retention_days=0)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in files of four days each, with its accounts."""
    folder = tmp_path_factory.mktemp("watched")
    simulate("demo", folder / "whole", seed=SEED, scale=0.2)
    rows = pq.read_table(folder / "whole/exchanges").sort_by("ts")
    day = pc.divide(pc.days_between(pc.min(rows["ts"]), rows["ts"]), DAYS_APART)
    (folder / "logs").mkdir()
    for number in pc.unique(day).to_pylist():
        pq.write_table(rows.filter(pc.equal(day, number)), folder / f"logs/part-{number}.parquet")
    shutil.copy(folder / "whole/accounts.parquet", folder / "accounts.parquet")
    return folder


def looked(logs: Path, work: Path, settings: Settings = SETTINGS) -> Scan | None:
    source = Source((work / "logs",), logs / "accounts.parquet")
    return watch(source, work / "state", settings, work / "out", lambda _: None)


def told(result: Scan) -> list[tuple[str, float, float, int]]:
    return [(c.campaign_id, c.together_bits, c.taking_bits, len(c.members)) for c in result.campaigns]


def test_files_that_come_one_by_one_give_what_a_scan_of_all_gives(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    files, result = sorted((logs / "logs").iterdir()), None
    for file in files:
        shutil.copy(file, tmp_path / "logs")
        result = looked(logs, tmp_path)
    assert result is not None
    whole = scan(
        Source((logs / "logs",), logs / "accounts.parquet", as_of=result.as_of), SETTINGS, tmp_path / "whole", str
    )
    assert told(result) == told(whole)
    assert result.campaigns
    assert replace(result.coverage, files=()) == replace(whole.coverage, files=())
    assert result.input_fingerprint == whole.input_fingerprint


def test_nothing_new_gives_no_new_report(logs: Path, tmp_path: Path) -> None:
    shutil.copytree(logs / "logs", tmp_path / "logs")
    assert looked(logs, tmp_path) is not None
    assert looked(logs, tmp_path) is None


def test_a_report_that_a_run_could_not_finish_is_made_up_for_by_the_next(logs: Path, tmp_path: Path) -> None:
    """All files were taken in before the run ended; nothing is new to the next one, and yet it reports."""
    (tmp_path / "logs").mkdir()
    first, second = sorted((logs / "logs").iterdir())[:2]
    shutil.copy(first, tmp_path / "logs")
    assert looked(logs, tmp_path) is not None
    shutil.copy(second, tmp_path / "logs")
    page = tmp_path / "out/report.html"
    page.unlink()
    page.mkdir()
    with pytest.raises(UsageError, match="cannot be written to"):
        looked(logs, tmp_path)
    page.rmdir()
    result = looked(logs, tmp_path)
    assert result is not None
    rows = sum(pq.ParquetFile(file).metadata.num_rows for file in (first, second))
    assert result.coverage.rows_read == rows


def test_a_file_that_grew_counts_once(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    rows = pq.read_table(min((logs / "logs").iterdir()))
    pq.write_table(rows.slice(0, len(rows) // 2), tmp_path / "logs/today.parquet")
    looked(logs, tmp_path)
    pq.write_table(rows, tmp_path / "logs/today.parquet")
    result = looked(logs, tmp_path)
    assert result is not None
    assert (result.coverage.rows_read, result.coverage.rows_duplicated) == (len(rows), 0)


def test_days_past_retention_are_not_judged(logs: Path, tmp_path: Path) -> None:
    shutil.copytree(logs / "logs", tmp_path / "logs")
    result = looked(logs, tmp_path, Settings(retention_days=3))
    assert result is not None
    assert result.coverage.first_seen is not None
    assert result.coverage.last_seen is not None
    assert (result.coverage.last_seen - result.coverage.first_seen).total_seconds() <= 3 * 86_400


def test_an_exchange_dated_years_ahead_does_not_make_the_others_old(logs: Path, tmp_path: Path) -> None:
    """A broken clock on one host: retention counts back from what was really last."""
    shutil.copytree(logs / "logs", tmp_path / "logs")
    rows = pq.read_table(tmp_path / "logs")
    last = pc.max(rows["ts"]).as_py()
    ahead = rows.slice(0, 1)
    for name, value in (("ts", last.replace(year=last.year + 50)), ("exchange_id", "from a broken clock")):
        ahead = ahead.set_column(ahead.schema.get_field_index(name), name, pa.array([value], ahead[name].type))
    pq.write_table(ahead, tmp_path / "logs/broken.parquet")
    for file in (tmp_path / "logs").iterdir():
        os.utime(file, (last.timestamp(), last.timestamp()))
    result = looked(logs, tmp_path, Settings(retention_days=365))
    assert result is not None
    assert result.coverage.rows_read == len(rows) + 1


def test_a_stray_file_is_counted_and_stops_nothing(logs: Path, tmp_path: Path) -> None:
    """Parquet of something else, a half-written one, and a link to a file that has gone."""
    (tmp_path / "logs").mkdir()
    shutil.copy(next((logs / "logs").iterdir()), tmp_path / "logs")
    pq.write_table(pa.table({"word": ["x"]}), tmp_path / "logs/other.parquet")
    (tmp_path / "logs/half.parquet").write_bytes(next((logs / "logs").iterdir()).read_bytes()[:5_000])
    (tmp_path / "logs/gone.parquet").symlink_to(tmp_path / "nowhere.parquet")
    result = looked(logs, tmp_path)
    assert result is not None
    faults = {Path(one.file).name: one.reason for one in result.coverage.quarantined}
    assert faults.keys() == {"other.parquet", "half.parquet"}
    assert "account_id" in faults["other.parquet"]


def test_files_of_which_nothing_can_be_read_are_told_of_at_every_look_until_they_expire(
    logs: Path, tmp_path: Path
) -> None:
    """The gateway renamed a field overnight; junk that calls itself gzip or Parquet. Old files, with a retention."""
    (tmp_path / "logs").mkdir()
    good, *later = sorted((logs / "logs").iterdir())[:2]
    shutil.copy(good, tmp_path / "logs")
    (tmp_path / "logs/renamed.jsonl").write_text('{"exchange_id": "e", "ts": 1770120000, "customer": "a"}\n' * 3)
    (tmp_path / "logs/junk.jsonl.gz").write_bytes(b"\x1f\x8b and nothing")
    (tmp_path / "logs/junk.parquet").write_bytes(b"PAR1 and nothing")
    for file in (tmp_path / "logs").iterdir():
        os.utime(file, (1, 1))
    settings, source = Settings(), Source((tmp_path / "logs",), logs / "accounts.parquet")
    result = looked(logs, tmp_path, settings)
    assert result is not None
    assert result.coverage.rows_quarantined == 5
    whole = scan(replace(source, as_of=result.as_of), settings, tmp_path / "whole", str)
    assert told_of(result) == told_of(whole)
    shutil.copy(later[0], tmp_path / "logs")
    again = looked(logs, tmp_path, settings)
    assert again is not None
    whole = scan(replace(source, as_of=again.as_of), settings, tmp_path / "whole", str)
    assert told_of(again) == told_of(whole)


def test_a_report_that_does_not_exist_yet_can_stand_as_known_to_itself(logs: Path, tmp_path: Path) -> None:
    """As in a unit file: the first look knows nothing, later ones keep the ids that the one before gave."""
    (tmp_path / "logs").mkdir()
    files, out = sorted((logs / "logs").iterdir()), tmp_path / "out"
    source = Source((tmp_path / "logs",), logs / "accounts.parquet", known=(tmp_path / "logs/../out",))
    for file in files[:-1]:
        shutil.copy(file, tmp_path / "logs")
    first = watch(source, tmp_path / "state", SETTINGS, out, str)
    shutil.copy(files[-1], tmp_path / "logs")
    second = watch(source, tmp_path / "state", SETTINGS, out, str)
    assert first is not None
    assert second is not None
    ids = {campaign.campaign_id for campaign in first.campaigns}
    assert ids
    assert second.continued is not None
    assert set(second.continued.known) == ids
    assert ids <= {campaign.campaign_id for campaign in second.campaigns}


def test_another_report_that_does_not_exist_is_an_error(logs: Path, tmp_path: Path) -> None:
    source = Source((logs / "logs",), known=(tmp_path / "out", tmp_path / "last-week"))
    with pytest.raises(InputError, match="last-week"):
        watch(source, tmp_path / "state", SETTINGS, tmp_path / "out", str)


def told_of(result: Scan) -> tuple[list[str], int, int, set[Quarantined], tuple[str, ...]]:
    found = result.coverage
    return sorted(found.files), found.rows_read, found.rows_quarantined, set(found.quarantined), found.notes


def test_a_part_without_an_exchange_expires_by_the_time_it_was_taken_in(tmp_path: Path) -> None:
    with state.opened(tmp_path, "x") as held:
        part = held.add(state.Stamp("gone", 1, 1), iter(()), dict)
        assert _in_time(held, frozenset(), part.taken_second) == (part,)
        assert _in_time(held, frozenset(), part.taken_second + 1) == ()
        assert held.parts() == ()


def test_a_state_and_a_report_among_the_logs_are_never_read_as_logs(logs: Path, tmp_path: Path) -> None:
    """As by `cd logs; stillwatch watch .`, look after look, and `scan .` after it."""
    first, second = sorted((logs / "logs").iterdir())[:2]
    source, state_folder, out = Source((tmp_path,), logs / "accounts.parquet"), tmp_path / "state", tmp_path / "out"
    shutil.copy(first, tmp_path / "first.parquet")
    assert watch(source, state_folder, SETTINGS, out, str) is not None
    assert watch(source, state_folder, SETTINGS, out, str) is None
    shutil.copy(second, tmp_path / "second.parquet")
    result = watch(source, state_folder, SETTINGS, out, str)
    assert result is not None
    rows = sum(pq.ParquetFile(file).metadata.num_rows for file in (first, second))
    whole = scan(replace(source, as_of=result.as_of), SETTINGS, out, str)
    assert (result.coverage.rows_read, whole.coverage.rows_read) == (rows, rows)
    assert result.coverage == whole.coverage
    assert any(note.startswith(f"{out}: left out") for note in result.coverage.notes)


def test_one_run_at_a_time_holds_the_state(tmp_path: Path) -> None:
    with state.opened(tmp_path, "x"), pytest.raises(InputError, match="another run holds"), state.opened(tmp_path, "x"):
        pass


def test_sketches_of_another_version_are_refused(tmp_path: Path) -> None:
    with state.opened(tmp_path, "x"):
        pass
    with pytest.raises(InputError, match="another version"), state.opened(tmp_path, "y"):
        pass


def test_a_killed_run_loses_nothing_and_counts_nothing_twice(logs: Path, tmp_path: Path) -> None:
    """The process dies while a part is being written; the next run reads that file again, and the others not."""
    shutil.copytree(logs / "logs", tmp_path / "logs")
    command = [sys.executable, "-m", "stillwatch", "watch", tmp_path / "logs", "--state", tmp_path / "state"]
    running = subprocess.Popen([*command, "--out", tmp_path / "out"], stdout=subprocess.DEVNULL)
    while running.poll() is None and not any((tmp_path / "state/unfinished").glob("*/sketched.parquet")):
        pass
    running.send_signal(signal.SIGKILL)
    running.wait()
    result = looked(logs, tmp_path)
    assert result is not None
    rows = sum(pq.ParquetFile(file).metadata.num_rows for file in (logs / "logs").iterdir())
    assert (result.coverage.rows_read, result.coverage.rows_duplicated) == (rows, 0)
    assert not list((tmp_path / "state/unfinished").iterdir())


def test_a_part_comes_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> list[pa.RecordBatch]:
        raise KeyboardInterrupt

    with state.opened(tmp_path, "x") as held:
        stamp = state.Stamp("log", 1, 1)
        with pytest.raises(KeyboardInterrupt):
            held.add(stamp, (batch for batch in broken()), dict)
        assert held.parts() == ()


def test_a_full_disk_is_said_and_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    def full(_: int) -> pa.RecordBatch:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with state.opened(tmp_path, "x") as held:
        with pytest.raises(UsageError, match=r"No space left on device.*--state"):
            held.add(state.Stamp("log", 1, 1), map(full, range(1)), dict)
        assert held.parts() == ()


def test_a_file_whose_name_is_no_text_is_taken_in(tmp_path: Path) -> None:
    """A name is bytes to the disk."""
    stamp = state.Stamp("logs/\udcff\udcfe.jsonl", 1, 1)
    with state.opened(tmp_path, "x") as held:
        held.add(stamp, iter(()), dict)
    with state.opened(tmp_path, "x") as held:
        assert [part.stamp for part in held.parts()] == [stamp]
