"""A scenario: what is simulated, in a small declarative TOML file.

In: a name of a shipped scenario or a path. Out: a checked `Scenario`.
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

SHIPPED = ("demo", "benign", "bench", "february", "june", "september")
LEAST_OPERATOR_ACCOUNTS = 12
TWIN_KINDS = (
    "nightly_evaluation", "migrated_workload", "ci_runners", "small_team", "llm_gateway",
    "stripped_metadata", "audit_trail", "failover_router", "release_benchmark", "drift_monitor",
    "rag_backfill", "declared_synthetic", "company_seats", "classroom", "coding_tool", "bot_platform",
    "carrier_nat", "reseller", "viral_prompt", "workshop", "public_benchmark", "outage_return",
)  # fmt: skip
CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": ("steady", "tide", "shift"),
    "timing": ("scheduler", "jittered", "human", "replayed"),
    "wording": ("phrases", "clauses"),
    "system": ("half", "fixed", "none"),
    "repeat_wording": ("same", "anew"),
    "student": ("none", "fixed", "improving"),
}
AT_LEAST_ONE = {"turns", "repeats", "paraphrases", "clients", "parameter_sets", "generations", "card_group"}


@dataclass(frozen=True, slots=True)
class Operator:
    """One campaign. Fractions are 0..1; `targets` are relative weights; times are hours after the window's start.

    Size and period:
      start_hour: when it begins; active_days: how long it lasts, 0: until the window ends.
      onboarding_fraction: share of the window over which waves of new accounts arrive; aged_hours: mean time between an
      account's sign-up and its first exchange; ramp_hours: every account speeds up this long, 0: full speed at once;
      probing_hours: slow first hours of the whole campaign, 0: none.
    What it asks:
      scaffolds: fixed instructions in all, 0: bare tasks; paraphrases: wordings of each; wording: `phrases` varies
      words of one sentence, `clauses` puts every wording together anew; system: `half` of the scaffolds have a system
      prompt, one `fixed` text stands in every request, or `none`.
      repeats: how often each task is asked in all, by whichever accounts are next in line; repeat_wording: in the
      `same` words, or `anew` in any wording of its scaffold.
      cover_fraction: unrelated customers' exchanges mixed into the same accounts.
      chinese_fraction: share of the harvest in Chinese; scripts_fraction: share in seven other languages and scripts
      around an English task.
      student: whose answers are graded: `none` an answer to any question, `fixed` a weak answer to this one,
      `improving` answers to this one that get better along the campaign.
      pivot_fraction: share of traffic that moves to the new model within a day of its release, 0: as customers move.
      turns: mean length of its conversations.
    When it asks:
      schedule: hours of the queue; timing: accounts follow it (`scheduler`), each with noise of its own (`jittered`),
      or live like people of their country (`human`), or repeat a real client's hours and gaps (`replayed`).
    Who it says it is:
      card_group: accounts on one payment card, at most; card_fraction: accounts that share one at all.
      own_network_fraction: accounts behind a residential address block of their own; exit_addresses: addresses of the
      whole operator, 0: as `own_network_fraction` says; proxy_pool: operators that name one pool share its addresses.
      own_domain_fraction: accounts on two mail domains of its own; disposable_fraction: on throwaway mail;
      patterned_fraction: e-mail names built by one pattern.
      clients, parameter_sets: how many clients and request parameters it rotates, drawn as customers draw them but one.
    What it does when banned:
      replaced_fraction: places whose account is closed midway and continued by a fresh account.
      generations: accounts of one place, one after the other, each banned but the last; 1: as `replaced_fraction` says.
      failover_hour: when its first pool, half of the accounts, is banned as a whole and the second takes over within
      minutes; 0: never.
    """

    name: str
    accounts: int
    exchanges: int
    targets: Mapping[str, float]
    scaffolds: int = 4
    paraphrases: int = 6
    wording: str = "phrases"
    system: str = "half"
    repeats: int = 1
    repeat_wording: str = "same"
    cover_fraction: float = 0.0
    chinese_fraction: float = 0.0
    scripts_fraction: float = 0.0
    student: str = "none"
    pivot_fraction: float = 0.0
    card_group: int = 20
    card_fraction: float = 0.3
    own_network_fraction: float = 0.8
    exit_addresses: int = 0
    proxy_pool: str = ""
    own_domain_fraction: float = 0.15
    disposable_fraction: float = 0.15
    patterned_fraction: float = 0.6
    clients: int = 4
    parameter_sets: int = 5
    turns: float = 1.0
    schedule: str = "steady"
    timing: str = "scheduler"
    start_hour: float = 24.0
    active_days: float = 0.0
    onboarding_fraction: float = 0.25
    aged_hours: float = 30.0
    ramp_hours: float = 0.0
    probing_hours: float = 36.0
    replaced_fraction: float = 0.15
    generations: int = 1
    failover_hour: float = 0.0


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
    written_hours: hours after the start between which exchanges are written, None for all: a provider that begins to
    log in the middle.
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
    written_hours: tuple[float, float] | None = None

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

    def between(self, first_hour: float, last_hour: float) -> "Scenario":
        """Give the same scenario, of which only what falls between two hours is written.

        Who asks, and when, is as in the whole; texts, addresses and ids are drawn anew.

        Raises:  SettingsError: the hours are not in order, or not all within the scenario.
        """
        _check_hours(self.name, f"hours {first_hour:g}:{last_hour:g}", (first_hour, last_hour), self.days)
        return replace(self, written_hours=(first_hour, last_hour))

    def over(self, days: int) -> "Scenario":
        """Give the same scenario over another number of days: everybody keeps the pace, phases move with the window.

        Raises:  SettingsError: days are not from 2 to 120.
        """
        fraction = days / self.days
        outage, written = self.outage_hours, self.written_hours
        if outage:
            outage = (outage[0] * fraction, outage[0] * fraction + outage[1] - outage[0])
        shorter = replace(
            self,
            days=days,
            exchanges=max(self.accounts, round(self.exchanges * fraction)),
            release_hour=self.release_hour * fraction,
            outage_hours=outage,
            written_hours=written and (written[0] * fraction, written[1] * fraction),
            operators=tuple(_shifted_operator(operator, fraction) for operator in self.operators),
        )
        return checked(f"{self.name} over {days} days", shorter)


def _shifted_operator(operator: Operator, fraction: float) -> Operator:
    phases = ("start_hour", "active_days", "ramp_hours", "probing_hours", "failover_hour")
    shorter = {name: getattr(operator, name) * fraction for name in phases}
    exchanges = max(operator.accounts, round(operator.exchanges * fraction))
    return replace(operator, exchanges=exchanges, **shorter)


def _scaled_operator(operator: Operator, scale: float) -> Operator:
    accounts = max(min(LEAST_OPERATOR_ACCOUNTS, operator.accounts), round(operator.accounts * scale))
    least = round(min(10, operator.exchanges / operator.accounts) * accounts)
    return replace(
        operator,
        accounts=accounts,
        exchanges=max(least, round(operator.exchanges * scale)),
        exit_addresses=operator.exit_addresses and max(1, round(operator.exit_addresses * scale)),
    )


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
        raise SettingsError(f"{where}: not a scenario ({fault}); shipped: {', '.join(SHIPPED)}") from fault
    return checked(where, _scenario(where, values))


def _scenario(where: str, values: dict[str, Any]) -> Scenario:
    operators = tuple(_build(where, Operator, row) for row in values.pop("operator", ()))
    twins = tuple(_build(where, Twin, row) for row in values.pop("twin", ()))
    spans = {name: _span(where, name, values.pop(name, [])) for name in ("outage_hours", "written_hours")}
    built: Scenario = _build(where, Scenario, {**values, **spans, "operators": operators, "twins": twins})
    start = built.start if built.start.tzinfo else built.start.replace(tzinfo=UTC)
    return replace(built, start=start)


def _span(where: str, name: str, told: Any) -> tuple[float, float] | None:
    """Two hours, or None for an empty list."""
    numbers = isinstance(told, list) and all(type(hour) in {int, float} for hour in told)
    _check(where, name, numbers and len(told) in {0, 2}, "must be two numbers, [from, to], or an empty list")
    return (told[0], told[1]) if told else None


def _build(where: str, kind: type[Any], values: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    for key in values:
        if key not in known:
            raise SettingsError(f"{where}: {kind.__name__.lower()} has no {key!r}; known: {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as fault:
        raise SettingsError(f"{where}: {fault}") from fault


def checked(where: str, scenario: Scenario) -> Scenario:
    """Give the scenario back if every value is in its range.

    Raises:  SettingsError: one is not; `where` and the name of the value are in the message.
    """
    _check(where, "accounts", scenario.accounts > 0, "must be positive")
    _check(where, "exchanges", scenario.exchanges >= scenario.accounts, "must be at least one per account")
    _check(where, "days", 2 <= scenario.days <= 120, "must be from 2 to 120")
    if scenario.written_hours:
        _check_hours(where, "written_hours", scenario.written_hours, scenario.days)
    for operator in scenario.operators:
        _check_operator(where, operator)
    for twin in scenario.twins:
        if twin.kind not in TWIN_KINDS:
            raise SettingsError(f"{where}: no twin is called {twin.kind!r}; known: {', '.join(TWIN_KINDS)}")
        _check(where, f"size of {twin.kind}", 1 <= twin.low <= twin.high, "must have 1 <= low <= high")
    return scenario


def _check_hours(where: str, what: str, hours: tuple[float, float], days: int) -> None:
    _check(where, what, 0 <= hours[0] < hours[1] <= 24 * days, f"must be in order, from 0 to {24 * days}")


def _check_operator(where: str, operator: Operator) -> None:
    unknown = set(operator.targets) - set(Target)
    _check(where, f"targets of {operator.name}", not unknown and bool(operator.targets), "must name targets")
    _check(
        where,
        f"exchanges of {operator.name}",
        1 <= operator.accounts <= operator.exchanges,
        "must be at least one per account, of at least one account",
    )
    pooled = not operator.proxy_pool or operator.exit_addresses > 0
    _check(where, f"proxy_pool of {operator.name}", pooled, "needs exit_addresses")
    foreign = operator.chinese_fraction + operator.scripts_fraction
    _check(where, f"chinese_fraction and scripts_fraction of {operator.name}", foreign <= 1, "must be at most 1 in all")
    for name in (f.name for f in fields(Operator)):
        value, what = getattr(operator, name), f"{name} of {operator.name}"
        if name in CHOICES:
            _check(where, what, value in CHOICES[name], f"must be one of {', '.join(CHOICES[name])}")
        if name in AT_LEAST_ONE:
            _check(where, what, value >= 1, "must be at least 1")
        if name.endswith("_fraction"):
            _check(where, what, 0 <= value <= 1, "must be from 0 to 1")
        if name.endswith(("_hour", "_hours", "_days")) or name in {"scaffolds", "exit_addresses"}:
            _check(where, what, value >= 0, "must not be negative")


def _check(where: str, what: str, holds: bool, rule: str) -> None:  # noqa: FBT001 - a predicate, private
    if not holds:
        raise SettingsError(f"{where}: {what} {rule}")
