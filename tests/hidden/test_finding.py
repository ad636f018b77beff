"""Hidden means: could have declared a relation and did not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from stillwatch.hidden.finding import judge_hidden
from stillwatch.hidden.policy import Policy, Rule
from stillwatch.hidden.population import Population
from stillwatch.settings import Settings

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]
MEMBERS = [f"a{n}" for n in range(10)]
STRANGERS = [
    {"org_id": f"o{n}", "email_domain": "gmail.com", "email_shape": f"A{n % 7}", "country": "DE", "phone_country": "DE"}
    for n in range(200)
]
SEEN = {"org_id", "email_domain", "email_shape", "country", "phone_country"}


def test_a_campaign_on_disposable_addresses_is_hidden(accounts: Accounts) -> None:
    farm = [{"email_domain": "mailinator.com", "email_shape": "A8D3"} for _ in range(10)]
    finding, evidence, missing = judge_hidden(accounts([*farm, *STRANGERS]), MEMBERS, SEEN, Settings())
    assert finding.answer == "yes"
    assert (finding.declared_share_fraction, finding.organisations, finding.largest_organisation) == (0.0, 0, None)
    assert finding.disposable_email_fraction == pytest.approx(1.0)
    assert finding.country_mismatch_fraction is None
    assert [one.test for one in evidence] == ["declared relation", "disposable e-mail", "patterned e-mail"]
    assert [one.test for one in missing] == ["country mismatch"]


def test_its_innocent_twin_with_one_organisation_is_not(accounts: Accounts) -> None:
    seats = [{"org_id": "acme", "email_domain": "acme.example", "email_shape": f"A{n % 4}"} for n in range(10)]
    finding, _, _ = judge_hidden(accounts([*seats, *STRANGERS]), MEMBERS, SEEN, Settings())
    assert (finding.answer, finding.largest_organisation) == ("no", "acme")
    assert finding.declared_share_fraction == pytest.approx(1.0)


def test_without_any_identity_nobody_can_declare_anything(accounts: Accounts) -> None:
    finding, evidence, missing = judge_hidden(accounts([{} for _ in range(20)]), MEMBERS, {"ip"}, Settings())
    assert finding.answer == "not_evaluated"
    assert finding.declared_share_fraction is None
    assert evidence == ()
    assert {one.test: one.missing for one in missing} == {
        "declared relation": "org_id or email_domain or payment_fingerprint",
        "disposable e-mail": "email_domain",
        "patterned e-mail": "email_shape",
        "country mismatch": "country, and declared_country or phone_country",
    }


def test_a_country_alone_cannot_declare_a_relation(accounts: Accounts) -> None:
    rows = [{"country": "DE", "declared_country": "DE"} for _ in range(20)]
    assert (
        judge_hidden(accounts(rows), MEMBERS, {"country", "declared_country"}, Settings())[0].answer == "not_evaluated"
    )


def test_payment_alone_is_identity_enough(accounts: Accounts) -> None:
    rows = [{"payment_fingerprint": f"p{n}"} for n in range(20)]
    assert judge_hidden(accounts(rows), MEMBERS, {"payment_fingerprint"}, Settings())[0].answer == "yes"


def test_a_rule_that_fires_answers_even_without_identity(accounts: Accounts) -> None:
    policy = Policy((Rule("export", countries=("AA",)),))
    rows = [{"country": "AA"} for _ in range(20)]
    finding, evidence, _ = judge_hidden(accounts(rows), MEMBERS, {"country"}, Settings(), policy=policy)
    assert (finding.answer, finding.rules_fired) == ("yes", ("export",))
    assert [one.test for one in evidence] == ["policy"]


def test_a_declared_organisation_stays_declared_when_a_rule_fires(accounts: Accounts) -> None:
    policy = Policy((Rule("owner", owners=("acme",)),))
    seats = [{"org_id": "acme"} for _ in range(10)]
    finding, _, _ = judge_hidden(accounts([*seats, *STRANGERS]), MEMBERS, SEEN, Settings(), policy=policy)
    assert (finding.answer, finding.rules_fired) == ("no", ("owner",))


def test_the_order_of_accounts_changes_nothing(accounts: Accounts) -> None:
    farm = [{"account_id": f"a{n}", "email_domain": "mailinator.com", "email_shape": "A8D3"} for n in range(10)]
    others = [{**row, "account_id": f"s{n}"} for n, row in enumerate(STRANGERS)]
    there = judge_hidden(accounts([*farm, *others]), MEMBERS, SEEN, Settings())
    back = judge_hidden(accounts([*others, *farm][::-1]), MEMBERS[::-1], SEEN, Settings())
    assert there == back
