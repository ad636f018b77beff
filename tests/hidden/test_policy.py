"""The provider's rules fire on whom they name, and a wrong file is refused with the place of the fault."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.errors import SettingsError
from stillwatch.hidden.policy import NO_POLICY, Policy, Rule, apply_policy, load_policy, member_models
from stillwatch.hidden.population import Population
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import SKETCHED

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]

FILE = """
[[rule]]
name = "export"
countries = ["aa", "BB"]
models = ["atlas-2"]

[[rule]]
name = "owner"
owners = ["org-7"]
domains = ["Owner.example"]
members_fraction = 0.5
"""


def _load(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(str(path))


def test_a_file_is_read_as_written(tmp_path: Path) -> None:
    export, owner = _load(tmp_path, FILE).rules
    assert export == Rule("export", countries=("AA", "BB"), models=("atlas-2",))
    assert owner == Rule("owner", owners=("org-7",), domains=("owner.example",), members_fraction=0.5)


def test_no_file_means_no_rules() -> None:
    assert load_policy("") == NO_POLICY


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rule = 3", r"holds \[\[rule\]\] tables"),
        ("[[rules]]\nname='x'", r"holds \[\[rule\]\] tables"),
        ("[[rule]]\nowners=['x']", "rule 1: needs a name"),
        ("[[rule]]\nname='x'", "names nobody"),
        ("[[rule]]\nname='x'\nowner=['y']", "unknown key 'owner'"),
        ("[[rule]]\nname='x'\nowners='y'", "owners must be a list"),
        ("[[rule]]\nname='x'\nowners=['y']\nmembers_fraction=2.0", "fraction from 0.0 to 1.0"),
        ("[[rule]]\nname='x'\ncountries=['AA']\ncountry_of=['moon']", "country_of may hold"),
        ("[[rule]]\nname='x'\nowners=['y']\n[[rule]]\nname='x'\nowners=['y']", "same name"),
        ("not toml", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_way_out(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault) as refused:
        _load(tmp_path, text)
    assert "docs/how-to/region-policy.md" in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_policy(str(tmp_path / "absent.toml"))


def _models(rows: list[tuple[str, str]]) -> pa.Table:
    return pa.table({"account_id": [a for a, _ in rows], "model": [m for _, m in rows]})


def test_a_rule_fires_on_the_country_and_the_model_it_names(accounts: Accounts) -> None:
    found = accounts([{"country": "AA"}, {"declared_country": "AA"}, {"country": "DE"}])
    rule = Rule("export", countries=("AA",), models=("atlas-2",))
    models = _models([("a0", "atlas-2-mini"), ("a1", "atlas-1"), ("a2", "atlas-2")])
    result = apply_policy(Policy((rule,)), found, np.ones(3, bool), models)
    assert result.fired == ("export",)
    assert result.evidence[0].claim == "Rule export: 1 of 3 accounts belong to AA and used models atlas-2."


def test_its_twin_on_another_model_does_not_fire(accounts: Accounts) -> None:
    found = accounts([{"country": "AA"}, {"country": "DE"}])
    rule = Rule("export", countries=("AA",), models=("atlas-2",))
    result = apply_policy(Policy((rule,)), found, np.ones(2, bool), _models([("a0", "atlas-1"), ("a1", "atlas-2")]))
    assert result.fired == ()


def test_a_rule_about_models_is_not_evaluated_without_them(accounts: Accounts) -> None:
    found = accounts([{"country": "AA"}])
    result = apply_policy(Policy((Rule("export", ("AA",), models=("x",)),)), found, np.ones(1, bool), None)
    assert result.fired == ()
    assert [missing.missing for missing in result.not_evaluated] == ["model"]


def test_one_traveller_among_many_is_no_violation(accounts: Accounts) -> None:
    found = accounts([{"country": "AA"}, *({"country": "DE"} for _ in range(99))])
    rule = Rule("export", countries=("AA",))
    assert apply_policy(Policy((rule,)), found, np.ones(100, bool), None).fired == ()


def test_a_rule_looks_only_at_the_countries_it_names(accounts: Accounts) -> None:
    found = accounts([{"country": "AA", "phone_country": "BB"}])
    rules = Policy((Rule("phone", ("AA",), country_of=("phone",)), Rule("address", ("AA",), country_of=("address",))))
    assert apply_policy(rules, found, np.ones(1, bool), None).fired == ("address",)


def test_owners_are_known_by_organisation_or_by_domain(accounts: Accounts) -> None:
    found = accounts(
        [{"org_id": "org-7"}, {"email_domain": "mail.owner.example"}, {"email_domain": "notowner.example"}]
    )
    rule = Rule("owner", owners=("org-7",), domains=("owner.example",))
    result = apply_policy(Policy((rule,)), found, np.ones(3, bool), None)
    assert result.evidence[0].claim.startswith("Rule owner: 2 of 3 accounts")


def test_models_are_listed_for_members_only() -> None:
    rows = [
        {"account_key": key, "account_id": f"a{key}", "model": model, "exchange_key": n, "exchange_id": str(n)}
        for n, (key, model) in enumerate([(1, "x"), (1, "x"), (1, "y"), (2, "x")])
    ]
    filled = [{name: row.get(name) for name in SKETCHED.names} for row in rows]
    members = pa.table({"campaign_id": ["c"], "account_key": pa.array([1], pa.int64())})
    with DuckDBEngine(Settings()) as engine:
        sketched = engine.adopt(pa.Table.from_pylist(filled, arrow_schema(SKETCHED)), "sketched")
        found = engine.run(member_models(sketched, engine.adopt(members, "members"))).to_pylist()
    assert sorted((r["account_id"], r["model"], r["exchanges"]) for r in found) == [("a1", "x", 2), ("a1", "y", 1)]


def test_other_rules_under_the_same_name_are_other_settings(tmp_path: Path) -> None:
    before = _load(tmp_path, FILE).with_settings("ab12")
    assert _load(tmp_path, FILE).with_settings("ab12") == before
    assert _load(tmp_path, FILE.replace("org-7", "org-8")).with_settings("ab12") != before
    assert NO_POLICY.with_settings("ab12") == "ab12"
