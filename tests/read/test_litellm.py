"""Traps of LiteLLM payloads that the golden file does not hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.read import Tally

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
PAYLOAD: dict[str, Any] = {
    "id": "p1",
    "litellm_call_id": "c1",
    "call_type": "acompletion",
    "status": "success",
    "startTime": 1770120000.25,
    "endTime": 1770120001.25,
    "model": "provider/m-1",
    "model_group": "m-1",
    "metadata": {"user_api_key_hash": "h1", "user_api_key_user_id": "u1", "user_api_key_team_id": "t1"},
    "requester_ip_address": "198.51.100.1, 203.0.113.9",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
    "model_parameters": {"temperature": 0.5},
    "response": {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]},
    "prompt_tokens": 7,
    "completion_tokens": 2,
}


def only(read: Read, tmp_path: Path, **changes: Any) -> dict[str, Any]:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(PAYLOAD | changes) + "\n")
    rows, tally = read(path)
    assert tally.quarantined == []
    return rows[0]


def test_a_payload_is_understood(read: Read, tmp_path: Path) -> None:
    row = only(read, tmp_path)
    expected = {
        "exchange_id": "p1", "account_id": "u1", "key_id": "h1", "org_id": "t1", "model": "m-1", "prompt_text": "hi",
        "system_text": "Be brief.", "turn": 0, "params": '{"temperature":0.5}', "input_tokens": 7, "output_tokens": 2,
        "status": 200, "latency_ms": 1000.0, "finish_reason": "stop", "reply_text": "hello",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_of_a_forwarded_chain_only_the_last_hop_is_believed(read: Read, tmp_path: Path) -> None:
    assert only(read, tmp_path)["ip"] == "203.0.113.9"


def test_a_key_without_a_user_is_the_account(read: Read, tmp_path: Path) -> None:
    assert only(read, tmp_path, metadata={"user_api_key_hash": "h1"})["account_id"] == "h1"


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        ({}, None),
        ("{}", None),
        (None, None),
        ("a plain prompt", "a plain prompt"),
        ("[INST] not JSON [/INST]", "[INST] not JSON [/INST]"),
        ('[{"role": "user", "content": "in a string"}]', "in a string"),
        ([{"role": "user", "content": "redacted-by-litellm"}], None),
    ],
)
def test_messages_of_any_shape(read: Read, tmp_path: Path, messages: object, prompt: str | None) -> None:
    """Text that was switched off is no text: thousands of accounts must not share the word for it."""
    assert only(read, tmp_path, messages=messages)["prompt_text"] == prompt


@pytest.mark.parametrize(
    ("response", "reply"),
    [({}, None), ("plain words", "plain words"), ({"text": "redacted-by-litellm"}, None), (None, None)],
)
def test_replies_of_any_shape(read: Read, tmp_path: Path, response: object, reply: str | None) -> None:
    assert only(read, tmp_path, response=response)["reply_text"] == reply


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "failure", "error_information": {"error_code": "429"}}, 429),
        ({"status": "failure", "error_information": {"error_code": ""}}, 500),
        ({"status": "failure"}, 500),
        ({"status": None}, None),
    ],
)
def test_a_failure_keeps_its_code(read: Read, tmp_path: Path, changes: dict[str, Any], status: int | None) -> None:
    assert only(read, tmp_path, **changes)["status"] == status


def test_a_row_of_spend_logs_is_understood(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    row = {
        "request_id": "r1", "call_type": "acompletion", "api_key": "h1", "user": "u1", "team_id": "t1",
        "status": "success", "startTime": "2026-02-03T12:00:00", "model": "m", "metadata": "{}",
        "messages": "{}", "response": "{}", "prompt_tokens": 3, "completion_tokens": 4, "end_user": "",
    }  # fmt: skip
    path.write_text(json.dumps(row) + "\n")
    found = read(path)[0][0]
    assert (found["exchange_id"], found["account_id"], found["key_id"], found["org_id"]) == ("r1", "u1", "h1", "t1")
    assert (found["prompt_text"], found["input_tokens"]) == (None, 3)
