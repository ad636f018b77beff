"""The answer to "hidden?": declared relations against the ones that were found.

In: the population, one campaign's members, the columns that hold anything, a policy. Out: a `HiddenFinding`.

The rule: "no" if the members declare that they belong together; "yes" if they declare none although the log knows
somebody's identity, so that they could have; otherwise "not_evaluated", unless a policy rule fired. The bits of the
tests are evidence for a reader, the answer does not rest on them.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import pyarrow as pa

from stillwatch.hidden.country import country_evidence, country_share
from stillwatch.hidden.declared import Declared, declared_relation
from stillwatch.hidden.disposable import disposable_evidence, disposable_share
from stillwatch.hidden.group_share import GroupShare
from stillwatch.hidden.patterned import pattern_evidence, pattern_share
from stillwatch.hidden.policy import NO_POLICY, Policy, PolicyFinding, apply_policy
from stillwatch.hidden.population import Population, population
from stillwatch.settings import Settings
from stillwatch.types import Answer, Evidence, HiddenFinding, NotEvaluated

# A relation can be declared only where one of these is recorded; a country alone declares nothing.
IDENTITY_COLUMNS = ("org_id", "email_domain", "payment_fingerprint")


def judge_hidden(  # noqa: PLR0913 - one campaign, and what it is judged against
    accounts: Population | pa.Table,
    member_ids: Iterable[str],
    seen_columns: AbstractSet[str],
    settings: Settings,
    policy: Policy = NO_POLICY,
    *,
    models: pa.Table | None = None,
) -> tuple[HiddenFinding, tuple[Evidence, ...], tuple[NotEvaluated, ...]]:
    """Answer whether a campaign's accounts pose as unrelated.

    Args:    accounts: the accounts table, or the `Population` made of it once for many campaigns.
             seen_columns: names of the input columns that hold a value for anybody.
             models: rows of `member_models` of this campaign, for rules about models.
    """
    accounts = population(accounts) if isinstance(accounts, pa.Table) else accounts
    members = accounts.members(member_ids)
    declared = declared_relation(accounts, members, settings)
    disposable, pattern = disposable_share(accounts, members), pattern_share(accounts, members)
    country = country_share(accounts, members)
    rules = apply_policy(policy, accounts, members, models)
    finding = HiddenFinding(
        answer=_answer(declared, rules, seen_columns),
        declared_share_fraction=declared.share_fraction if set(IDENTITY_COLUMNS[:2]) & seen_columns else None,
        largest_organisation=declared.largest,
        organisations=declared.organisations,
        disposable_email_fraction=_fraction(disposable),
        country_mismatch_fraction=_fraction(country),
        rules_fired=rules.fired,
    )
    evidence = [declared.evidence] if set(IDENTITY_COLUMNS) & seen_columns else []
    evidence += [disposable_evidence(disposable)] if disposable.members else []
    evidence += [pattern_evidence(accounts, members, pattern)] if pattern.members else []
    evidence += [country_evidence(country)] if country.members else []
    missing = _missing(seen_columns, (disposable, pattern, country))
    return finding, (*evidence, *rules.evidence), (*missing, *rules.not_evaluated)


def _answer(declared: Declared, rules: PolicyFinding, seen_columns: AbstractSet[str]) -> Answer:
    if declared.relation:
        return "no"
    if rules.fired or set(IDENTITY_COLUMNS) & seen_columns:
        return "yes"
    return "not_evaluated"


def _fraction(share: GroupShare) -> float | None:
    return share.hits / share.members if share.members else None


def _missing(seen_columns: AbstractSet[str], shares: tuple[GroupShare, GroupShare, GroupShare]) -> list[NotEvaluated]:
    """Name the tests that did not run and the columns that would turn them on."""
    disposable, pattern, country = shares
    missing = []
    if not set(IDENTITY_COLUMNS) & seen_columns:
        missing.append(NotEvaluated("declared relation", "hidden", " or ".join(IDENTITY_COLUMNS)))
    if not disposable.members:
        missing.append(NotEvaluated("disposable e-mail", "hidden", "email_domain"))
    if not pattern.members:
        missing.append(NotEvaluated("patterned e-mail", "hidden", "email_shape"))
    if not country.members:
        missing.append(NotEvaluated("country mismatch", "hidden", "country, and declared_country or phone_country"))
    return missing
