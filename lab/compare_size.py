"""What a user would pick instead, on the same rows in the same run: seconds of each for its part of the job.

Usage: compare_size.py [SCALE] [--encoder PYTHON MODEL_FOLDER]: scenario demo times SCALE (0.1), another as reference.
Near-duplicate prompts: MinHash and LSH by datasketch, 64 permutations of 5-word shingles, against sketching and
counting scaffolds. Accounts that are one customer: Splink on the account table, against all of "together?" on
profiles and traits. Accounts that ask for something else: MMD windows (`baselines.mmd_window`), against sketching
and the harvest counts of every account; once on hashed words, and once, where an encoder is given (`encode_cost.py`),
on its vectors, of which 2,000 prompts are timed and the rest scaled up. Processor seconds; one thread each where that
can be told. Writes lab/results/compare_size.md.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from baselines import linkage, mmd_window
from baselines.log import Log, read_log
from datasketch import MinHash, MinHashLSH

from stillwatch import pipeline, taking, together, traits
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.behaviour import behaviour, scaffolds_in
from stillwatch.pipeline.counting import Afresh
from stillwatch.pipeline.intake import Intake, take_in
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import MEMBERS

OUT = Path(__file__).parent / "results/compare_size.md"
PERMUTATIONS, SHINGLE_WORDS, ALIKE = 64, 5, 0.7
SEEDS = (21, 22)
ENCODED = 2_000  # prompts that the encoder is timed on


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of a piece of work, all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def minhash_lsh(log: Log) -> int:
    """Link every prompt with those before it that are probably alike; give the number of linked prompts."""
    index, linked = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS), 0
    for row, text in enumerate(log.exchanges["prompt_text"].to_pylist()):
        words = (text or "").lower().split()
        shingles = {" ".join(words[k : k + SHINGLE_WORDS]) for k in range(max(len(words) - SHINGLE_WORDS + 1, 1))}
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in shingles])
        linked += bool(index.query(sketch))
        index.insert(row, sketch)
    return linked


def encoding(encoder: Sequence[str], log: Log) -> float:
    """Processor seconds that an encoder would take for all prompts, by those for some of them."""
    texts = [text or "" for text in log.exchanges["prompt_text"].to_pylist()]
    some = texts[:: max(len(texts) // ENCODED, 1)][:ENCODED]
    python, model = encoder
    command = [python, str(Path(__file__).with_name("encode_cost.py")), model]
    told = subprocess.run(command, input=json.dumps(some), check=True, capture_output=True, text=True).stdout
    return float(told.split()[-1]) * len(texts) / len(some)


def compared(scale: float, place: Path, encoder: Sequence[str] | None) -> Iterator[tuple[str, str, float, float, str]]:
    """Run each rival and our part of the same job: (job, rival, its seconds, ours, size)."""
    for seed in SEEDS:
        pipeline.simulate("demo", place / str(seed), seed=seed, scale=scale)
    folder = place / str(SEEDS[0])
    log, reference = read_log(folder), read_log(place / str(SEEDS[1]))
    settings = Settings(threads=1)
    exchanges, accounts = f"{len(log.account):,} prompts", f"{len(log.ids):,} accounts"
    with DuckDBEngine(settings) as engine:
        source = pipeline.Source((folder / "exchanges",), folder / "accounts.parquet")
        warm = pipeline.Source((place / str(SEEDS[1]) / "exchanges",))
        behaviour(engine, take_in(engine, warm, settings, "_warm"), settings, "_warm")  # compiled loops
        taken: list[Intake] = []
        sketching = spent(lambda: taken.append(take_in(engine, source, settings)))
        intake = taken[0]
        counting = spent(lambda: _scaffolds(engine, intake, settings.minimum_accounts))
        profiled = behaviour(engine, intake, settings)
        judging = spent(lambda: together.find(profiled.accounts, together.load(), settings))
        nobody = engine.adopt(arrow_schema(MEMBERS).empty_table(), "nobody")
        tasks = taking.task_counts(intake.sketched, nobody)
        harvesting = spent(lambda: engine.run(taking.unit_parts(engine.keep(tasks, "compared_tasks"))))
    yield "prompts alike", "datasketch MinHash LSH", spent(lambda: minhash_lsh(log)), sketching + counting, exchanges
    yield "accounts of one customer", "Splink", spent(lambda: linkage.find(log, reference)), judging, accounts
    windows = spent(lambda: mmd_window.find(log, reference))
    judged = sketching + harvesting  # what the windows read themselves, the sketches have read for us
    yield "accounts that harvest", "MMD windows, hashed words", windows, judged, exchanges
    if encoder:
        encoded = encoding(encoder, log)
        name = f"MMD windows, vectors of {Path(encoder[1]).name} (encoding alone)"
        yield "accounts that harvest", name, encoded, judged, exchanges


def _scaffolds(engine: DuckDBEngine, intake: Intake, accounts: int) -> None:
    hows = [scaffolds_in(column, accounts) for column in traits.SCAFFOLD_COLUMNS]
    Afresh(engine, intake.sketched, "_compared").told("scaffolds", hows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scale", type=float, nargs="?", default=0.1)
    parser.add_argument("--encoder", nargs=2, metavar=("PYTHON", "MODEL_FOLDER"), default=None)
    asked = parser.parse_args()
    lines = ["| job | instead | its cpu, s | ours, cpu s | factor | on |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="compare-") as place:
        for job, rival, theirs, ours, size in compared(asked.scale, Path(place), asked.encoder):
            lines.append(f"| {job} | {rival} | {theirs:.1f} | {ours:.2f} | {theirs / ours:.1f} | {size} |")
            print(lines[-1], flush=True)
    more = " --encoder PYTHON MODEL_FOLDER" if asked.encoder else ""
    head = f"# What a user would pick instead\n\n`python lab/compare_size.py {asked.scale:g}{more}`\n\n"
    said = (__doc__ or "").split("\n\n", 1)[1].split("\n", 1)[1].replace("Writes lab/results/compare_size.md.", "")
    OUT.write_text(f"{head}{said}\n" + "\n".join(lines) + f"\n\nMachine: {os.cpu_count()} cores, shared.\n", "utf-8")


if __name__ == "__main__":
    main()
