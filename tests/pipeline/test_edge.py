"""Content-free: keyed sketches are read like a log, link as far as they should, and hold no text."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch import pipeline
from stillwatch.errors import InputError
from stillwatch.pipeline import Source
from stillwatch.pipeline.edge import open_ring, sketch_log
from stillwatch.read import Tally, is_keyed, keyed_batches
from stillwatch.settings import Settings

CANARY = "canary-6f1d quetzal"
START = datetime(2026, 1, 6, tzinfo=UTC)  # 20,459 days since 1970: an epoch of 7 days begins on 2026-01-08
TEXT = "please summarise this long report about the harbour and its many boats in three plain sentences"


def log_of(folder: Path, days: tuple[float, ...], text: str = TEXT) -> Path:
    path = folder / "log.jsonl"
    rows = [
        {
            "exchange_id": f"e{at}",
            "ts": (START + timedelta(days=day)).isoformat(),
            "account_id": f"a{at}",
            "model": "m",
            "prompt_text": f"{text} {CANARY}",
            "system_text": CANARY,
            "reply_text": CANARY,
            "tools": [CANARY],
            "params": json.dumps({"response_format": CANARY}),
            "extra": CANARY,
        }
        for at, day in enumerate(days)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def tasks(*files: Path) -> list[int]:
    table = pa.Table.from_batches(keyed_batches(files, Tally())).sort_by("second")
    return [int(value) for value in table["task_hash"].to_pylist()]


def sketched(folder: Path, days: tuple[float, ...], name: str = "out", overlap_days: int = 2) -> Path:
    out = folder / f"{name}.parquet"
    ring = open_ring(folder / "ring.json", 7, overlap_days)
    sketch_log(Source((log_of(folder, days),)), ring, out, Settings())
    return out


def test_equal_texts_are_equal_inside_an_epoch_and_not_across_epochs_without_an_overlap(tmp_path: Path) -> None:
    one, two, three = tasks(sketched(tmp_path, (0, 1, 6), overlap_days=0))
    assert one == two != three


def test_a_text_seen_in_the_overlap_links_both_epochs(tmp_path: Path) -> None:
    """The third exchange lies in the first two days of the second epoch, where both keys are alive."""
    assert len(set(tasks(sketched(tmp_path, (0, 1, 3, 6))))) == 1


def test_another_ring_gives_other_sketches(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    assert set(tasks(sketched(first, (0,)))).isdisjoint(tasks(sketched(second, (0,))))


def test_a_key_whose_time_is_over_is_destroyed_and_never_made_again(tmp_path: Path) -> None:
    sketched(tmp_path, (0,))
    old = json.loads((tmp_path / "ring.json").read_text())["keys"]
    sketched(tmp_path, (30,), "later")
    left = json.loads((tmp_path / "ring.json").read_text())["keys"]
    assert len(old) == 1
    assert set(old).isdisjoint(left)
    with pytest.raises(InputError, match="no exchange could be sketched"):
        sketched(tmp_path, (0,), "again")
    assert (tmp_path / "ring.json").stat().st_mode & 0o077 == 0


def test_keyed_sketches_cannot_be_sketched_again(tmp_path: Path) -> None:
    out = sketched(tmp_path, (0,))
    assert is_keyed(out)
    with pytest.raises(InputError, match="keyed sketches"):
        sketch_log(Source((out,)), open_ring(tmp_path / "ring.json", 7, 2), tmp_path / "x.parquet", Settings())


def test_no_planted_text_is_found_in_any_file_of_a_content_free_run(tmp_path: Path) -> None:
    """Sketch, scan, and search every byte that was written, columns of Parquet unpacked."""
    logs, kept = tmp_path / "logs", tmp_path / "kept"
    logs.mkdir()
    kept.mkdir()
    log = log_of(logs, tuple(n / 50 for n in range(120)))
    sketch_log(Source((log,)), open_ring(kept / "ring.json", 7, 2), kept / "out.parquet", Settings())
    pipeline.scan(Source((kept / "out.parquet",)), Settings(), kept / "report", lambda _: None)
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        assert b"canary" not in path.read_bytes(), path
        assert b"quetzal" not in path.read_bytes(), path
        if path.suffix == ".parquet":
            for column in pq.read_table(path).columns:
                words = column.cast(pa.string()) if not pa.types.is_nested(column.type) else None
                assert words is None or not pc.any(pc.match_substring(words, "quetzal")).as_py(), path
