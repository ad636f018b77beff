"""Region and ownership policy: who may not use which models, by a file the provider writes.

In: a TOML file, the accounts, the models their exchanges name. Out: the rules that fired, each with its name and
numbers. docs/how-to/region-policy.md describes the file. A rule is the provider's decision: it has no bits.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from stillwatch.errors import SettingsError
from stillwatch.hidden.population import Mask, Population
from stillwatch.types import Evidence, NotEvaluated

CountryOf = Literal["address", "declared", "phone"]
_COUNTRIES_OF: tuple[CountryOf, ...] = ("address", "declared", "phone")
_MEMBERS_FRACTION = 0.05
_SCALARS = ("name", "members_fraction")
_HELP = "see docs/how-to/region-policy.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: accounts of these countries, organisations or mail domains may not use models with these prefixes.

    countries: ISO 3166 alpha-2, compared with the countries in `country_of`; owners: organisation ids; domains: mail
    domains, subdomains included; models: prefixes, empty for every model. The rule fires when at least
    `members_fraction` of a campaign's accounts fit: one traveller among thousands is no violation.
    """

    name: str
    countries: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    country_of: tuple[str, ...] = _COUNTRIES_OF
    members_fraction: float = _MEMBERS_FRACTION


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one file, in its order."""

    rules: tuple[Rule, ...] = ()

    @property
    def names_models(self) -> bool:
        """Whether any rule is about some models only."""
        return any(rule.models for rule in self.rules)

    def with_settings(self, settings_hash: str) -> str:
        """Hash settings and rules together; settings name the file of the rules, not what stands in it."""
        if not self.rules:
            return settings_hash
        return hashlib.sha256(f"{settings_hash} {self.rules!r}".encode()).hexdigest()[:16]


NO_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """Names of the rules that fired, a sentence each, and the rules that could not be checked."""

    fired: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    not_evaluated: tuple[NotEvaluated, ...]


def load_policy(path: str) -> Policy:
    """Read a policy file; an empty path means no rules.

    Raises:  SettingsError: the file is not TOML, or a rule has an unknown key or a value of the wrong kind.
    """
    if not path:
        return NO_POLICY
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{path}: cannot be read as TOML ({fault}); {_HELP}") from fault
    rows = values.pop("rule", [])
    if values or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"{path}: a policy file holds [[rule]] tables and nothing else; {_HELP}")
    rules = tuple(_rule(f"{path}: rule {number}", row) for number, row in enumerate(rows, start=1))
    if len({rule.name for rule in rules}) < len(rules):
        raise SettingsError(f"{path}: two rules have the same name; {_HELP}")
    return Policy(rules)


def member_models(sketched: ir.Table, members: ir.Table) -> ir.Table:
    """List the models each member asked for: (campaign_id, account_id, model, exchanges)."""
    belongs = members.select("campaign_id", "account_key").distinct()
    rows = sketched.select("account_key", "account_id", "model").inner_join(belongs, "account_key")
    return rows.group_by("campaign_id", "account_id", "model").agg(exchanges=lambda t: t.count())


def apply_policy(policy: Policy, accounts: Population, members: Mask, models: pa.Table | None) -> PolicyFinding:
    """Tell which rules the members break. `models`: rows of `member_models` of this campaign, or None if unknown."""
    fired, evidence, missing = [], [], []
    for rule in policy.rules:
        if rule.models and models is None:
            missing.append(NotEvaluated(f"policy rule {rule.name}", "hidden", "model"))
            continue
        breaking = members & _named(rule, accounts) & _using(rule, accounts, models)
        count, size = int(breaking.sum()), int(members.sum())
        if count and count >= rule.members_fraction * size:
            fired.append(rule.name)
            evidence.append(Evidence("policy", "hidden", 0.0, _claim(rule, count, size)))
    return PolicyFinding(tuple(fired), tuple(evidence), tuple(missing))


def _named(rule: Rule, accounts: Population) -> Mask:
    """Tell which accounts a rule names by country, organisation or domain."""
    columns = {
        "address": accounts.address_country,
        "declared": accounts.declared_country,
        "phone": accounts.phone_country,
    }
    named = accounts.organisation.among(rule.owners)
    for source in rule.country_of:
        named = named | columns[source].among(rule.countries)
    owned = (value for value in accounts.domain.values if _under(value, rule.domains))
    return np.asarray(named | accounts.domain.among(owned), np.bool_)


def _using(rule: Rule, accounts: Population, models: pa.Table | None) -> Mask:
    """Tell which accounts asked for a model that the rule keeps from them."""
    if not rule.models or models is None:
        return np.ones(len(accounts.account_ids), np.bool_)
    pairs = zip(models["account_id"].to_pylist(), models["model"].to_pylist(), strict=True)
    return accounts.members({str(account) for account, model in pairs if str(model).startswith(rule.models)})


def _under(domain: str, owned: tuple[str, ...]) -> bool:
    return any(domain == name or domain.endswith(f".{name}") for name in owned)


def _claim(rule: Rule, count: int, size: int) -> str:
    kept = f"models {', '.join(rule.models)}" if rule.models else "any model"
    who = [*rule.countries, *rule.owners, *rule.domains]
    return f"Rule {rule.name}: {count:,} of {size:,} accounts belong to {', '.join(who)} and used {kept}."


def _rule(place: str, row: Mapping[str, Any]) -> Rule:
    """Check one rule of the file."""
    known = [field.name for field in fields(Rule)]
    unknown = sorted(set(row) - set(known))
    if unknown:
        raise SettingsError(f"{place}: unknown key {unknown[0]!r}; known: {', '.join(known)}; {_HELP}")
    name, fraction = row.get("name"), row.get("members_fraction", _MEMBERS_FRACTION)
    if not isinstance(name, str) or not name:
        raise SettingsError(f"{place}: needs a name; {_HELP}")
    if not isinstance(fraction, float) or not 0 <= fraction <= 1:
        raise SettingsError(f"{place}: members_fraction must be a fraction from 0.0 to 1.0; {_HELP}")
    lists = {key: _texts(place, key, row[key]) for key in known if key in row and key not in _SCALARS}
    rule = Rule(name=name, members_fraction=fraction, **lists)
    if not (rule.countries or rule.owners or rule.domains):
        raise SettingsError(f"{place}: names nobody; give countries, owners or domains; {_HELP}")
    if not set(rule.country_of) <= set(_COUNTRIES_OF):
        raise SettingsError(f"{place}: country_of may hold {', '.join(_COUNTRIES_OF)}; {_HELP}")
    return rule


def _texts(place: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise SettingsError(f"{place}: {key} must be a list of texts; {_HELP}")
    cases = {"countries": str.upper, "domains": str.lower}
    return tuple(cases.get(key, str)(text) for text in value)
