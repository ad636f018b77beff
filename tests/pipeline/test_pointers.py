"""Examples show what they are said to show."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.pipeline.pointers import Sample, pointed, showing
from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS, SKETCHED
from stillwatch.taking import SCAFFOLD_COLUMNS
from stillwatch.together.likeness import ALL
from stillwatch.types import Evidence, ExchangeId

NEW_YEAR = datetime(2026, 1, 1, 5, tzinfo=UTC)
START = 1_767_225_600  # a Thursday, midnight


def made(rows: list[dict[str, Any]], accounts: Mapping[int, dict[str, Any]], scaffolds: tuple[int, ...] = ()) -> Sample:
    plain = dict.fromkeys(SCAFFOLD_COLUMNS, 0) | {"elicits_reasoning": False, "judges": False, "target": 10}
    sketched = [
        plain | {"exchange_key": i, "exchange_id": f"e{i}", "second": START + 60 * i} | row
        for i, row in enumerate(rows)
    ]
    beside = [{"account_id": "", **accounts.get(row["account_key"], {})} for row in rows]
    return Sample(
        pa.Table.from_pylist(sketched, schema=arrow_schema(SKETCHED)),
        pa.Table.from_pylist(beside, schema=arrow_schema(ACCOUNTS)),
        scaffolds,
    )


@pytest.mark.parametrize(
    ("test", "column", "value", "other"),
    [
        ("client", "client", "httpx", "curl"),
        ("model", "model", "a", "b"),
        ("parameters", "parameters", "{}", None),
        ("tool_schema", "tool_schema", "t", None),
        ("asn", "asn", "64500", "64501"),
        ("network", "network", "n", None),
        ("target", "target", 3, 4),
        ("reply", "output_tokens", 100, None),
        ("hour", "second", START + 3_600, START + 7_200),
        ("scaffold", "tail_hash", 77, 78),
        ("system_prompt", "system_hash", 5, 6),
        ("harvest content", "judges", True, False),
        ("harvest structure", "head_hash", 77, 0),
    ],
)
def test_an_example_has_what_the_test_found(test: str, column: str, value: Any, other: Any) -> None:
    """Of five rows, the three with the commonest value are shown, and no other."""
    rows = [{"account_key": i, column: value if i in {1, 3, 4} else other} for i in range(5)]
    assert showing(test, made(rows, {}, scaffolds=(77,))) == ("e1", "e3", "e4")


@pytest.mark.parametrize(
    ("test", "shown", "other"),
    [
        ("payment", {"payment_fingerprint": "p"}, {"payment_fingerprint": None}),
        ("email_shape", {"email_shape": "A5D3"}, {"email_shape": "A9"}),
        ("patterned e-mail", {"email_shape": "A5D3"}, {}),
        ("declared relation", {"org_id": "o"}, {}),
        ("disposable e-mail", {"email_domain": "yopmail.com"}, {"email_domain": "example.org"}),
        ("sign_up", {"created_at": NEW_YEAR}, {"created_at": NEW_YEAR + timedelta(days=2)}),
        ("country mismatch", {"declared_country": "FR"}, {"declared_country": "de"}),
    ],
)  # fmt: skip
def test_what_an_account_shows_is_pointed_at_by_its_exchanges(
    test: str, shown: dict[str, Any], other: dict[str, Any]
) -> None:
    """Exchanges of the accounts that have it."""
    rows = [{"account_key": i, "country": "DE"} for i in range(5)]
    accounts = {i: shown if i in {0, 2, 4} else other for i in range(5)}
    assert showing(test, made(rows, accounts)) == ("e0", "e2", "e4")


def test_many_accounts_are_shown_before_one_twice() -> None:
    """Five examples of five accounts, where there are five."""
    sample = made([{"account_key": key} for key in (1, 1, 1, 2, 3, 4, 5, 6)], {})
    assert showing("volume", sample) == ("e0", "e3", "e4", "e5", "e6")
    assert showing("volume", made([{"account_key": key} for key in (1, 1, 2)], {})) == ("e0", "e2", "e1")


def test_pauses_are_shown_by_one_account_in_order_of_time() -> None:
    """Only then can they be seen."""
    rows = [{"account_key": key, "second": START - i} for i, key in enumerate((1, 2, 2, 1, 2))]
    assert showing("gap", made(rows, {})) == ("e4", "e2", "e1")


def test_nothing_is_shown_where_nothing_shows_it() -> None:
    """An example that does not show the finding would be worse than none; bookkeeping has no example."""
    sample = made([{"account_key": 1}], {})
    assert showing("client", sample) == ()
    assert showing("scaffold", sample) == ()
    assert showing("choice_of_group", sample) == ()


def test_evidence_that_has_examples_keeps_them() -> None:
    """And every test of likeness gives some or none, never a fault, from a row that holds nothing."""
    sample = made([{"account_key": 1}], {})
    own = Evidence("client", "together", 1.0, "", (ExchangeId("mine"),))
    others = [Evidence(test.name, "together", 1.0, "") for test in ALL]
    kept, *rest = pointed([own, *others], sample)
    assert kept.exchange_ids == ("mine",)
    assert {e.exchange_ids for e in rest} <= {(), ("e0",)}
