"""Every setting, with its unit, range and reason; read from a TOML file once, at the door.

In: a TOML file of overrides or nothing. Out: a frozen `Settings`. `docs/reference/settings.md` documents each field;
`RANGES` holds what a number may be.
"""

import hashlib
import ipaddress
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from stillwatch.errors import SettingsError


class Range(NamedTuple):
    """What a number may be: from `low` to `high`, or `instead`; `above`: `low` itself is out."""

    low: float
    high: float
    above: bool = False
    instead: float | None = None

    def __str__(self) -> str:
        """The range in words, for messages and for the reference page."""
        span = f"above {self.low:,} and at most {self.high:,}" if self.above else f"{self.low:,} to {self.high:,}"
        return span if self.instead is None else f"{self.instead:,} or {span}"

    def holds(self, number: object, kind: type[int] | type[float]) -> bool:
        """Whether this is a number of the kind (a whole one is also a float, true is none) and in the range."""
        if type(number) is not int and (kind is int or type(number) is not float):
            return False
        if number == self.instead:
            return True
        return (self.low < number if self.above else self.low <= number) and number <= self.high


_FRACTION = Range(0, 1, above=True)
_BITS = Range(0, 100)  # 100 bits are odds that no log is long enough to show
_TEXT_BYTES = 2**31 - 1  # of one value; Arrow's texts and the reader of CSV hold no more
PRICE_USD = Range(0, 1_000_000)
"""US dollars per million tokens."""

RANGES: Mapping[str, Range] = {
    "false_discovery_fraction": _FRACTION,
    "minimum_accounts": Range(3, 1_000_000),
    "membership_bits": _BITS,
    "taking_bits": _BITS,
    "taking_share_fraction": _FRACTION,
    "declared_share_fraction": _FRACTION,
    "continuing_false_fraction": _FRACTION,
    "memory_limit_bytes": Range(128 * 2**20, 2**50, instead=0),
    "threads": Range(0, 1024),
    "batch_rows": Range(1, 10_000_000),
    "row_limit_bytes": Range(1, _TEXT_BYTES),
    "join_limit_bytes": Range(1, 2**50),
    "trusted_hops": Range(0, 32),
    "retention_days": Range(0, 36_500),
}


def _check(what: str, holds: bool, rule: object, found: object = None) -> None:  # noqa: FBT001 - a predicate, private
    """Refuse; a text, list or table is not shown: it may hold a secret."""
    if not holds:
        shown = "" if found is None else f"; found {_WORDS.get(type(found)) or repr(found)[:60]}"
        raise SettingsError(f"{what} must be {rule}{shown}")


_WORDS: Mapping[type, str] = {str: "a text", tuple: "a list", list: "a list", Mapping: "a table", dict: "a table"}


@dataclass(frozen=True, slots=True)
class Price:
    """List price of a model family in US dollars per million tokens; `model` matches as a prefix."""

    model: str
    input_usd: float
    output_usd: float

    def __post_init__(self) -> None:
        _check("model", isinstance(self.model, str), "a text", self.model)
        for name in ("input_usd", "output_usd"):
            _check(name, PRICE_USD.holds(getattr(self, name), float), PRICE_USD, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Release:
    """When a model was released to everybody; `model` matches as a prefix; `at` has a time zone."""

    model: str
    at: datetime

    def __post_init__(self) -> None:
        _check("model", isinstance(self.model, str), "a text", self.model)
        zoned = isinstance(self.at, datetime) and self.at.tzinfo is not None
        _check("at", zoned, "a date and time with its zone, such as 2026-01-13T08:00:00Z", self.at)
        _check("at", 1970 <= self.at.year <= 2200, "in the years 1970 to 2200")


DEFAULT_PRICES: tuple[Price, ...] = (
    Price("claude-opus", 15.0, 75.0),
    Price("claude-sonnet", 3.0, 15.0),
    Price("claude-haiku", 1.0, 5.0),
    Price("gpt-4o-mini", 0.15, 0.60),
    Price("gpt-4o", 2.5, 10.0),
    Price("gpt-5", 1.25, 10.0),
    Price("gemini", 1.25, 10.0),
    Price("atlas-1", 3.0, 15.0),
    Price("atlas-2", 5.0, 25.0),
    Price("atlas-mini", 0.5, 2.0),
)

ENGINES = ("duckdb", "spark")
_OF_THE_MACHINE = (
    "memory_limit_bytes",
    "threads",
    "batch_rows",
    "engine",
    "spark_master",
    "spark_options",
    "kafka_options",
    "database_options",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run may be told. Defaults are what `stillwatch demo` uses.

    false_discovery_fraction: e-BH bounds the expected share of false groups among those accused by this.
    minimum_accounts: groups smaller than this are not tested: dispersion of fewer accounts says nothing.
    membership_bits: log2 odds above which an account is counted as a member; 6.6 bits are 99 %.
    taking_bits: bits of harvest evidence above which the answer to "taking?" is yes or mixed; 4.3 bits are 95 %.
    taking_share_fraction: share of a campaign's exchanges that must be taken for "yes"; below it "mixed".
    declared_share_fraction: share of members in one declared organisation that makes them no strangers.
    continuing_false_fraction: at most this share of innocent fresh accounts is expected to be named as continuing a
        known campaign, over all known campaigns together.
    memory_limit_bytes: what the engine may hold before it spills to disk; 0 is 256 MiB or 8 KiB an account, and twice
        as much where a query does not do with that, up to half of the machine's memory.
    threads: engine threads; 0 means as many as the machine has.
    batch_rows: rows per record batch between reading and sketching.
    row_limit_bytes: a longer row is quarantined unread.
    join_limit_bytes: what is held of exchanges that are spread over several rows or files; beyond it the oldest is
        given as it stands.
    trusted_hops: right-most entries of a forwarded chain of addresses that are the operator's own proxies.
    trusted_networks: networks of the operator's own proxies, such as "10.0.0.0/8"; the client is no address inside.
    prices: list prices; a model without one is named in `leak.unpriced_models`, never counted as free.
    releases: calendar of model releases; traffic that moves to a new model faster than customers' does is evidence of
        taking. Empty: not evaluated.
    engine: where queries run: duckdb, in this process, or spark, on a cluster; see docs/how-to/spark.md.
    spark_master: URL of the Spark master; empty: what the environment says, else all cores of this machine.
    spark_options: options of the Spark session, by name; values are strings.
    kafka_options: options of the Kafka client that `watch` reads topics with, by name; values are strings.
    database_options: what the driver of a database is told beside the URL of a table, such as a password; strings.
    region_policy: path of a TOML policy file, or empty; see docs/how-to/region-policy.md.
    retention_days: days before the last exchange that `watch` keeps sketches of; 0 keeps all.
    """

    false_discovery_fraction: float = 0.01
    minimum_accounts: int = 5
    membership_bits: float = 6.6
    taking_bits: float = 4.3
    taking_share_fraction: float = 0.8
    declared_share_fraction: float = 0.5
    continuing_false_fraction: float = 0.002
    memory_limit_bytes: int = 0
    threads: int = 0
    batch_rows: int = 16_384
    row_limit_bytes: int = 32 * 2**20
    join_limit_bytes: int = 256 * 2**20
    trusted_hops: int = 0
    trusted_networks: tuple[str, ...] = ()
    prices: tuple[Price, ...] = field(default=DEFAULT_PRICES)
    releases: tuple[Release, ...] = ()
    engine: str = "duckdb"
    spark_master: str = ""
    spark_options: Mapping[str, str] = field(default_factory=dict)
    kafka_options: Mapping[str, str] = field(default_factory=dict)
    database_options: Mapping[str, str] = field(default_factory=dict)
    region_policy: str = ""
    retention_days: int = 90

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value, what = getattr(self, name), f"setting {name}"
            if span := RANGES.get(name):
                _check(what, span.holds(value, kind), span, value)
            else:
                _check(what, isinstance(value, kind), _WORDS[kind], value)
        _check("setting trusted_networks", all(map(_is_network, self.trusted_networks)), "networks like 10.0.0.0/8")
        _check("setting engine", self.engine in ENGINES, f"one of {', '.join(ENGINES)}")
        for name in ("spark_options", "kafka_options", "database_options"):
            strings = all(isinstance(value, str) for value in getattr(self, name).values())
            _check(f"setting {name}", strings, 'a table of strings, such as "4g"')

    def fingerprint(self) -> str:
        """Hash of every setting that can change a result; what says where and how to run is left out."""
        values = asdict(self)
        for name in _OF_THE_MACHINE:
            del values[name]
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


_KINDS: Mapping[str, Any] = {f.name: get_origin(f.type) or f.type for f in fields(Settings)}
_ROWS: Mapping[str, type[Price] | type[Release]] = {"prices": Price, "releases": Release}


def load(path: Path | None) -> Settings:
    """Read settings from a TOML file; missing ones keep their defaults.

    Raises:  SettingsError: the file is not TOML, names an unknown setting, or a value is of the wrong type or range.
    """
    if path is None:
        return Settings()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise SettingsError(f"{path}: cannot be read as TOML ({fault}); see docs/reference/settings.md") from fault
    try:
        known_keys("setting", values, Settings)
        return replace(Settings(), **{name: _converted(name, value) for name, value in values.items()})
    except SettingsError as fault:
        raise SettingsError(f"{path}: {fault}; see docs/reference/settings.md") from fault


def known_keys(what: str, values: Mapping[str, Any], kind: type[Any]) -> None:
    """Refuse a key that `kind` does not have, by its name.

    Raises:  SettingsError: there is one; the message lists those known.
    """
    known = {f.name for f in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise SettingsError(f"no {what} is called {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _converted(name: str, value: object) -> Any:
    """Give a value of TOML as a setting holds it; what is of the wrong type stays, for `Settings` to refuse."""
    if name in _ROWS:
        rows = value if isinstance(value, list) else []
        _check(f"setting {name}", rows is value, "a list of tables", value)
        return tuple(_row(f"{name}: entry {number}", _ROWS[name], row) for number, row in enumerate(rows, start=1))
    if isinstance(value, list):
        return tuple(value)
    return _as_float(value) if _KINDS[name] is float else value


def _row(place: str, kind: type[Price] | type[Release], row: object) -> Price | Release:
    try:
        values: Mapping[str, Any] = row if isinstance(row, dict) else {}
        _check("it", values is row, "a table", row)
        known_keys("key", values, kind)
        missing = [f.name for f in fields(kind) if f.name not in values]
        _check(", ".join(missing), not missing, "given")
        return kind(**{name: _as_float(value) if name.endswith("_usd") else value for name, value in values.items()})
    except SettingsError as fault:
        raise SettingsError(f"{place}: {fault}") from fault


def _is_network(text: object) -> bool:
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


def _as_float(value: Any) -> Any:
    return float(value) if type(value) is int and abs(value) <= 2**53 else value
