"""Verdicts and actions: pure, and every combination is written down.

In: the answers to three questions; later, accused campaigns and a policy. Out: a `Verdict`; a `Plan` of decisions.
Order inside: `verdict` -> `policy` (a file of rules) -> `proposing` (campaigns and rules to decisions).
"""

from stillwatch.decide.policy import POLICIES, Policy, Rule, load_policy
from stillwatch.decide.proposing import approved, decision_id, linked, propose
from stillwatch.decide.verdict import decide

__all__ = ["POLICIES", "Policy", "Rule", "approved", "decide", "decision_id", "linked", "load_policy", "propose"]
