import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]

ENVELOPE = {
    "ts": "2026-02-03T12:00:00Z",
    "account_id": "a1",
    "org_id": "o1",
    "ip": "203.0.113.7",
    "user_agent": "sdk/1",
    "status": 200,
    "latency_ms": 812.5,
}
OPENAI = ENVELOPE | {
    "request_id": "r1",
    "request": {
        "model": "m-1",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "first question"},
            {"role": "assistant", "content": "first answer"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "second"},
                    {"type": "image_url", "image_url": {"url": "x"}},
                    {"type": "text", "text": "question"},
                ],
            },
        ],
        "tools": [{"type": "function", "function": {"name": "search", "parameters": {}}}],
        "temperature": 0.2,
        "max_completion_tokens": 99,
        "user": "end-7",
    },
    "response": {
        "id": "c1",
        "choices": [{"message": {"content": "an answer"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    },
}
ANTHROPIC = ENVELOPE | {
    "exchange_id": "r2",
    "request": {
        "model": "m-2",
        "max_tokens": 100,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "use the tool"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "search", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "result"}]},
        ],
        "tools": [{"name": "search", "input_schema": {}}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "end-8"},
    },
    "response": {
        "type": "message",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "an answer"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 20,
            "cache_read_input_tokens": 10,
            "cache_creation_input_tokens": 5,
            "output_tokens": 7,
        },
    },
}


def only(read: Read, tmp_path: Path, row: object) -> dict[str, object]:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(row) + "\n")
    rows, tally = read(path)
    assert tally.rows_quarantined == 0, tally.quarantined
    return rows[0]


def test_an_openai_pair_is_understood(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path, OPENAI)
    expected = {
        "exchange_id": "r1", "account_id": "a1", "org_id": "o1", "end_user_id": "end-7", "model": "m-1",
        "prompt_text": "second\nquestion", "turn": 1, "system_text": "Be brief.", "tools": ["search"],
        "params": '{"max_tokens":99,"temperature":0.2}', "input_tokens": 30, "output_tokens": 5, "cached_tokens": 10,
        "reasoning_tokens": 3, "finish_reason": "stop", "reply_text": "an answer", "latency_ms": 812.5, "status": 200,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_an_anthropic_pair_is_understood(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path, ANTHROPIC)
    expected = {
        "exchange_id": "r2", "end_user_id": "end-8", "model": "m-2", "prompt_text": "use the tool", "turn": 0,
        "system_text": "Be brief.", "tools": ["search"], "input_tokens": 35, "output_tokens": 7, "cached_tokens": 10,
        "finish_reason": "end_turn", "reply_text": "an answer",
        "params": '{"max_tokens":100,"thinking":{"budget_tokens":1024,"type":"enabled"}}',
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("pair", [OPENAI, ANTHROPIC])
def test_pairs_logged_as_strings_of_json_are_the_same(read: Read, tmp_path: Path, pair: dict[str, object]) -> None:
    plain = only(read, tmp_path, pair)
    packed = pair | {name: json.dumps(pair[name]) for name in ("request", "response")}
    assert only(read, tmp_path, packed) == plain


def test_the_same_tools_have_the_same_hash_in_any_order_of_keys(read: Read, tmp_path: Path) -> None:
    first = only(read, tmp_path, OPENAI)["tools_hash"]
    turned = json.loads(json.dumps(OPENAI))
    turned["request"]["tools"] = [{"function": {"parameters": {}, "name": "search"}, "type": "function"}]
    assert only(read, tmp_path, turned)["tools_hash"] == first
    turned["request"]["tools"][0]["function"]["parameters"] = {"type": "object"}
    assert only(read, tmp_path, turned)["tools_hash"] != first


@pytest.mark.parametrize("request_", [None, 7, "text", {"messages": 5}, {"messages": ["x"]}, {"model": "m"}])
def test_a_strange_request_costs_its_row_at_most(read: Read, tmp_path: Path, request_: object) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(OPENAI) + "\n" + json.dumps(OPENAI | {"request_id": "x", "request": request_}) + "\n")
    rows, tally = read(path)
    assert len(rows) + tally.rows_quarantined == 2
    assert rows[0]["exchange_id"] == "r1"


def test_a_reply_that_broke_off_is_kept(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path, OPENAI | {"response": None})
    assert (row["prompt_text"], row["reply_text"], row["output_tokens"]) == ("second\nquestion", None, None)


def test_a_cut_reply_in_a_string_is_kept_as_an_exchange_without_one(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path, OPENAI | {"response": '{"choices": [{"mess'})
    assert (row["exchange_id"], row["prompt_text"], row["reply_text"]) == ("r1", "second\nquestion", None)


def test_a_pair_without_content_is_an_exchange_without_text(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path, OPENAI | {"request": {"model": "m-1"}})
    assert (row["model"], row["prompt_text"], row["turn"], row["output_tokens"]) == ("m-1", None, None, 5)


def test_canonical_columns_in_the_envelope_count_where_the_pair_is_silent(read: Read, tmp_path: Path) -> None:
    row = only(
        read, tmp_path, OPENAI | {"response": None, "input_tokens": 12, "pathway": "cloud", "finish_reason": "x"}
    )
    assert (row["input_tokens"], row["pathway"], row["finish_reason"]) == (12, "cloud", "x")


def test_a_canonical_row_may_have_a_column_called_request(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    row = {"exchange_id": "e", "ts": 1770120000, "account_id": "a", "model": "m", "request": "/v1/chat"}
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"prompt_text": "hi", "request": {"path": "/"}}) + "\n")
    rows, tally = read(path)
    assert [row["prompt_text"] for row in rows] == [None, "hi"]
    assert tally.notes() == ("columns read but not used: request",)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["role", "content", "type", "text", "messages", "choices", "message", "usage", "tools", "function", "name",
         "system", "prompt_tokens_details", "thinking", "metadata"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(request_=_JSON, response=_JSON, metadata=_JSON)
def test_no_shape_of_values_stops_the_reading(tmp_path_factory, request_, response, metadata) -> None:
    """Whatever stands where objects were expected: the row is read or quarantined, and the next one is read."""
    path = tmp_path_factory.mktemp("shapes") / "log.jsonl"
    pair = ENVELOPE | {"request_id": "x", "request": request_, "response": response}
    payload = {"startTime": 1770120000.5, "call_type": "c", "id": "y", "model": "m", "metadata": metadata,
               "messages": request_, "response": response, "model_parameters": metadata}  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in (pair, payload, OPENAI)))
    tally = Tally()
    rows = [row for batch in read_exchanges([path], Settings(), tally) for row in batch.to_pylist()]
    assert len(rows) + tally.rows_quarantined == 3
    assert rows[-1]["exchange_id"] == "r1"
