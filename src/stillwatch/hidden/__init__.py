"""Do the accounts of a campaign pose as unrelated?

In: the accounts table, a campaign's members, a policy. Out: a `HiddenFinding` with evidence.
`population` makes arrays of the accounts once a run; one file a test; `finding` puts them together.
"""

from stillwatch.hidden.finding import judge_hidden
from stillwatch.hidden.policy import NO_POLICY, Policy, Rule, load_policy, member_models
from stillwatch.hidden.population import Population, population

__all__ = [
    "NO_POLICY",
    "Policy",
    "Population",
    "Rule",
    "judge_hidden",
    "load_policy",
    "member_models",
    "population",
]
