import doctest

import pytest

from stillwatch import ids
from stillwatch.ids import canonical_id, client_address


def test_the_examples_hold() -> None:
    assert doctest.testmod(ids).failed == 0


@pytest.mark.parametrize("one", ["é", "e\u0301", " é ", "\u200bé", "é\u202e", "é\x00"])
def test_ids_that_look_alike_are_one(one: str) -> None:
    assert canonical_id(one) == "é"


@pytest.mark.parametrize(
    ("chain", "hops", "networks", "client"),
    [
        ("1.1.1.1, 203.0.113.7", 0, (), "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.1", 1, (), "203.0.113.7"),
        ("203.0.113.7, 10.0.0.2, 10.0.0.1", 0, ("10.0.0.0/8",), "203.0.113.7"),
        ("10.0.0.2", 0, ("10.0.0.0/8",), None),
        ("1.1.1.1", 1, (), None),
        ("1.1.1.1, unknown", 0, (), None),
        ("[2001:db8::1]:443", 0, (), "2001:db8::1"),
        ("2001:DB8:0::1", 0, (), "2001:db8::1"),
        ("1.1.1.1," * 10_000 + "203.0.113.7", 0, (), "203.0.113.7"),
    ],
)
def test_only_what_an_own_proxy_saw_is_believed(
    chain: str, hops: int, networks: tuple[str, ...], client: str | None
) -> None:
    assert client_address(chain, hops, networks) == client
