"""A mismatch counts against what the account stated, and unknown countries do not count."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from stillwatch.hidden.country import country_evidence, country_share
from stillwatch.hidden.population import Population

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]
STRANGERS = [{"country": "DE", "declared_country": "DE"} for _ in range(300)]


def test_accounts_that_say_one_country_and_come_from_another_have_bits(accounts: Accounts) -> None:
    posing = [{"country": "AA", "declared_country": "BB", "phone_country": "CC"} for _ in range(15)]
    found = accounts([*posing, *STRANGERS])
    evidence = country_evidence(country_share(found, np.arange(315) < 15))
    assert evidence.bits > 2
    assert "15 of 15 (100.0 %) of the accounts; 0 of 300 (0.0 %) of the others" in evidence.claim


def test_their_twin_whose_phone_agrees_has_none(accounts: Accounts) -> None:
    moved = [{"country": "AA", "declared_country": "BB", "phone_country": "aa"} for _ in range(15)]
    found = accounts([*moved, *STRANGERS])
    share = country_share(found, np.arange(315) < 15)
    assert share.hits == 0
    assert share.bits < 0


def test_unknown_countries_are_not_counted(accounts: Accounts) -> None:
    silent = [{"country": "AA"}, {"declared_country": "BB"}, {"country": "AA", "phone_country": "BB"}]
    share = country_share(accounts(silent), np.ones(3, bool))
    assert (share.hits, share.members) == (1, 1)
