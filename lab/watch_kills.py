"""Kills: `stillwatch watch` dies by SIGKILL at random moments while files arrive; nothing may be lost or counted twice.

Usage: watch_kills.py [KILLS] [SEED]. Writes lab/results/watch_kills.md and prints it. A log comes in as 12 files. Each
time that one comes, a run that is left alone takes in all of them beside, and every run until the next is killed after
a random part of the time that this took. Runs are forked from this process, which has everything imported, so that
kills hit the work and not the start of Python. In the end one run is left alone, and its report is compared with a scan
of the whole log: exchanges, campaigns, ids, bits.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stillwatch import cli
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


def command(folder: Path, state: str = "state") -> list[str]:
    where = ["--state", folder / state, "--out", folder / "watched" / state]
    return ["watch", *map(str, (folder / "logs", "--accounts", folder / "whole/accounts.parquet", *where))]


def started(arguments: list[str]) -> int:
    """Run a command of stillwatch in a process of its own; give its id."""
    child = os.fork()
    if child:
        return child
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.argv = ["stillwatch", *arguments]
    try:
        cli.main()
        os._exit(0)
    except SystemExit as end:
        os._exit(int(end.code or 0))
    except BaseException:  # noqa: BLE001 - a child must never go on as a second parent
        os._exit(70)


def whole(arguments: list[str]) -> float:
    """Run a command to its end; give the seconds that it took."""
    began = time.monotonic()
    _, status = os.waitpid(started(arguments), 0)
    if status:
        raise RuntimeError(f"{arguments[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began


def beside(folder: Path) -> float:
    """Take in all files that are there into a state of its own; give the seconds that it took."""
    shutil.rmtree(folder / "beside", ignore_errors=True)
    return whole(command(folder, "beside"))


def killed(folder: Path, after_seconds: float) -> bool:
    """Start a run and kill it; say whether it was killed before it was done."""
    child, began = started(command(folder)), time.monotonic()
    while time.monotonic() < began + after_seconds:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                raise RuntimeError(f"watch ended with {os.waitstatus_to_exitcode(status)} by itself")
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def told(folder: Path) -> tuple[int, int, list[list[object]]]:
    """Rows read, rows counted twice, and what is said of each campaign."""
    coverage = json.loads((folder / "coverage.json").read_text())
    campaigns = json.loads((folder / "campaigns.json").read_text())["campaigns"]
    return coverage["rows_read"], coverage["rows_duplicated"], [[c[name] for name in TOLD] for c in campaigns]


def main() -> None:
    kills, seed = (int(sys.argv[1]) if len(sys.argv) > 1 else 100), (int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    pick, done, ended = np.random.default_rng(seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate("demo", folder / "whole", seed=seed, scale=SCALE)
        waiting = split(folder / "whole/exchanges", folder / "arriving")
        (folder / "logs").mkdir()
        shutil.move(waiting.pop(0), folder / "logs")
        run_seconds = beside(folder)
        while done < kills:
            if waiting and done * FILES >= kills * (FILES - len(waiting)) - kills:
                shutil.move(waiting.pop(0), folder / "logs")
                run_seconds = beside(folder)
            if killed(folder, pick.uniform(0.1, 1.0) * run_seconds):
                done += 1
                print(done, end=" ", flush=True)
            else:
                ended += 1
                shutil.rmtree(folder / "state")  # all was taken in: begin again, so that kills hit work
        for path in waiting:
            shutil.move(path, folder / "logs")
        whole(command(folder))
        last = json.loads((folder / "watched/state/campaigns.json").read_text())["generated_at"]
        scan = ["scan", str(folder / "logs"), "--as-of", last.removesuffix("Z")]
        paths = ["--accounts", str(folder / "whole/accounts.parquet"), "--out", str(folder / "scanned")]
        whole([*scan, *paths])
        rows = pq.read_table(folder / "whole/exchanges", columns=["exchange_id"]).num_rows
        watched, scanned = told(folder / "watched/state"), told(folder / "scanned")
    text = f"""# Killed while watching

`python lab/watch_kills.py {kills} {seed}`

| what | result |
|---|---|
| runs killed by SIGKILL at a random moment | {done} |
| runs that ended before their kill; the state was then begun anew | {ended} |
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
