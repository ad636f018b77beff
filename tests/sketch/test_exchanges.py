import ipaddress
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stillwatch
from stillwatch.schemas import arrow_schema
from stillwatch.sketch import FEATURE_BUCKETS, HEADS, SHAPE_BUCKETS, Projection, hash64, sketch
from stillwatch.sketch.exchanges import canonical_parameters, network
from stillwatch.tables import EXCHANGES, SKETCHED
from stillwatch.types import TARGETS

ROWS = FEATURE_BUCKETS + SHAPE_BUCKETS
ZERO = Projection(np.zeros((ROWS, HEADS), np.int8), 1.0, np.zeros(HEADS, np.float32))


def batch(rows: int, **columns: Sequence[object]) -> pa.RecordBatch:
    """Exchanges with the required columns, those given, and nothing else."""
    given_columns: dict[str, Sequence[object]] = {
        "exchange_id": [f"e{i}" for i in range(rows)],
        "account_id": [f"a{i % 3}" for i in range(rows)],
        "ts": [1_700_000_000_000_000 + i for i in range(rows)],
        "model": ["m"] * rows,
        **columns,
    }
    schema = arrow_schema(EXCHANGES)
    arrays = [pa.array(given_columns.get(f.name, [None] * rows), f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def column(name: str, rows: int, **columns: Sequence[object]) -> list[object]:
    return sketch(batch(rows, **columns), ZERO)[name].to_pylist()


def test_a_batch_has_the_declared_columns_and_its_rows_in_order() -> None:
    found = sketch(batch(50, prompt_text=[f"prompt {i}" for i in range(50)]), ZERO)
    assert found.schema == arrow_schema(SKETCHED)
    assert found["exchange_id"].to_pylist() == [f"e{i}" for i in range(50)]
    assert found["exchange_key"].to_pylist() == hash64(found["exchange_id"]).tolist()
    assert found["account_key"].to_pylist() == hash64(found["account_id"]).tolist()


def test_an_empty_batch_stays_empty() -> None:
    assert sketch(batch(0), ZERO).num_rows == 0


def test_without_text_nothing_is_claimed() -> None:
    for row in sketch(batch(2, prompt_text=["", None]), ZERO).to_pylist():
        assert (row["has_text"], row["target"], row["target_fraction"]) == (False, -1, 0)
        assert (row["elicits_reasoning"], row["judges"]) == (False, False)
        assert [row[name] for name in ("system_hash", "task_hash", "head_hash", "tail_hash", "any_hash_0")] == [0] * 5


def test_the_likeliest_target_has_the_probability_of_a_softmax() -> None:
    bias = np.zeros(HEADS, np.float32)
    bias[[4, len(TARGETS), len(TARGETS) + 1]] = 2.0, 0.1, -0.1
    row = sketch(batch(1, prompt_text=["hello"]), Projection(ZERO.weights, 1.0, bias)).to_pylist()[0]
    assert row["target"] == 4
    assert row["target_fraction"] == pytest.approx(np.exp(2) / (np.exp(2) + len(TARGETS) - 1))
    assert (row["elicits_reasoning"], row["judges"]) == (True, False)


def test_seconds_are_rounded_down_before_1970_too() -> None:
    assert column("second", 3, ts=[1_999_999, 0, -1]) == [1, 0, -1]


ADDRESSES = {
    "203.0.113.7": "203.0.113.0/24",
    " 10.0.0.255 ": "10.0.0.0/24",
    "256.0.0.1": None,
    "1.2.3": None,
    "01.2.3.4": None,
    "1.2.3.4\n5": None,
    "2001:db8:1:2:3::9": "2001:db8:1:2::/64",
    "2001:DB8::1": "2001:db8::/64",
    "::ffff:203.0.113.7": "203.0.113.0/24",
    "unknown": None,
}


def test_addresses_become_networks() -> None:
    assert column("network", len(ADDRESSES), ip=list(ADDRESSES)) == list(ADDRESSES.values())


@given(st.ip_addresses())
def test_networks_are_those_of_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if getattr(address, "ipv4_mapped", None) is None:
        expected = str(ipaddress.ip_network((int(address), 24 if address.version == 4 else 64), strict=False))
        if ipaddress.ip_network(expected).version == address.version:
            assert network(str(address)) == expected
            assert column("network", 1, ip=[str(address)]) == [expected]


def test_a_client_is_what_is_known_of_it() -> None:
    found = column(
        "client",
        4,
        user_agent=["ua", "ua", None, None],
        tls_fingerprint=["t13d", None, "t13d", None],
        header_order=["a,b", "a,b", None, None],
    )
    assert found == ["ua | t13d | a,b", "ua | a,b", "t13d", None]


def test_tools_are_named_by_their_schema_or_their_sorted_names() -> None:
    found = column("tool_schema", 4, tools=[["b", "a"], ["b", "a"], [], None], tools_hash=["h", None, None, None])
    assert found == ["h", "a,b", None, None]
    assert column("tool_schema", 2, tools_hash=["h", None]) == ["h", None]


def test_equal_parameters_are_one_value_and_broken_json_stays() -> None:
    params = ['{"b": 1, "a": [1.0]}', '{"a":[1.0],"b":1}', '{"a":', None, "[" * 100_000]
    assert column("parameters", 5, params=params) == ['{"a":[1.0],"b":1}'] * 2 + ['{"a":', None, "[" * 100_000]


@given(st.text(max_size=40))
def test_any_parameters_are_survived(text: str) -> None:
    assert canonical_parameters(canonical_parameters(text)) == canonical_parameters(text)


def test_a_country_is_upper_case_and_an_excerpt_ends_at_a_character() -> None:
    assert column("country", 2, country=["de", None]) == ["DE", None]
    assert column("excerpt", 1, prompt_text=["天🙂" * 300]) == ["天🙂" * 100]


def test_slices_and_threads_give_the_rows_of_the_whole() -> None:
    rows = 300
    whole = batch(
        rows,
        prompt_text=[f"write a short poem about the number {i} and then explain every line of it" for i in range(rows)],
        system_text=[f"You are bot {i % 7}" if i % 2 else None for i in range(rows)],
        ip=[f"10.0.{i % 256}.1" if i % 3 else "2001:db8::1" for i in range(rows)],
        tools=[["x", "y"] if i % 5 else None for i in range(rows)],
    )
    expected = sketch(whole, ZERO)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda at: sketch(whole.slice(at, 100), ZERO), range(0, rows, 100)))
    assert pa.Table.from_batches(parts).combine_chunks() == pa.Table.from_batches([expected])


def test_it_works_where_nothing_can_be_cached(tmp_path: Path) -> None:
    """A read-only installation compiles again, but never fails."""
    package = Path(stillwatch.__file__).parent
    for path in [*package.glob("*.py"), *package.glob("types/*.py"), *package.glob("sketch/*.*")]:
        copy = tmp_path / "stillwatch" / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    blocked = tmp_path / "stillwatch/sketch/__pycache__"
    blocked.write_text("a file where a folder is needed; also stops root")
    code = "import pyarrow as pa; from stillwatch.sketch import hash64; print(hash64(pa.array(['acct-1']))[0])"
    places = dict.fromkeys(("NUMBA_CACHE_DIR", "HOME", "XDG_CACHE_HOME"), str(blocked / "cache"))
    environment = os.environ | places | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.stderr.decode() == ""
    assert int(done.stdout) == hash64(pa.array(["acct-1"]))[0]


def test_names_of_tools_are_sorted_however_they_come() -> None:
    """Lists with empty, null or separator-like names give what plain lists give; no tool is no schema."""
    plain = [["read", "bash"], [], None, ["bash"]]
    odd = [*plain, ["b", "", None, "a"], ["x\x1fy", "a"]]
    assert column("tool_schema", 4, tools=plain) == ["bash,read", None, None, "bash"]
    assert column("tool_schema", 6, tools=odd) == ["bash,read", None, None, "bash", "a,b", "a,x\x1fy"]
