"""How `stillwatch serve` is told what to do: one TOML file, read once.

In: a path or nothing. Out: `Served`. docs/how-to/serve-decisions.md describes the file.
"""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingsError
from stillwatch.gateway.asked import Identity
from stillwatch.gateway.gate import Route

_HELP = "see docs/how-to/serve-decisions.md"


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
    except (OSError, ValueError, TypeError) as fault:
        raise SettingsError(f"{path}: {fault}; {_HELP}") from fault


def _served(values: dict[str, Any]) -> Served:
    routes = tuple(Route(**row) for row in values.pop("route", []))
    named: dict[str, Any] = values.pop("identity", {})
    for name in ("account", "organisation"):
        named[name] = str(named.get(name, getattr(Identity(), name))).lower()
    client = named.get("client", Identity().client)
    if not isinstance(client, list | tuple) or not all(isinstance(name, str) for name in client):
        raise ValueError("identity.client is a list of names of headers")
    named["client"] = tuple(name.lower() for name in client)
    identity = Identity(**named)
    unknown = set(values) - {f.name for f in fields(Served)}
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}")
    if any(route.on_failure not in ("open", "closed") for route in routes):
        raise ValueError("route.on_failure is open or closed")
    made = Served(**values, identity=identity, routes=routes)
    address(made.listen)
    if made.refresh_seconds <= 0:
        raise ValueError("refresh_seconds must be above 0")
    return made


def address(text: str) -> tuple[str, int]:
    """Split HOST:PORT.

    >>> address("127.0.0.1:8088")
    ('127.0.0.1', 8088)
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)
