"""How `stillwatch serve` is told what to do: one TOML file, read once.

In: a path or nothing. Out: `Served`. docs/how-to/serve-decisions.md describes the file.
"""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from stillwatch.errors import SettingsError
from stillwatch.gateway.asked import Identity
from stillwatch.gateway.gate import OnFailure, Route
from stillwatch.settings import RANGES, Range, known_keys

_HELP = "see docs/how-to/serve-decisions.md"
_SECONDS = Range(0, 3600, above=True)
_HOPS = RANGES["trusted_hops"]


@dataclass(frozen=True, slots=True)
class Served:
    """listen, grpc: HOST:PORT, grpc empty for none; redis: a URL, or empty; traces: the URL of an OTLP
    receiver over HTTP, or empty; routes: the mode on failure by prefix;
    refresh_seconds: how often the ledger is looked at.
    """

    listen: str = "127.0.0.1:8088"
    grpc: str = ""
    redis: str = ""
    traces: str = ""
    refresh_seconds: float = 1.0
    identity: Identity = field(default_factory=Identity)
    routes: tuple[Route, ...] = ()


def load_served(path: Path | None) -> Served:
    """Read the file.

    Raises:  SettingsError: it is not TOML, or holds an unknown key or a wrong value.
    """
    if path is None:
        return Served()
    try:
        return _served(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, SettingsError) as fault:
        raise SettingsError(f"{path}: {fault}; {_HELP}") from fault


def _served(values: dict[str, Any]) -> Served:
    rows, named = values.pop("route", []), values.pop("identity", {})
    known_keys("key", values, Served)
    texts = all(isinstance(values.get(name, ""), str) for name in ("listen", "grpc", "redis", "traces"))
    _check(texts, "listen, grpc, redis and traces are texts")
    _check(isinstance(rows, list) and isinstance(named, dict), "write [[route]] and [identity] as tables")
    made = Served(**values, identity=_identity(named), routes=tuple(map(_route, rows)))
    address(made.listen)
    _check(_SECONDS.holds(made.refresh_seconds, float), f"refresh_seconds must be {_SECONDS}")
    return made


def _route(row: dict[str, Any]) -> Route:
    known_keys("key of [[route]]", row, Route)
    _check(isinstance(row.get("prefix"), str), "route.prefix is a text, such as /v1/chat")
    _check(row.get("on_failure") in get_args(OnFailure), "route.on_failure is open or closed")
    return Route(**row)


def _identity(named: dict[str, Any]) -> Identity:
    known_keys("key of [identity]", named, Identity)
    made = replace(Identity(), **named)
    client = isinstance(made.client, list | tuple) and all(isinstance(name, str) for name in made.client)
    _check(client, "identity.client is a list of names of headers")
    texts = isinstance(made.account, str) and isinstance(made.organisation, str)
    _check(texts, "identity.account and identity.organisation are names of headers")
    _check(_HOPS.holds(made.forwarded_hops, int), f"identity.forwarded_hops must be {_HOPS}")
    lower = {name: getattr(made, name).lower() for name in ("account", "organisation")}
    return replace(made, client=tuple(name.lower() for name in made.client), **lower)


def _check(holds: bool, rule: str) -> None:  # noqa: FBT001 - a predicate, private
    if not holds:
        raise SettingsError(rule)


def address(text: str) -> tuple[str, int]:
    """Split HOST:PORT.

    >>> address("127.0.0.1:8088")
    ('127.0.0.1', 8088)
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)
