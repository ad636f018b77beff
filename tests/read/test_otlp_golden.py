"""Calls of a model as real instrumentation tells of them are read whole, whatever the dialect; see golden/README.md."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.read import Tally
from stillwatch.read.otlp import WordJoiner
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
GOLDEN = Path(__file__).parent / "golden"
DIALECTS = ("standard", "events", "openllmetry", "openinference")
LATER = 'And now 東京, "why"?\nSay it.'
REPLY = "Five, as 2 + 3 = 5."
ASKED = [
    ("acct-1", "Be brief.", "Add 2 and 3.", 0, REPLY, 200),
    ("acct-2", None, LATER, 1, REPLY, 200),
    ("acct-1", None, "Add 2 and 3.", 0, REPLY, 200),
    ("acct-2", None, "fail", 0, None, 429),
]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_call_is_an_exchange_with_its_words(read: Read, dialect: str) -> None:
    """A question, a later turn with tools and parameters, a streamed answer, a refusal, by the model asked for."""
    rows, tally = read(GOLDEN / f"otlp_{dialect}.jsonl")
    rows.sort(key=lambda row: row["ts"])
    names = ("account_id", "system_text", "prompt_text", "turn", "reply_text", "status")
    assert [tuple(row[name] for name in names) for row in rows] == ASKED
    assert {row["model"] for row in rows} == {"atlas-1"}
    assert [(row["input_tokens"], row["output_tokens"]) for row in rows] == [(31, 7)] * 3 + [(None, None)]
    assert {row["ip"] for row in rows} == {"203.0.113.7"}
    assert (tally.rows_quarantined, list(tally.formats)) == (0, ["otlp"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_parameters_and_where_they_are_told_tools_are_read(read: Read, dialect: str) -> None:
    """The conventions' own instrumentation tells of no tools."""
    row = next(row for row in read(GOLDEN / f"otlp_{dialect}.jsonl")[0] if row["prompt_text"] == LATER)
    assert row["params"] == '{"max_tokens":256,"temperature":0.5}'
    assert row["tools"] == (["search"] if dialect.startswith("open") else None)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_words_and_their_call_may_come_in_any_order(read: Read, tmp_path: Path, order: tuple[int, ...]) -> None:
    """Exporters of spans and of records know nothing of each other."""
    lines = (GOLDEN / "otlp_events.jsonl").read_text(encoding="utf-8").splitlines()
    for name, at in enumerate(order):
        (tmp_path / f"{name}.jsonl").write_text(lines[at] + "\n", encoding="utf-8")
    rows, _ = read(tmp_path)
    assert sorted(row["prompt_text"] for row in rows) == sorted(prompt for _, _, prompt, *_ in ASKED)
    assert sum(row["reply_text"] == REPLY for row in rows) == 3


def test_a_call_whose_words_never_come_is_an_exchange_without_and_words_alone_are_none(
    read: Read, tmp_path: Path
) -> None:
    """The same where there is no room to wait."""
    lines = (GOLDEN / "otlp_events.jsonl").read_text(encoding="utf-8").splitlines()
    for name, kind in (("spans", "resourceSpans"), ("records", "resourceLogs")):
        chosen = [line for line in lines if kind in json.loads(line)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(chosen) + "\n", encoding="utf-8")
    alone = sorted(read(tmp_path / "spans.jsonl")[0], key=lambda row: row["ts"])
    assert [(row["account_id"], row["prompt_text"]) for row in alone] == [(account, None) for account, *_ in ASKED]
    assert read(tmp_path / "records.jsonl")[0] == []
    assert len(read(tmp_path, settings=Settings(join_limit_bytes=1))[0]) == 4


def test_records_of_one_call_without_end_are_not_held(read: Read) -> None:
    """Whoever writes one trace and span on everything costs neither memory nor time."""
    lines = (GOLDEN / "otlp_events.jsonl").read_text(encoding="utf-8").splitlines()
    document = next(json.loads(line) for line in lines if "resourceLogs" in line)
    (scope,) = document["resourceLogs"][0]["scopeLogs"]
    scope["logRecords"] = [scope["logRecords"][0]] * 2_500
    joiner = WordJoiner(1 << 30)
    assert list(joiner.add(document)) == []
    assert [len(pieces) for pieces in joiner._held.pieces.values()] == [500]
