"""Who stands behind a key comes from a file; which field is which column, from a map."""

import json
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally, read_exchanges, read_identity, read_map
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS

ROW = {"id": 7, "when": 1770120000, "who": {"key": "k1"}, "engine": "m", "body": {"messages": "hi"}, "ok": False}


def test_a_users_map_reads_a_log_of_his_own(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        'title = "ours"\n[columns]\nexchange_id = "id"\nts = "when"\nkey_id = "who.key"\nmodel = "engine"\n'
        'latency_ms = {from = "seconds", times = 1000}\n'
        'status = {from = "ok", values = {true = 200, false = 500}}\n[pair]\nrequest = "body"\n'
    )
    (tmp_path / "log.jsonl").write_text(json.dumps(ROW | {"seconds": 2}) + "\n")
    tally = Tally()
    batches = list(read_exchanges([tmp_path / "log.jsonl"], Settings(), tally, read_map(tmp_path / "map.toml")))
    row = {name: value for name, value in batches[0].to_pylist()[0].items() if value is not None}
    assert {
        name: row[name] for name in ("exchange_id", "account_id", "key_id", "prompt_text", "latency_ms", "status")
    } == {
        "exchange_id": "7",
        "account_id": "k1",
        "key_id": "k1",
        "prompt_text": "hi",
        "latency_ms": 2000.0,
        "status": 500,
    }


@pytest.mark.parametrize("content", ["[columns]\nprompt = 'x'\n", "colums = 1\n", "[columns]\nts = 3\n", "= 1"])
def test_a_map_with_a_mistake_is_refused_with_what_and_where(tmp_path: Path, content: str) -> None:
    (tmp_path / "map.toml").write_text(content)
    with pytest.raises(InputError, match=r"map\.toml"):
        read_map(tmp_path / "map.toml")


def test_identity_joins_key_to_account_and_brings_accounts(tmp_path: Path) -> None:
    (tmp_path / "who.csv").write_text(
        "key_id,account_id,org_id,payment_fingerprint,ip\nk1,acme,o1,p1,203.0.113.7\nk2,acme,o1,p1,\n"
    )
    rows = [
        {"exchange_id": "1", "ts": 1770120000, "account_id": "k1", "key_id": "k1", "model": "m"},
        {"exchange_id": "2", "ts": 1770120000, "account_id": "k2", "model": "m", "ip": "198.51.100.1"},
        {"exchange_id": "3", "ts": 1770120000, "account_id": "other", "model": "m"},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    identity = read_identity(tmp_path / "who.csv", Settings(), Tally())
    (batch,) = read_exchanges([tmp_path / "log.jsonl"], Settings(), Tally())
    found = identity.identify(batch).to_pylist()
    assert [(r["account_id"], r["org_id"], r["ip"]) for r in found] == [
        ("acme", "o1", "203.0.113.7"),
        ("acme", "o1", "198.51.100.1"),
        ("other", None, None),
    ]
    accounts = identity.accounts(arrow_schema(ACCOUNTS).empty_table()).to_pylist()
    assert [(a["account_id"], a["payment_fingerprint"]) for a in accounts] == [("acme", "p1")]
