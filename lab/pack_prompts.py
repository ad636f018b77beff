"""Packs the prompt sets a distribution may carry into one file: `python lab/pack_prompts.py SHARED_DATA`.

In: the shared data folder (its README says which licence each set has). Out:
`src/stillwatch/simulate/pack/prompts.parquet` with columns source, role, target, split, text, and a table of sizes.
Rows of one source keep their order, so that `gsm8k_answers` stays aligned with `gsm8k`.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pack_tables import tables

OUT = Path(__file__).parents[1] / "src/stillwatch/simulate/pack/prompts.parquet"
TEXT_CHARACTERS = 2_400
ANSWER_CHARACTERS = 900
TEMPLATE_CHARACTERS = 1_600
TEMPLATE_INSTANCES = 12

_SHORT: Any = ["source", "role", "target", "split"]  # the stubs know only True and False here

Row = tuple[str, str, str, str, str]  # source, role, target, split, text

# file, source in the pack, role, target, rows kept at most
SETS = (
    ("harvest_gsm8k_train", "gsm8k", "task", "reasoning", 7_473),
    ("harvest_seed_tasks", "seed_tasks", "task", "instruction_following", 602),
    ("judge_prometheus", "judge", "task", "grading", 1_500),
    ("benign_arena_hard", "arena", "chat", "other", 1_250),
    ("benign_bot_clinc150", "clinc", "utterance", "other", 12_000),
    ("benign_belle_eval_zh", "belle_zh", "chat", "other", 1_000),
    ("benign_agent_taubench", "taubench", "turn", "agentic_tool_use", 2_562),
    ("benign_dev_nl2bash", "nl2bash", "task", "coding", 9_000),
    ("benign_personas_en", "personas", "chat", "instruction_following", 848),
    ("benign_personas_zh", "personas_zh", "chat", "instruction_following", 124),
    ("task_text_wiki_sents", "sentences", "sentence", "other", 14_750),
    ("paraphrase_scpn", "paraphrases", "sentence", "other", 1_383),
)


def half(key: str) -> str:
    """A or B, by a stable hash: thresholds are fitted on one half and honesty is measured on the other."""
    return "AB"[hashlib.blake2b(key.encode(), digest_size=1).digest()[0] & 1]


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """All rows of one set."""
    return list(pq.read_table(folder / f"{name}.parquet").to_pylist())


def plain(folder: Path) -> Iterator[Row]:
    """Sets that are taken as they are; repeated texts once."""
    for name, source, role, target, most in SETS:
        seen: dict[str, None] = {}
        for row in rows_of(folder, name):
            seen.setdefault(row["text"][:TEXT_CHARACTERS].strip())
        kept = sorted(seen, key=lambda text: hashlib.blake2b(text.encode(), digest_size=8).digest())[:most]
        yield from ((source, role, target, half(text), text) for text in kept if text)


def answered(folder: Path) -> Iterator[Row]:
    """Questions with an answer that a grader can be shown, row by row."""
    questions = rows_of(folder, "harvest_gsm8k_train")
    seen: set[str] = set()
    pairs = [row for row in questions if not (row["text"] in seen or seen.add(row["text"]))]  # type: ignore[func-returns-value]
    for source, column, most in (("graded", "text", TEXT_CHARACTERS), ("graded_answers", "reply", ANSWER_CHARACTERS)):
        yield from ((source, "task", "grading", half(row["text"]), row[column][:most]) for row in pairs[:3_000])


def teacher(folder: Path) -> Iterator[Row]:
    """Instructions of GPTeacher: code apart from role play; tool use split by the scaffold's tool."""
    for row in rows_of(folder, "harvest_gpteacher"):
        code = row["source"].endswith("codegen")
        source, target = ("code", "coding") if code else ("roleplay", "instruction_following")
        yield source, "task", target, half(row["text"]), row["text"][:TEXT_CHARACTERS]
    for row in rows_of(folder, "harvest_gpteacher_toolformer"):
        yield "toolformer", "task", "agentic_tool_use", half(row["text"]), row["text"][:TEXT_CHARACTERS]


def templates(folder: Path) -> Iterator[Row]:
    """Twelve instances of each T0 template; the template, not the text, decides the half. Texts are kept whole."""
    counts: dict[str, int] = {}
    seen: set[str] = set()
    for row in rows_of(folder, "harvest_t0_templates"):
        label, text = row["label"], row["text"]
        if len(text) <= TEMPLATE_CHARACTERS and text not in seen and counts.get(label, 0) < TEMPLATE_INSTANCES:
            seen.add(text)
            counts[label] = counts.get(label, 0) + 1
            yield "t0", "task", "knowledge", half(label), text


def analyses(folder: Path) -> Iterator[Row]:
    """Questions about tables; the question, not the numbers, decides the half."""
    seen: set[str] = set()
    for question, text in tables(folder):
        if text not in seen:
            seen.add(text)
            yield "tables", "task", "data_analysis", half(question), text[:TEXT_CHARACTERS]


def main() -> None:
    """Write the pack and print what is in it."""
    folder = Path(sys.argv[1])
    rows = [*plain(folder), *answered(folder), *teacher(folder), *templates(folder), *analyses(folder)]
    columns = list(zip(*rows, strict=True))
    names = ("source", "role", "target", "split", "text")
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, OUT, compression="zstd", compression_level=19, use_dictionary=_SHORT)
    for source in sorted(set(columns[0])):
        count = columns[0].count(source)
        print(f"{source:16} {count:7,}  A {sum(r[3] == 'A' for r in rows if r[0] == source) / count:.2f}")
    print(f"{OUT.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
