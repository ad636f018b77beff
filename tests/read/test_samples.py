"""Each format's sample is read whole: what the format can carry comes out as it went in.

The samples hold the two exchanges of lab/format_samples.py, as each format would log them. OTLP's were encoded by the
real SDK; the others are written after the vendors' documentation.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import format_samples
import pytest

from stillwatch.pipeline import Source, inspecting
from stillwatch.read import Tally
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS
from stillwatch.together.likeness import ALL

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
SAMPLES = Path(__file__).parent / "samples"
ALWAYS = ("account_id", "key_id", "model", "input_tokens", "output_tokens", "status", "ip", "user_agent", "org_id")
WORDS = ("prompt_text", "turn", "system_text", "reply_text")
LACKS: dict[str, tuple[str, ...]] = {
    "azure_apim": ("key_id", "org_id"),
    "openai_batch": ("ip", "user_agent"),
    "vertex": ("ip", "user_agent"),
    "kong": ("org_id",),
    "envoy_ai_gateway": WORDS,
}
NAMES = {
    "litellm_spend_logs": "LiteLLM", "otlp_standard": "semantic conventions", "otlp_openllmetry": "OpenLLMetry",
    "otlp_openinference": "OpenInference", "openai_batch": "OpenAI Batch", "pairs_anthropic_messages": "pairs",
    "pairs_openai_chat": "pairs", "pairs_openai_chat_stream": "pairs", "pairs_openai_responses": "pairs",
}  # fmt: skip
FORMAT_NAMES = {"litellm_spend_logs": "litellm"}


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_a_sample_is_read_whole(read: Read, path: Path) -> None:
    if path.suffix != ".jsonl":
        pytest.importorskip("opentelemetry.proto", reason="protobuf needs the extra otlp")
    rows, tally = read(path)
    assert (len(rows), tally.rows_quarantined) == (2, 0), tally.quarantined
    for row, wanted in zip(sorted(rows, key=lambda r: r["ts"]), format_samples.ROWS, strict=True):
        names = [name for name in (*ALWAYS, *WORDS) if name not in LACKS.get(path.stem, ())]
        assert {name: row[name] for name in names} == {name: wanted[name] for name in names}
        drift = abs((row["ts"] - wanted["ts"]).total_seconds())
        assert drift < (1 if path.stem == "openai_batch" else 0.001)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.jsonl")), ids=lambda path: path.name)
def test_a_sample_is_told_for_what_it_is(read: Read, path: Path) -> None:
    _, tally = read(path)
    name = path.stem.split("_")[0] if path.stem.startswith(("pairs", "otlp")) else path.stem
    assert list(tally.formats) == [FORMAT_NAMES.get(name, name)]


def test_tools_and_parameters_are_read_where_requests_are_logged(read: Read) -> None:
    for name in (
        "pairs_openai_chat",
        "pairs_openai_responses",
        "pairs_anthropic_messages",
        "bedrock",
        "vertex",
        "kong",
    ):
        first = min(read(SAMPLES / f"{name}.jsonl")[0], key=lambda row: row["ts"])
        assert (first["tools"], first["params"]) == (["add", "search"], '{"max_tokens":256,"temperature":0.5}'), name


def test_the_table_of_the_docs_says_which_tests_each_format_turns_on() -> None:
    """Every sample is named by one row: by its name, or by its family where all of it is alike."""
    page = (SAMPLES.parents[2] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    table = page.partition("### What each format turns on")[2].partition("\n\n[")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")][
        1:
    ]
    assert rows[0] == ["canonical, all columns", str(len(ALL)), "none"]
    for path in sorted(SAMPLES.glob("*.jsonl")):
        missing = inspecting.inspect_log(Source((path,)), Settings()).missing
        off = sorted(test for one in missing if one.column not in ACCOUNTS.names for test in one.tests)
        told = [row[1:] for row in rows if NAMES.get(path.stem, path.stem.split("_")[0].title()) in row[0]]
        assert told == [[str(len(ALL) - len(off)), ", ".join(off)]], path.stem
