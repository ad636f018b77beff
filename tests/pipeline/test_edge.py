"""Content-free: keyed sketches are read like a log, link as far as they should, and hold no text."""

import contextlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import zstandard

from stillwatch import pipeline
from stillwatch.errors import InputError
from stillwatch.pipeline import Source, explaining, watching
from stillwatch.pipeline.edge import open_ring, sketch_log
from stillwatch.read import Tally, is_keyed, keyed_batches
from stillwatch.settings import Settings

CANARY = "canary-6f1d quetzal"
START = datetime(2026, 1, 6, tzinfo=UTC)  # 20,459 days since 1970: an epoch of 7 days begins on 2026-01-08
GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}
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


def test_keys_are_overwritten_wherever_a_ring_left_them(tmp_path: Path) -> None:
    """In the ring that is replaced, and in one that a killed run did not finish: other names of the files show it."""
    ring = open_ring(tmp_path / "ring.json", 7, 2)
    ring.key(3)
    (tmp_path / "ring.json.new").write_bytes((tmp_path / "ring.json").read_bytes())
    for name in ("ring.json", "ring.json.new"):
        (tmp_path / f"{name}.linked").hardlink_to(tmp_path / name)
    assert ring.expire(30 * 86_400) == 1
    left = {path.name: path.read_bytes().strip(b"\0") for path in tmp_path.iterdir()}
    assert (left["ring.json.linked"], left["ring.json.new.linked"]) == (b"", b"")
    assert json.loads(left["ring.json"])["keys"] == {}
    assert "ring.json.new" not in left


def test_runs_at_once_make_one_key_for_a_new_epoch(tmp_path: Path) -> None:
    """Eight runs that opened the ring before any of them made a key, each asking for the same new epochs."""
    rings = [open_ring(tmp_path / "ring.json", 7, 2) for _ in range(8)]
    with ThreadPoolExecutor(len(rings)) as runs:
        made = list(runs.map(lambda ring: [ring.key(epoch) for epoch in range(12)], rings))
    assert made == [made[0]] * len(rings)
    assert len(set(made[0])) == 12
    assert made[0] == [open_ring(tmp_path / "ring.json", 7, 2).key(epoch) for epoch in range(12)]


def test_a_key_that_another_run_destroyed_does_not_come_back(tmp_path: Path) -> None:
    early, late = (open_ring(tmp_path / "ring.json", 7, 2) for _ in range(2))
    early.key(3)
    assert late.expire(30 * 86_400) == 1
    assert early.key(4) is not None
    assert early.key(3) is None
    assert list(json.loads((tmp_path / "ring.json").read_text())["keys"]) == ["4"]


def test_runs_that_start_a_ring_at_once_must_agree_on_its_lengths(tmp_path: Path) -> None:
    weekly, monthly = open_ring(tmp_path / "ring.json", 7, 2), open_ring(tmp_path / "ring.json", 30, 2)
    weekly.key(1)
    with pytest.raises(InputError, match="has epochs of 7 days"):
        monthly.key(1)


def test_keyed_sketches_cannot_be_sketched_again(tmp_path: Path) -> None:
    out = sketched(tmp_path, (0,))
    assert is_keyed(out)
    with pytest.raises(InputError, match="keyed sketches"):
        sketch_log(Source((out,)), open_ring(tmp_path / "ring.json", 7, 2), tmp_path / "x.parquet", Settings())


@pytest.mark.parametrize(
    ("column", "value"),
    [("bridge", ["no hash"]), ("bridge", ["1=2=3"]), ("bridge", [f"{2**63}=1"]), ("parameters", "no hash")],
)
def test_what_is_no_hash_in_keyed_sketches_is_damage(tmp_path: Path, column: str, value: object) -> None:
    """Whoever changed the file, the answer is a sentence that names it."""
    out = sketched(tmp_path, (0, 1))
    table = pq.read_table(out)
    changed = pa.array([value] * len(table), table[column].type)
    pq.write_table(table.set_column(table.column_names.index(column), table.field(column), changed), out)
    with pytest.raises(InputError, match=r"out\.parquet: keyed sketches are damaged"):
        list(keyed_batches([out], Tally()))


def test_no_planted_text_is_found_in_any_file_of_a_content_free_run(tmp_path: Path) -> None:
    """Sketch, scan, watch, explain, and search every byte that was written, columns of Parquet unpacked."""
    logs, kept = tmp_path / "logs", tmp_path / "kept"
    logs.mkdir()
    kept.mkdir()
    log = log_of(logs, tuple(n / 50 for n in range(120)))
    sketch_log(Source((log,)), open_ring(kept / "ring.json", 7, 2), kept / "out.parquet", Settings())
    pipeline.scan(Source((kept / "out.parquet",)), Settings(), kept / "report", lambda _: None)
    watching.watch(Source((kept / "out.parquet",)), kept / "state", Settings(), kept / "watched", lambda _: None)
    assert "canary" not in str(explaining.explain("a1", kept / "report"))
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert not any(map(holds_canary, files))


def test_a_sketch_that_is_killed_leaves_no_text_behind(tmp_path: Path) -> None:
    """Killed while it writes: the unfinished file and the folder for temporary ones are searched."""
    logs, kept = tmp_path / "logs", tmp_path / "kept"
    logs.mkdir()
    kept.mkdir()
    log, out = log_of(logs, tuple(n / 20_000 for n in range(60_000))), kept / "out.parquet"
    command = [
        sys.executable,
        "-m",
        "stillwatch",
        "sketch",
        str(log),
        "--keys",
        str(kept / "ring.json"),
        "--out",
        str(out),
    ]
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(kept)}, stdout=subprocess.DEVNULL)
    unfinished = out.with_name("out.parquet.part")
    while not (unfinished.exists() and unfinished.stat().st_size > 4):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert unfinished.exists()
    assert not any(holds_canary(path) for path in kept.rglob("*") if path.is_file())


def test_a_log_that_breaks_off_is_told_without_its_text(tmp_path: Path) -> None:
    """Whatever is wrong with rows that hold the text, no command says it, but for the rows that `inspect` shows."""
    log = tmp_path / "log.jsonl"
    bad = [{"prompt_text": CANARY}, {**GOOD, "turn": CANARY}, {**GOOD, "ts": CANARY}, {"request": [CANARY]}]
    log.write_text("".join(json.dumps(row) + "\n" for row in bad) + f'{{"{CANARY}', encoding="utf-8")
    commands = (["inspect"], ["scan", "--out", str(tmp_path / "out")])
    for command in (*commands, ["sketch", "--keys", str(tmp_path / "r"), "--out", str(tmp_path / "k")]):
        asked = [sys.executable, "-m", "stillwatch", command[0], str(log), *command[1:]]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert told.returncode == 3
        assert "no exchange could be" in told.stderr
        assert "canary" not in told.stdout + told.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path != log and holds_canary(path)] == []


def holds_canary(path: Path) -> bool:
    """Search the bytes of a file, what zstd packed in it, and the columns of whole Parquet."""
    content = path.read_bytes()
    if b"canary" in content or b"quetzal" in content:
        return True
    for at in [found.start() for found in re.finditer(re.escape(zstandard.FRAME_HEADER), content)]:
        unpacked = zstandard.ZstdDecompressor().decompressobj()
        with contextlib.suppress(zstandard.ZstdError):
            if b"quetzal" in unpacked.decompress(content[at:]):
                return True
    if path.suffix != ".parquet":
        return False
    columns = [column for column in pq.read_table(path).columns if not pa.types.is_nested(column.type)]
    return any(pc.any(pc.match_substring(column.cast(pa.string()), "quetzal")).as_py() for column in columns)
