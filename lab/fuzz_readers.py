"""Every reader fuzzed, coverage-guided: executions, crashes and hangs; the corpus is kept in lab/corpus.

Usage: uv run --with atheris lab/fuzz_readers.py [OUT.md] [SECONDS] [TARGET ...]. Each target runs for so long, and its
executions are added to those of earlier runs; without the record, lab/results/fuzz.json, the table begins anew. A hang
is an input of more than a second of CPU time.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LAB = Path(__file__).parent
CORPUS = LAB / "corpus"
RECORD = LAB / "results" / "fuzz.json"
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
HANG_SECONDS = 1.0
KEPT_BYTES = 60_000  # of corpus a target
NOTED_EVERY = 100  # executions


def kept(name: str) -> list[bytes]:
    """The corpus of a target."""
    path = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in path.read_text(encoding="ascii").split()] if path.exists() else []


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Run one target in this process; the result so far stands in a file."""
    import atheris  # noqa: PLC0415 - must come before what it instruments

    with atheris.instrument_imports(include=["stillwatch.read", "stillwatch.ids"]):
        from fuzzing import targets  # noqa: PLC0415 - same

        from stillwatch.read import rows  # noqa: PLC0415 - same
    rows._PARSERS = 1  # noqa: SLF001 - threads cost more than a small file, and hide what ran
    chosen = targets()[name]
    target = chosen.reader
    crashes: dict[str, str] = {}
    counted: dict[str, Any] = {"executions": 0, "hangs": 0, "slowest": 0.0, "slowest_input": ""}
    for content in (*chosen.seeds(), *kept(name)):
        target(content)  # first calls import and compile what is not the reader's
    begun = time.perf_counter()

    def once(content: bytes) -> None:
        before = time.process_time()
        try:
            target(content)
        except Exception as fault:  # noqa: BLE001 - this is what is looked for
            crashes.setdefault(_place(fault), base64.b64encode(content).decode())
        spent = time.process_time() - before
        counted["executions"] += 1
        if spent > counted["slowest"]:
            counted.update(slowest=spent, slowest_input=base64.b64encode(content).decode())
        counted["hangs"] += spent > HANG_SECONDS
        if counted["executions"] % NOTED_EVERY == 0:
            result = {**counted, "crashes": crashes, "seconds": time.perf_counter() - begun}
            (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")

    options = [
        f"-max_total_time={seconds}",
        "-max_len=2000",
        "-timeout=60",
        "-rss_limit_mb=4000",
        "-reload=0",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], once)
    atheris.Fuzz()


def _place(fault: BaseException) -> str:
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(fault).__name__} at {where}"


def run(name: str, seconds: int) -> dict[str, Any]:
    """Fuzz a target in a process of its own, and keep what it found worth keeping."""
    from fuzzing import targets  # noqa: PLC0415 - not instrumented here

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        folder = Path(scratch)
        (folder / "corpus").mkdir()
        for at, content in enumerate([*targets()[name].seeds(), *kept(name)]):
            (folder / "corpus" / f"seed{at}").write_bytes(content)
        command = [sys.executable, __file__, "--one", name, str(seconds), scratch]
        done = subprocess.run(command, check=False, env=os.environ | {"TMPDIR": scratch})
        found = [
            path.read_bytes() for path in sorted((folder / "corpus").iterdir(), key=lambda path: path.stat().st_size)
        ]
        keep(name, found)
        result = folder / "result.json"
        if not result.exists():
            return {
                "executions": 0,
                "hangs": 0,
                "slowest": 0.0,
                "crashes": {f"exit {done.returncode}": ""},
                "seconds": 0,
            }
        return dict(json.loads(result.read_text(encoding="utf-8")))


def summed(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Mapping[str, Any]:
    """A target's result with what it did in earlier runs."""
    if before is None:
        return now
    added = {name: before[name] + now[name] for name in ("executions", "hangs", "seconds")}
    slowest = max(before, now, key=lambda one: one["slowest"])
    return {
        **added,
        "slowest": slowest["slowest"],
        "slowest_input": slowest.get("slowest_input", ""),
        "crashes": {**before["crashes"], **now["crashes"]},
    }


def keep(name: str, found: list[bytes]) -> None:
    """Write the smallest inputs that reached something new."""
    CORPUS.mkdir(exist_ok=True)
    lines, size = [], 0
    for content in found:
        line = base64.b64encode(content).decode()
        if line and size + len(line) <= KEPT_BYTES:
            lines.append(line)
            size += len(line)
    (CORPUS / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="ascii")


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| reader | executions | crashes | hangs over 1 s | slowest, ms of CPU | executions/s |",
        "|---|" + "---|" * 5,
    ]
    for name, one in results.items():
        speed, slowest = one["executions"] / max(one["seconds"], 1e-9), one["slowest"] * 1e3
        crashes = ", ".join(one["crashes"]) or "0"
        lines.append(f"| {name} | {one['executions']:,} | {crashes} | {one['hangs']} | {slowest:.0f} | {speed:,.0f} |")
    total = sum(one["executions"] for one in results.values())
    crashed, hangs = sum(len(one["crashes"]) for one in results.values()), sum(one["hangs"] for one in results.values())
    return "\n".join([*lines, f"| all | {total:,} | {crashed} | {hangs} | | |"]) + "\n"


def main(out: Path, seconds: int, names: list[str]) -> None:
    from fuzzing import targets  # noqa: PLC0415 - not instrumented here

    results = dict(json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.exists() else {}
    for name in names or targets():
        results[name] = summed(results.get(name), run(name, seconds))
        RECORD.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        told = "`uv run --with atheris lab/fuzz_readers.py`: atheris (libFuzzer), guided by coverage of the readers."
        told += (
            "\n\nSmall parsers (`spread`, `identities`, `values`, `streamed`) run fast and often; `files`, `otlp`, "
            "`joined_files`, `parquet` and `keyed` read a whole file each time. Found by these and mended: a block of "
            "lines without times, keyed sketches with hashes that are none, and half a character in a list inside a "
            "list ended the run."
        )
        out.write_text(f"# Readers under fuzz\n\n{told}\n\n{table(results)}", encoding="utf-8")
        print(name, results[name], flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        given = [*sys.argv[1:], *("lab/results/fuzz.md", "60")[len(sys.argv) - 1 :]]
        main(Path(given[0]), int(given[1]), given[2:])
