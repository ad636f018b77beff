"""Which action at how many bits, for whom: a small TOML file, read and checked once.

In: a path or the name of one of three examples. Out: a frozen `Policy`. docs/how-to/act-on-a-campaign.md describes
the file. A rule can only ask for a verdict that accuses, and for bits above 0.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from stillwatch.errors import SettingsError
from stillwatch.types import ACCUSED_OF, Action, Scope, Verdict

Who = Literal["members", "marks", "continuations"]
Cohort = Literal["at_once", "random"]
POLICIES = ("frontier-provider", "gateway-operator", "small-host")
_HELP = "see docs/how-to/act-on-a-campaign.md"
_MOST_HOURS = 87_600  # ten years
_MARKS = (Scope.ADDRESS, Scope.NETWORK, Scope.CLIENT, Scope.SCAFFOLD)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Of the rules that fit a member, the first in the file counts.

    who: the members of a campaign, what marks it, or fresh accounts that continue it. together_bits: what the
    campaign must have. bits: what the member (log2 odds), the mark (lift) or the continuation must have besides.
    most_strangers: others that may show a mark. hours: how long it lasts. requests: of a throttle or a cap.
    enforce: whether an approval may make it real; without, it stays simulated.
    """

    who: Who
    action: Action
    reason_code: str
    verdicts: frozenset[Verdict]
    together_bits: float
    bits: float
    hours: float
    scope: Scope = Scope.ACCOUNT
    most_strangers: int = 0
    requests: int = 0
    enforce: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in order; accounts that an action may touch in an hour; when the accounts of a campaign are acted on.

    cohort: all members of a campaign at once, or all at one time drawn within `within_hours`.
    """

    name: str
    rules: tuple[Rule, ...]
    caps_per_hour: Mapping[Action, int]
    cohort: Cohort = "at_once"
    within_hours: float = 0.0


def load_policy(name: str) -> Policy:
    """Read a policy: one of `POLICIES`, or the path of a file.

    Raises:  SettingsError: the file is not TOML, or holds an unknown key or a value outside its range.
    """
    try:
        source = files(__package__) / "policies" / f"{name}.toml" if name in POLICIES else Path(name)
        values = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"policy {name}: cannot be read as TOML ({fault}); {_HELP}") from fault
    try:
        return _policy(values)
    except (TypeError, ValueError, KeyError, AttributeError) as fault:
        raise SettingsError(f"policy {name}: {fault}; {_HELP}") from fault


def _policy(values: dict[str, Any]) -> Policy:
    timing = values.pop("timing", {})
    caps = {Action(action): _whole(action, count) for action, count in values.pop("caps_per_hour", {}).items()}
    rules = tuple(_rule(number, row) for number, row in enumerate(values.pop("rule", []), start=1))
    made = Policy(values.pop("name"), rules, caps, **timing)
    if values:
        raise ValueError(f"unknown key {min(values)!r}")
    _check(made.cohort in get_args(Cohort), f"timing.cohort is one of {get_args(Cohort)}")
    _check(0 <= made.within_hours <= _MOST_HOURS, f"timing.within_hours must be 0 to {_MOST_HOURS:,}")
    _check((made.cohort == "random") == (made.within_hours > 0), "random wants within_hours")
    uncapped = sorted({rule.action for rule in rules} - set(caps) - {Action.WATCH})
    _check(not uncapped, f"caps_per_hour must name {', '.join(uncapped)}")
    return made


def _rule(number: int, row: dict[str, Any]) -> Rule:
    unknown = set(row) - {f.name for f in fields(Rule)}
    _check(not unknown, f"rule {number}: unknown key {sorted(unknown)[:1]}")
    rule = Rule(**{
        **row,
        "action": Action(row["action"]),
        "verdicts": frozenset(Verdict(v) for v in row["verdicts"]),
        "scope": Scope(row.get("scope", Scope.ACCOUNT)),
    })  # fmt: skip
    _check(rule.who in get_args(Who), f"rule {number}: who is one of {get_args(Who)}")
    _check(bool(rule.verdicts) and rule.verdicts <= ACCUSED_OF, f"rule {number}: verdicts must be ones that accuse")
    _check(0 < rule.together_bits < inf and 0 < rule.bits < inf, f"rule {number}: bits must be above 0 and no infinity")
    _check(0 < rule.hours <= _MOST_HOURS, f"rule {number}: hours must be above 0 and at most {_MOST_HOURS:,}")
    _check(isinstance(rule.enforce, bool), f"rule {number}: enforce is true or false")
    _check((rule.scope in _MARKS) == (rule.who == "marks"), f"rule {number}: scope does not fit who")
    limited = rule.action in (Action.THROTTLE, Action.CAP)
    _check(limited == (rule.requests > 0), f"rule {number}: requests go with throttle and cap, and only with them")
    return rule


def _whole(name: str, count: object) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError(f"caps_per_hour.{name} must be a whole number of at least 1")
    return count


def _check(holds: bool, rule: str) -> None:  # noqa: FBT001 - a predicate, private
    if not holds:
        raise ValueError(rule)
