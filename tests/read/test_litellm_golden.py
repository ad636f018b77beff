"""Payloads that a real LiteLLM proxy wrote are read whole; see golden/README.md."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings

GOLDEN = Path(__file__).parent / "golden" / "litellm_standard_payload.jsonl"
SPEND_LOGS = Path(__file__).parent / "golden" / "litellm_spend_logs.jsonl"


@pytest.fixture(scope="module")
def payloads() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    tally = Tally()
    batches = list(read_exchanges([GOLDEN], Settings(), tally))
    assert not tally.quarantined
    return pa.Table.from_batches(batches).to_pylist()


def test_every_payload_becomes_one_exchange_at_its_time(
    payloads: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    """Ids and times are the proxy's; order is kept."""
    wanted = [(p["id"], datetime.fromtimestamp(p["startTime"], UTC)) for p in payloads]
    read = [(r["exchange_id"], r["ts"]) for r in rows]
    assert [i for i, _ in read] == [i for i, _ in wanted]
    assert max(abs((a - b).total_seconds()) for (_, a), (_, b) in zip(read, wanted, strict=True)) < 1e-3


def test_the_caller_of_a_payload_is_its_user(payloads: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """The billed identity is the user of the key; organisation, key and address are kept beside it."""
    wanted = [
        (m["user_api_key_user_id"], m["user_api_key_org_id"], m["user_api_key_hash"], m["requester_ip_address"])
        for m in (p["metadata"] for p in payloads)
    ]
    assert [(r["account_id"], r["org_id"], r["key_id"], r["ip"]) for r in rows] == wanted


def test_the_text_of_a_payload_is_its_last_user_turn(
    payloads: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    """System prompt and user turn are told apart; the model is the one the caller asked for."""
    wanted = [
        (
            p["messages"][-1]["content"],
            p["messages"][0]["content"] if len(p["messages"]) > 1 else None,
            p["model_group"],
        )
        for p in payloads
    ]
    assert [(r["prompt_text"], r["system_text"], r["model"]) for r in rows] == wanted


def test_a_failed_request_is_an_exchange_without_a_reply(rows: list[dict[str, Any]]) -> None:
    """Its status is the upstream's, and it has no reply and no tokens."""
    failed = [(r["status"], r["reply_text"], r["output_tokens"] or 0) for r in rows if r["status"] != 200]
    assert failed == [(500, None, 0)]


def test_rows_of_the_proxy_s_table_are_read_with_their_words() -> None:
    """`messages` is {} there; the conversation stands in the body of the request."""
    tally = Tally()
    table = pa.Table.from_batches(list(read_exchanges([SPEND_LOGS], Settings(), tally)))
    assert (tally.rows_quarantined, tally.formats) == (0, {"litellm": 2})
    slow, quick = table.to_pylist()
    assert (slow["account_id"], slow["org_id"], slow["model"], slow["ip"]) == (
        "caller-1",
        "team-1",
        "slow",
        "127.0.0.1",
    )
    assert (slow["prompt_text"], slow["turn"], slow["reply_text"]) == ("Où est 東京? 1", 0, "hello")
    assert (slow["input_tokens"], slow["output_tokens"], slow["status"]) == (10, 20, 200)
    assert slow["latency_ms"] > 2_000 > quick["latency_ms"]
    assert slow["exchange_id"].startswith("chatcmpl-")
