"""Lines that are read in blocks, or by types, give exactly what the careful way gives: rows, faults and counts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stillwatch.read import Tally
from stillwatch.read.documents import line_documents
from stillwatch.read.json_blocks import Blocks
from stillwatch.read.reading import Reading
from stillwatch.read.rows import document_batches, row_batches
from stillwatch.read.streams import split_lines
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES

LIMIT = 4_000
GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}
FULL = GOOD | {
    "key_id": "k", "prompt_text": "Où est-il?", "turn": 3, "tools": ["a", "b"], "params": "{}", "input_tokens": 9,
    "latency_ms": 1.5, "status": 200, "reply_text": "", "colour": "blue",
}  # fmt: skip

TIMES = st.sampled_from([
    "2026-02-03T12:00:00Z", "2026-02-03 12:00:00", "2026-02-03 12:00:00.123456+00:00", "2026-02-03T12:00:00.1Z",
    "2026-02-03T12:00:00.1234567Z", "2026-02-03T12:00:00.9999999Z", "2026-02-03T12:00:60Z", "2026-02-03T24:00:00Z",
    "2026-02-30T12:00:00Z", "2026-02-03T12:00:00+01:00", "2026-02-03T12:00:00-23:59", "2026-02-03T12:00:00+24:00",
    "2026-02-03T12:00:00+0100", "2026-02-03", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00+00:01",
    "2099-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2100-01-01T00:00:00Z",
    "1770120000", "1770120000.25", " 2026-02-03T12:00:00Z", "2026-02-03T12:00:00 UTC", "2026-02-03T12", "yesterday", "",
    "2026-02-03T12:00:00z", "2026-02-03t12:00:00Z", "2026-W06-2", 1770120000, 1770120000.25, 1770120000123,
    1770120000123456789, 1770120000123.5, 1e300, -1, 0, True, None, [], "2026-02-03T12:00:00,5Z",
    "2026-02-03T12:00:00\n",
    "٢026-02-03T12:00:00Z",
])  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70), st.sampled_from([2**31, -(2**31), 2**31 - 1, 2**63, -(2**63), 2**63 - 1, 3.0, 3.5]),
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["", "3", " 7 ", True, None, "x", [1], {}]),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", " ", "\0", "\u202e", "\ud83d\ude00", "a\r\nb", None, 5, 1.5, True, {"a": 1}, ["x"]]),
)
TOOLS = st.one_of(
    st.lists(st.one_of(st.text(max_size=3), st.sampled_from(["a", " a", "a ", "", None, 1, [], {}])), max_size=3),
    st.sampled_from(["a, b", "", '["a"]', "[", None, {}, 5, "\x1ca"]),
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3)
CHANGES = st.one_of(
    st.tuples(st.just("ts"), TIMES),
    st.tuples(st.sampled_from(["turn", "status", "input_tokens", "latency_ms"]), NUMBERS),
    st.tuples(st.sampled_from(["exchange_id", "account_id", "model", "org_id", "prompt_text"]), TEXTS),
    st.tuples(st.just("tools"), TOOLS),
    st.tuples(st.just("params"), st.one_of(TEXTS, st.dictionaries(st.text(max_size=2), JSON, max_size=2))),
    st.tuples(st.sampled_from(["colour", "extra_0", "request", "", "ü", "messages"]), JSON),
)
ROWS = st.builds(
    lambda base, changes, plain: json.dumps(base | dict(changes), ensure_ascii=plain).encode("utf-8", "surrogatepass"),
    st.sampled_from([GOOD, FULL, FULL | {"ts": 1770120000}, FULL | {"ts": 1770120000.5}, FULL | {"params": {"n": 1}}]),
    st.lists(CHANGES, max_size=2), st.booleans(),
)  # fmt: skip
BEGUN = json.dumps(GOOD).encode()[:-1]
WHOLE = BEGUN + b"}"
ENDINGS = (
    b',"model":"n"}', b',"model":5}', b',"colour":"\xff"}', b',"latency_ms":1e999}', b',"latency_ms":01}',
    b',"latency_ms":NaN}', b',"turn":-0}', b',"org_id":"\\ud800"}', b',"org_id":"\\udc00\\ud800"}', b',"org_id":"\t"}',
    b',"org_id":"\\u0000"}', b',"org_id":"a\\/b"}', b',"org_id":"a\\qb"}', b',"org_id":"a","org_id":"b"}',
    b',"params":{"a":"}"}}', b',"params" : {"b":{"c":[1,{}]},"a":"\\"}"}}', b',"params":{"a":1},"params":"x"}',
    b',"org_id":"\\"params\\": {}"}', b',"org_id":"params":{}}', b',"params":{"a":1\n}}', b',"params":{"a":\xff}}',
    b',"params":{01:1}}', b',"params":{"a":"\\ud800"}}', b',"params":{}', b',"params":{"\xc3\xbc":1.0,"b":1e0}}',
    b',"tools":[{"params":{}}]}', b',"params":{"a":1}"}',
    b',"colour":{"a":1}} {"b":{}', b"}}", b",}", b',"x":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
)  # fmt: skip
ODD = st.sampled_from([
    b"", b" ", b"\r", b"{}", b"[]", b"null", b"{", b"}", b"[1", b"not json", b'{"exchange_id": "\xff"}', b"x" * 5_000,
    WHOLE * 2, b"[" + WHOLE + b"," + WHOLE + b"]", json.dumps(GOOD, indent=1).encode(), WHOLE + b"\r", b" " + WHOLE,
    WHOLE + b",", b'{"a":' * 2_000 + b"1" + b"}" * 2_000, *(BEGUN + ending for ending in ENDINGS),
])  # fmt: skip


def mutated(line: bytes, at: int, byte: int) -> bytes:
    at %= len(line)
    return line[:at] + bytes([byte]) + line[at + 1 :]


LINES = st.one_of(ROWS, ROWS, ODD, st.builds(mutated, ROWS, st.integers(0, 10_000), st.integers(0, 255)))
Read = tuple[list[dict[str, Any]], dict[str, Any]]


def read(content: bytes, folder: Path, *, blocks: bool, typed: bool) -> Read:
    path = folder / "log.jsonl"
    path.write_bytes(content)
    reading = Reading(Settings(row_limit_bytes=LIMIT), Tally())
    list(reading.exchanges(FULL))  # before a block is read at once, a row taught what stands in it beside the declared
    if not typed:
        reading.typed = None
    if blocks:
        batches = list(row_batches(path, EXCHANGES, reading))
    else:
        documents = line_documents(split_lines(content, LIMIT), LIMIT, 1, reading.typed)
        batches = list(document_batches(path, EXCHANGES, reading, documents))
    for batch in batches:
        batch.validate(full=True)
    tally = reading.tally.as_json() | {"extra_columns": sorted(reading.tally.extra_columns)}
    return pa.Table.from_batches(batches, arrow_schema(EXCHANGES)).to_pylist(), tally


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=5), st.sampled_from([b"", b"\n"]))
def test_lines_read_fast_are_lines_read_with_care(tmp_path: Path, lines: list[bytes], end: bytes) -> None:
    content = (json.dumps(FULL).encode() + b"\n") * 48 + b"\n".join(lines) + end  # so few odd lines are taken out
    careful = read(content, tmp_path, blocks=False, typed=False)
    assert read(content, tmp_path, blocks=False, typed=True) == careful
    assert read(content, tmp_path, blocks=True, typed=True) == careful


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TIMES, TIMES)
@example("2026-02-03T12:00:00Z", "2026-02-03T12:00:00.5")
@example(1770120000.5, 1770120000123456789)
@example(None, None)
@example(None, "2026-02-03")
def test_times_of_any_notation_are_the_same_either_way(tmp_path: Path, one: object, other: object) -> None:
    content = b"".join(json.dumps(FULL | {"ts": ts}).encode() + b"\n" for ts in (one, other))
    assert read(content, tmp_path, blocks=True, typed=True) == read(content, tmp_path, blocks=False, typed=False)


@pytest.mark.parametrize(
    "ts", ["2026-02-03T12:00:00.25Z", "2026-02-03 12:00:00", "2026-02-03T12:00:00.123+01:00", 1770120000, 1.77e9]
)
def test_plain_rows_do_go_through_blocks(ts: object) -> None:
    """Were the fast way never taken, every other test here would pass."""
    blocks, row = Blocks(), FULL | {"ts": ts}
    blocks.learn(row)
    batch, _ = blocks.batch(json.dumps(row).encode() + b"\n", LIMIT)
    assert batch is not None
    assert batch.num_rows == 1


def test_parameters_as_objects_and_lines_cut_short_leave_a_block_whole() -> None:
    """Same promise: the objects become text, and what was cut is a fault with its place."""
    blocks, row = Blocks(), FULL | {"params": {"n": 1, "response_format": {"type": "text"}}}
    blocks.learn(row)
    whole = json.dumps(row).encode() + b"\n"
    batch, faults = blocks.batch(whole + whole[:-20] + b"\n\n" + whole * 20, LIMIT)
    assert batch is not None
    assert batch["params"].to_pylist() == ['{"n":1,"response_format":{"type":"text"}}'] * 21
    assert [(at, str(fault)) for at, fault in faults] == [(1, "not valid JSON in UTF-8")]
    assert blocks.batch(whole + b"\n" * 9 + whole, LIMIT)[0] is None
