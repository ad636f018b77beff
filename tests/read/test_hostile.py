"""Hostile input: whatever the bytes, a run ends within its limits, the good rows read and the bad ones counted."""

import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing.bombs import BOMBS, empty_spans, line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from stillwatch.crowded import crowded_message
from stillwatch.errors import StillwatchError
from stillwatch.read import Tally, read_exchanges
from stillwatch.read.registry import formats
from stillwatch.settings import Settings

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
SAMPLES = Path(__file__).parent / "samples"
GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}
LIMITED = Settings(row_limit_bytes=1 << 20, join_limit_bytes=1 << 20)
BOMB_BYTES = 200 << 20

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def survives(path: Path) -> Tally:
    tally = Tally()
    try:
        for batch in read_exchanges([path], LIMITED, tally):
            batch.validate(full=True)
    except StillwatchError:
        pass
    return tally


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log.jsonl"
    path.write_bytes(content)
    return path


def documents() -> list[dict[str, Any]]:
    lines = [path.read_text(encoding="utf-8").splitlines() for path in sorted(SAMPLES.glob("*.jsonl"))]
    return [json.loads(line) for listed in lines for line in listed]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(documents()), st.data())
def test_any_value_in_any_field_of_any_format_is_read_or_quarantined(
    tmp_path: Path, document: dict[str, Any], data: st.DataObject
) -> None:
    inner, key = document, data.draw(st.sampled_from(sorted(document)))
    while isinstance(inner[key], dict) and inner[key] and data.draw(st.booleans()):
        inner = inner[key] = dict(inner[key])
        key = data.draw(st.sampled_from(sorted(inner)))
    changed = {**document, key: data.draw(JSON)} if inner is document else document
    if inner is not document:
        inner[key] = data.draw(JSON)
    survives(written(tmp_path, json.dumps(changed).encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("damage", [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\x0f"], ids=["none", "cut", "beyond the end"])
def test_a_crowded_message_is_told_whatever_stands_behind_it(damage: bytes) -> None:
    """A decoder makes objects of all spans before it comes to the damage; as logs, spans are no messages."""
    crowd, shape = empty_spans(1_000_000), TracesData.DESCRIPTOR
    assert crowded_message(crowd + damage, shape)
    assert crowded_message(crowd + damage, LogsData.DESCRIPTOR, shape)
    assert not crowded_message(empty_spans(600_000) + damage, shape, LogsData.DESCRIPTOR)


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_in_any_sample_are_survived(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for path in sorted(SAMPLES.iterdir()):
        content = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 30)):
            content[chance.randrange(len(content))] = chance.choice((0, 10, 34, 91, 92, 123, 125, 255, 127))
        survives(written(tmp_path, bytes(content[: chance.randint(1, len(content))])))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_survived(tmp_path: Path, content: bytes) -> None:
    for before in (b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\n", b"\0\0\0\x08\n", b"[", b'{"a":'):
        survives(written(tmp_path, before + content))


CHILD = """
import resource, sys, time
from pathlib import Path
from stillwatch.read import Tally, read_exchanges
from stillwatch.settings import Settings
settings, tally = Settings(), Tally()
list(read_exchanges([Path(sys.argv[2])], settings, tally))  # imports and first calls are not the bomb's
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tally = Tally()
batches = read_exchanges([Path(sys.argv[1]), Path(sys.argv[2])], settings, tally)
rows = {name for batch in batches for name in batch["exchange_id"].to_pylist()}
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(",".join(rows), grown, *(fault.reason for fault in tally.quarantined))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_its_row_and_little_memory_and_the_rest_is_read(tmp_path: Path, name: str) -> None:
    path, plain = tmp_path / "log.jsonl", tmp_path / "plain.jsonl"
    BOMBS[name](path)
    plain.write_bytes(line())
    done = subprocess.run([sys.executable, "-c", CHILD, path, plain], capture_output=True, text=True, check=True)
    rows, grown, *reasons = done.stdout.split()
    assert int(grown) < BOMB_BYTES
    assert "e1" in rows.split(",")
    if "Parquet" not in name and "window" not in name:
        assert "e2" in rows.split(",")
    assert reasons or "empty lines" in name or "rows that name" in name


def test_a_parquet_file_whose_counts_are_forged_is_quarantined(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = pa.table({name: [str(value)] * 50 for name, value in GOOD.items()})
    pq.write_table(table, path)
    content = path.read_bytes()
    (tmp_path / "good.jsonl").write_bytes(line())
    (length,) = struct.unpack("<I", content[-8:-4])
    footer = len(content) - 8 - length
    for at in range(footer, len(content) - 8, 7):
        path.write_bytes(content[:at] + b"\xff\xff\x7f" + content[at + 3 :])
        rows, _ = read(tmp_path)
        assert "e1" in {row["exchange_id"] for row in rows}


@pytest.mark.parametrize(
    "hostile", ["a\r\nb", "\x1b[31mred", "nul\x00", "bidi\u202e", "=cmd()", "-5", "+1", "@x", "\ttab"]
)
def test_hostile_characters_stay_inside_their_field(read: Read, tmp_path: Path, hostile: str) -> None:
    """One row stays one row; the texts are kept as they are, and what is shown is escaped by the report."""
    rows, tally = read(written(tmp_path, line(prompt_text=hostile, user_agent=hostile) + line(exchange_id="e2")))
    assert [row["exchange_id"] for row in rows] == ["e1", "e2"]
    assert (rows[0]["prompt_text"], rows[0]["user_agent"]) == (hostile, hostile)
    assert tally.rows_quarantined == 0


@pytest.mark.parametrize("tools", [r'[["\ud800"]]', r'[{"a":"\ud800"}]', r'["\ud800"]'])
def test_half_a_character_in_a_list_inside_a_list_costs_its_row(read: Read, tmp_path: Path, tools: str) -> None:
    """Found by fuzzing: JSON in a string may escape what no text can hold."""
    rows, tally = read(written(tmp_path, line(tools=tools) + line(exchange_id="e2")))
    assert [row["exchange_id"] for row in rows] == ["e2"]
    assert tally.quarantined[0].reason == "column tools holds a str that is no strings"


@pytest.mark.parametrize("name", ["otlp_standard", "openai_batch", "azure_apim"])
def test_a_bad_exchange_costs_none_of_those_that_come_with_it(read: Read, tmp_path: Path, name: str) -> None:
    """Documents that hold several exchanges, and exchanges that wait for each other, are read one by one."""
    lines = (SAMPLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows, before = read(written(tmp_path, "\n".join(lines).encode()))
    if name == "otlp_standard":
        spans = [span for text in lines for span in json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"]]
        bad = spans[0] | {"attributes": [{"key": "gen_ai.request.model", "value": {"intValue": "x"}}]}
        lines = [json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [bad, *spans]}]}]})]
    elif name == "openai_batch":
        lines.insert(0, json.dumps({"custom_id": "bad", "method": "POST", "url": "/", "body": {"messages": 5}}))
    else:
        bad = json.loads(lines[0]) | {"CorrelationId": "bad", "RequestMessages": "5"}
        lines.insert(0, json.dumps(bad))
    found, tally = read(written(tmp_path, "\n".join(lines).encode()))
    assert len(found) == len(rows)
    assert tally.rows_quarantined == before.rows_quarantined + 1


def test_every_format_has_a_name_of_its_own() -> None:
    names = [one.name for one in formats()]
    assert len(names) == len(set(names))
