"""Run the baselines on a log: `python lab/baselines/run.py --log L --reference R --out O [--only prada,mmd_window]`.

In: two folders as `stillwatch simulate` writes them; their labels are not read. Out: one folder a detector with
`members.parquet` (campaign_id, account_id), and a line each on standard output.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script's own folder is on the path, its parent is not

from baselines.detectors import DETECTORS
from baselines.log import Group, read_log

MEMBERS = pa.schema([("campaign_id", pa.string()), ("account_id", pa.string())])


def write_members(found: Sequence[Group], folder: Path) -> None:
    """Write one row an accused account; groups are numbered in their order."""
    rows = [(f"group-{number:05}", account) for number, group in enumerate(found) for account in group]
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in (0, 1)]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=MEMBERS), folder / "members.parquet")


def run(log_folder: Path, reference_folder: Path, out: Path, names: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """Run the named detectors and write what they found; gives name, accounts accused and seconds of each.

    What detectors share (texts as vectors, shared objects) is computed once, and counts to the first that needs it.
    """
    log, reference = read_log(log_folder), read_log(reference_folder)
    for name in names:
        began = time.perf_counter()
        found = DETECTORS[name](log, reference)
        write_members(found, out / name)
        yield name, sum(len(group) for group in found), time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run the baselines on a log.")
    for name in ("log", "reference", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", default=",".join(DETECTORS), metavar="NAMES", help=f"some of: {', '.join(DETECTORS)}")
    asked = parser.parse_args(arguments)
    names = [name for name in asked.only.split(",") if name]
    unknown = sorted(set(names) - set(DETECTORS))
    if unknown:
        parser.error(f"no baseline is named {', '.join(unknown)}; known: {', '.join(DETECTORS)}")
    for name, accused, seconds in run(asked.log, asked.reference, asked.out, names):
        print(f"{name:28} {accused:6} accounts {seconds:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
