"""A scenario: what is simulated, in a small declarative TOML file.

In: a name of a shipped scenario or a path. Out: a checked `Scenario`. Shipped: demo, february, benign.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingsError
from stillwatch.types import Target

LEAST_OPERATOR_ACCOUNTS = 12
TWIN_KINDS = (
    "nightly_evaluation", "migrated_workload", "ci_runners", "small_team", "llm_gateway",
    "stripped_metadata", "audit_trail", "failover_router", "release_benchmark", "drift_monitor",
    "rag_backfill", "declared_synthetic", "company_seats", "classroom", "coding_tool",
    "carrier_nat", "reseller", "viral_prompt", "workshop", "public_benchmark",
)  # fmt: skip
SCHEDULES = ("steady", "tide", "shift")


@dataclass(frozen=True, slots=True)
class Operator:
    """One campaign. Fractions are 0..1; `targets` are relative weights; times are hours after the window's start.

    repeats: how often each task is asked in all, by whichever accounts are next in line.
    cover_fraction: ordinary-looking exchanges mixed into the same accounts.
    pivot_fraction: share of traffic that moves to the new model within a day of its release.
    card_group: accounts on one payment card, at most; card_fraction: accounts that share one at all.
    own_network_fraction: accounts behind a residential address of their own.
    turns: mean length of its conversations; schedule: steady, tide or shift.
    replaced_fraction: places whose account is closed midway and continued by a fresh account.
    """

    name: str
    accounts: int
    exchanges: int
    targets: Mapping[str, float]
    scaffolds: int = 4
    paraphrases: int = 6
    repeats: int = 1
    cover_fraction: float = 0.0
    probe_fraction: float = 0.01
    pivot_fraction: float = 0.0
    card_group: int = 20
    card_fraction: float = 0.3
    own_network_fraction: float = 0.8
    replaced_fraction: float = 0.15
    disposable_fraction: float = 0.15
    clients: int = 4
    turns: float = 1.0
    schedule: str = "steady"
    start_hour: float = 24.0


@dataclass(frozen=True, slots=True)
class Twin:
    """Innocent accounts that look like a campaign in one respect: `groups` groups of `low` to `high` accounts."""

    kind: str
    groups: int
    low: int = 1
    high: int = 1
    size_scales: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is simulated. `accounts` and `exchanges` count the benign side, twins included.

    days: length of the window; start: its first moment, a Monday. release_hour: when "atlas-2" appears.
    outage_hours: hours after the start between which nobody is served; empty for none.
    """

    name: str
    accounts: int
    exchanges: int
    days: int = 14
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    release_hour: float = 200.0
    outage_hours: tuple[float, float] | None = None
    operators: tuple[Operator, ...] = ()
    twins: tuple[Twin, ...] = ()
    missing_fraction: float = 0.02
    scale: float = field(default=1.0)

    def scaled(self, scale: float) -> "Scenario":
        """Give the same scenario at another size; campaigns keep at least 12 accounts, twins at least one group."""
        _check(self.name, "scale", scale > 0, "must be above 0")
        return replace(
            self,
            accounts=max(200, round(self.accounts * scale)),
            exchanges=max(2_000, round(self.exchanges * scale)),
            operators=tuple(_scaled_operator(o, scale) for o in self.operators),
            twins=tuple(_scaled_twin(t, scale) for t in self.twins),
            scale=self.scale * scale,
        )


def _scaled_operator(operator: Operator, scale: float) -> Operator:
    accounts = max(LEAST_OPERATOR_ACCOUNTS, round(operator.accounts * scale))
    return replace(operator, accounts=accounts, exchanges=max(10 * accounts, round(operator.exchanges * scale)))


def _scaled_twin(twin: Twin, scale: float) -> Twin:
    if twin.size_scales:
        low, high = (max(3, round(n * scale)) for n in (twin.low, twin.high))
        return replace(twin, low=low, high=high)
    return replace(twin, groups=max(1, round(twin.groups * scale)))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a shipped scenario by name, or a TOML file by path.

    Raises:  SettingsError: there is no such scenario, an unknown key, or a value out of range.
    """
    shipped = files("stillwatch.simulate") / "scenarios" / f"{name_or_path}.toml"
    where = str(name_or_path)
    try:
        text = shipped.read_text("utf-8") if shipped.is_file() else Path(name_or_path).read_text("utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{where}: not a scenario ({fault}); shipped: demo, february, benign") from fault
    return _checked(where, _scenario(where, values))


def _scenario(where: str, values: dict[str, Any]) -> Scenario:
    operators = tuple(_build(where, Operator, row) for row in values.pop("operator", ()))
    twins = tuple(_build(where, Twin, row) for row in values.pop("twin", ()))
    outage = values.pop("outage_hours", None)
    whole = {**values, "outage_hours": tuple(outage) if outage else None, "operators": operators, "twins": twins}
    built: Scenario = _build(where, Scenario, whole)
    start = built.start if built.start.tzinfo else built.start.replace(tzinfo=UTC)
    return replace(built, start=start)


def _build(where: str, kind: type[Any], values: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    for key in values:
        if key not in known:
            raise SettingsError(f"{where}: {kind.__name__.lower()} has no {key!r}; known: {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as fault:
        raise SettingsError(f"{where}: {fault}") from fault


def _checked(where: str, scenario: Scenario) -> Scenario:
    _check(where, "accounts", scenario.accounts > 0, "must be positive")
    _check(where, "exchanges", scenario.exchanges >= scenario.accounts, "must be at least one per account")
    _check(where, "days", 2 <= scenario.days <= 120, "must be from 2 to 120")
    for operator in scenario.operators:
        unknown = set(operator.targets) - set(Target)
        _check(where, f"targets of {operator.name}", not unknown and bool(operator.targets), "must name targets")
        _check(
            where,
            f"schedule of {operator.name}",
            operator.schedule in SCHEDULES,
            f"must be one of {', '.join(SCHEDULES)}",
        )
        _check(where, f"turns of {operator.name}", operator.turns >= 1, "must be at least 1")
        _check(where, f"repeats of {operator.name}", operator.repeats >= 1, "must be at least 1")
        for name in (f.name for f in fields(Operator) if f.name.endswith("_fraction")):
            _check(where, f"{name} of {operator.name}", 0 <= getattr(operator, name) <= 1, "must be from 0 to 1")
    for twin in scenario.twins:
        if twin.kind not in TWIN_KINDS:
            raise SettingsError(f"{where}: no twin is called {twin.kind!r}; known: {', '.join(TWIN_KINDS)}")
        _check(where, f"size of {twin.kind}", 1 <= twin.low <= twin.high, "must have 1 <= low <= high")
    return scenario


def _check(where: str, what: str, holds: bool, rule: str) -> None:  # noqa: FBT001 - a predicate, private
    if not holds:
        raise SettingsError(f"{where}: {what} {rule}")
