"""Who says that they belong together is believed; who only shares a mail provider has not said so."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from stillwatch.hidden.declared import declared_relation
from stillwatch.hidden.population import Population
from stillwatch.settings import Settings

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]
STRANGERS = [{"email_domain": "gmail.com", "email_shape": "A5.A7", "org_id": f"o{n}"} for n in range(50)]


def _first(accounts: Population, size: int) -> np.ndarray:
    return np.arange(len(accounts.account_ids)) < size


def test_seats_of_one_organisation_are_declared(accounts: Accounts) -> None:
    seats = accounts([*({"org_id": "acme"} for _ in range(6)), *({} for _ in range(4)), *STRANGERS])
    found = declared_relation(seats, _first(seats, 10), Settings())
    assert (found.relation, found.largest, found.organisations) == ("organisation", "acme", 1)
    assert found.share_fraction == pytest.approx(0.6)
    assert found.evidence.claim == "6 of 10 accounts name 1 organisation; the largest has 6 of them."


def test_many_organisations_are_no_declaration(accounts: Accounts) -> None:
    posing = accounts([*({"org_id": f"front{n}"} for n in range(10)), *STRANGERS])
    found = declared_relation(posing, _first(posing, 10), Settings())
    assert (found.relation, found.organisations) == ("", 10)
    assert found.share_fraction == pytest.approx(0.1)


def test_no_organisation_at_all_is_no_declaration(accounts: Accounts) -> None:
    posing = accounts([*({} for _ in range(10)), *STRANGERS])
    found = declared_relation(posing, _first(posing, 10), Settings())
    assert (found.relation, found.largest, found.organisations) == ("", None, 0)
    assert found.evidence.claim == "None of 10 accounts names an organisation."


def test_a_corporate_mail_domain_is_a_declaration(accounts: Accounts) -> None:
    shapes = ["A4.A6", "A5.A9", "A7.A3", "A2.A8", "A9"]
    staff = [{"email_domain": "acme.example", "email_shape": shapes[n % 5]} for n in range(10)]
    seats = accounts([*staff, *STRANGERS])
    found = declared_relation(seats, _first(seats, 10), Settings())
    assert (found.relation, found.largest, found.share_fraction) == ("domain", "acme.example", 1.0)


@pytest.mark.parametrize("domain", ["gmail.com", "mailinator.com", "sub.mailinator.com"])
def test_a_public_or_disposable_domain_declares_nothing(accounts: Accounts, domain: str) -> None:
    posing = accounts([*({"email_domain": domain} for _ in range(10)), *STRANGERS])
    assert declared_relation(posing, _first(posing, 10), Settings()).relation == ""


def test_a_domain_that_mostly_strangers_use_declares_nothing(accounts: Accounts) -> None:
    rows = [{"email_domain": "unlisted-provider.example"} for _ in range(40)]
    posing = accounts(rows)
    assert declared_relation(posing, _first(posing, 10), Settings()).relation == ""


def test_a_domain_full_of_machine_made_names_declares_nothing(accounts: Accounts) -> None:
    farm = [{"email_domain": "mail-only.example", "email_shape": "A8D3"} for _ in range(10)]
    posing = accounts([*farm, *STRANGERS])
    assert declared_relation(posing, _first(posing, 10), Settings()).relation == ""


def test_a_pattern_that_others_have_too_is_not_machine_made(accounts: Accounts) -> None:
    staff = [{"email_domain": "acme.example", "email_shape": "A5.A7"} for _ in range(10)]
    seats = accounts([*staff, *STRANGERS])
    assert declared_relation(seats, _first(seats, 10), Settings()).relation == "domain"
