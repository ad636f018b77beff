"""Every setting, with its unit, range and reason; read from a TOML file once, at the door.

In: a TOML file of overrides or nothing. Out: a frozen `Settings`. `docs/reference/settings.md` documents each field.
"""

import hashlib
import ipaddress
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Price:
    """List price of a model family in US dollars per million tokens; `model` matches as a prefix."""

    model: str
    input_usd: float
    output_usd: float


@dataclass(frozen=True, slots=True)
class Release:
    """When a model was released to everybody; `model` matches as a prefix; `at` has a time zone."""

    model: str
    at: datetime

    def __post_init__(self) -> None:
        if not isinstance(self.at, datetime) or self.at.tzinfo is None:
            raise TypeError("`at` must be a date and time with its zone, such as 2026-01-13T08:00:00Z")


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

    false_discovery_fraction: e-BH bounds the expected share of false groups among those accused by this; 0..1.
    minimum_accounts: groups smaller than this are not tested: dispersion of fewer accounts says nothing; >= 3.
    membership_bits: log2 odds above which an account is counted as a member; 6.6 bits are 99 %.
    taking_bits: bits of harvest evidence above which the answer to "taking?" is yes or mixed; 4.3 bits are 95 %.
    taking_share_fraction: share of a campaign's exchanges that must be taken for "yes"; below it "mixed".
    declared_share_fraction: share of members in one declared organisation that makes them no strangers.
    continuing_false_fraction: at most this share of innocent fresh accounts is expected to be named as continuing a
        known campaign, over all known campaigns together; 0..1.
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
        fractions = ("false_discovery_fraction", "taking_share_fraction", "declared_share_fraction")
        for name in (*fractions, "continuing_false_fraction"):
            _check(name, 0 < getattr(self, name) <= 1, "must be above 0 and at most 1")
        _check("minimum_accounts", self.minimum_accounts >= 3, "must be at least 3")
        for name in ("batch_rows", "row_limit_bytes", "join_limit_bytes"):
            _check(name, getattr(self, name) > 0, "must be positive")
        limit = self.memory_limit_bytes
        _check("memory_limit_bytes", limit == 0 or limit >= 128 * 2**20, "must be 0 (automatic) or at least 128 MiB")
        _check("retention_days", self.retention_days >= 0, "must be 0 (all) or more")
        _check("trusted_hops", 0 <= self.trusted_hops <= 32, "must be 0 to 32")
        _check("trusted_networks", all(map(_is_network, self.trusted_networks)), "must be networks like 10.0.0.0/8")
        _check("threads", self.threads >= 0, "must be 0 (all) or more")
        _check("engine", self.engine in ENGINES, f"must be one of {', '.join(ENGINES)}")
        for name in ("spark_options", "kafka_options", "database_options"):
            strings = all(isinstance(value, str) for value in getattr(self, name).values())
            _check(name, strings, 'must map names to strings, such as "4g"')

    def fingerprint(self) -> str:
        """Hash of every setting that can change a result; what says where and how to run is left out."""
        values = asdict(self)
        for name in _OF_THE_MACHINE:
            del values[name]
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


_ROWS: Mapping[str, type[Price] | type[Release]] = {"prices": Price, "releases": Release}


def load(path: Path | None) -> Settings:
    """Read settings from a TOML file; missing ones keep their defaults.

    Raises:  SettingsError: the file is not TOML, names an unknown setting, or a value is out of range.
    """
    if path is None:
        return Settings()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{path}: cannot be read as TOML ({fault}); see docs/reference/settings.md") from fault
    return replace(Settings(), **_converted(path, values))


def _converted(path: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name: f for f in fields(Settings)}
    converted: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"{path}: no setting is called {name!r}; known: {', '.join(sorted(known))}")
        try:
            rows = _ROWS.get(name)
            converted[name] = tuple(rows(**row) for row in value) if rows else _typed(name, value)
        except TypeError as fault:
            raise SettingsError(f"{path}: {name}: {fault}; see docs/reference/settings.md") from fault
    return converted


def _is_network(text: object) -> bool:
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


def _typed(name: str, value: object) -> object:
    wanted = type(getattr(Settings(), name))
    if wanted is tuple and isinstance(value, list):
        return tuple(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise TypeError(f"expected {wanted.__name__}, found {type(value).__name__}")
    return value


def _check(name: str, holds: bool, rule: str) -> None:  # noqa: FBT001 - a predicate, private
    if not holds:
        raise SettingsError(f"setting {name} {rule}")
