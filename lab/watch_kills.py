"""Kills: `stillwatch watch` dies by SIGKILL at random moments while files arrive; nothing may be lost or counted twice.

Usage: watch_kills.py [KILLS] [SEED]. Writes lab/results/watch_kills.md and prints it. A log comes in as 12 files;
every run is killed after a random part of the time that a whole run takes. In the end one run is left alone, and its
report is compared with a scan of the whole log: exchanges, campaigns, ids, bits.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stillwatch.pipeline import simulate

OUT = Path(__file__).parent / "results/watch_kills.md"
FILES, SCALE = 12, 0.2
TOLD = ("campaign_id", "together_bits", "taking_bits", "accounts", "exchanges")


def split(whole: Path, folder: Path) -> list[Path]:
    """Cut a log into files in order of time."""
    folder.mkdir()
    rows = pq.read_table(whole).sort_by("ts")
    cuts = np.linspace(0, len(rows), FILES + 1).astype(int)
    paths = [folder / f"part-{number:02}.parquet" for number in range(FILES)]
    for path, start, end in zip(paths, cuts, cuts[1:], strict=False):
        pq.write_table(rows.slice(start, end - start), path)
    return paths


def command(folder: Path) -> list[str]:
    paths = ["--state", folder / "state", "--accounts", folder / "whole/accounts.parquet", "--out", folder / "watched"]
    return [sys.executable, "-m", "stillwatch", "watch", *map(str, (folder / "logs", *paths))]


def killed(folder: Path, after_seconds: float) -> bool:
    """Start a run and kill it; False if it was done before."""
    running = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        running.wait(after_seconds)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGKILL)
        running.wait()
        return True
    return False


def told(folder: Path) -> tuple[int, int, list[list[object]]]:
    """Rows read, rows counted twice, and what is said of each campaign."""
    coverage = json.loads((folder / "coverage.json").read_text())
    campaigns = json.loads((folder / "campaigns.json").read_text())["campaigns"]
    return coverage["rows_read"], coverage["rows_duplicated"], [[c[name] for name in TOLD] for c in campaigns]


def main() -> None:
    kills, seed = (int(sys.argv[1]) if len(sys.argv) > 1 else 100), (int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    pick, done = np.random.default_rng(seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate("demo", folder / "whole", seed=seed, scale=SCALE)
        waiting = split(folder / "whole/exchanges", folder / "arriving")
        (folder / "logs").mkdir()
        shutil.move(waiting.pop(0), folder / "logs")
        began = time.monotonic()
        subprocess.run(command(folder), check=True, capture_output=True)
        run_seconds = time.monotonic() - began
        while done < kills:
            if waiting and done * FILES >= kills * (FILES - len(waiting)) - kills:
                shutil.move(waiting.pop(0), folder / "logs")
            if killed(folder, pick.uniform(0.1, 1.0) * run_seconds):
                done += 1
                continue
            shutil.rmtree(folder / "state")  # all was taken in: begin again, so that kills hit work
        for path in waiting:
            shutil.move(path, folder / "logs")
        subprocess.run(command(folder), check=True, capture_output=True)
        last = json.loads((folder / "watched/campaigns.json").read_text())["generated_at"]
        scan = [sys.executable, "-m", "stillwatch", "scan", str(folder / "logs"), "--as-of", last.removesuffix("Z")]
        paths = ["--accounts", str(folder / "whole/accounts.parquet"), "--out", str(folder / "scanned")]
        subprocess.run([*scan, *paths], check=True, capture_output=True)
        rows = pq.read_table(folder / "whole/exchanges", columns=["exchange_id"]).num_rows
        watched, scanned = told(folder / "watched"), told(folder / "scanned")
    text = f"""# Killed while watching

`python lab/watch_kills.py {kills} {seed}`

| what | result |
|---|---|
| runs killed by SIGKILL at a random moment | {done} |
| exchanges in the log | {rows:,} |
| lost | {rows - watched[0]:,} |
| counted twice | {watched[1]:,} |
| campaigns, ids and bits equal those of a scan of everything | {"yes" if watched[2] == scanned[2] else "NO"} |

{len(watched[2])} campaigns. Machine: {os.cpu_count()} cores.
"""
    OUT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
