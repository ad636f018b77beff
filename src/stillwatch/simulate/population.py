"""Draws ordinary customers: who they are, when and how much they ask, from where, with which client and card.

In: a `World`, a `Kind` and a count. Out: `Accounts`. Volumes are relative here; `simulation` scales them to the total.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.kinds import BY_NAME, KINDS, Kind
from stillwatch.simulate.layout import Accounts, blank
from stillwatch.simulate.library import DISPOSABLE_DOMAINS, FREE_DOMAINS, POPULAR_PARAMS, Part, zipf
from stillwatch.simulate.network import hosts_in
from stillwatch.simulate.world import World
from stillwatch.types import TARGETS, Target

PERSON_MEDIAN, PERSON_SPREAD = 12.0, 1.25  # exchanges in the window before scaling, log-normal
BUSINESS_FRACTION = 0.0007  # of a real client's volume: a real client is thousands of times one of ours
VOLUME_NOISE = 0.35
SIGN_UP_DAYS = 540
HOUSEHOLD_FRACTION = 0.03
TRAVEL_FRACTION = 0.04
NEW_MODEL_FRACTION = 0.6
POPULAR_TOOLS = 3


def ordinary(world: World, count: int) -> list[Accounts]:
    """Draw `count` customers of all kinds by their shares; tool users share a few popular tools."""
    shares = np.array([kind.share for kind in KINDS])
    counts = world.rng.multinomial(count, shares / shares.sum())
    return [draw(world, kind, int(n)) for kind, n in zip(KINDS, counts, strict=True) if n]


def draw(world: World, kind: Kind | str, count: int, name: str = "") -> Accounts:
    """Draw accounts of one kind; `name` labels them otherwise than the kind does."""
    kind = BY_NAME[kind] if isinstance(kind, str) else kind
    accounts = blank(count)
    accounts["kind"] = world.library.kind(name or kind.name)
    _identity(world, kind, accounts)
    _volume(world, kind, accounts)
    _habits(world, kind, accounts)
    _addresses(world, kind, accounts)
    _texts(world, kind, accounts)
    return accounts


def _identity(world: World, kind: Kind, accounts: Accounts) -> None:
    rng, count = world.rng, len(accounts)
    country = world.countries(count)
    accounts["country"] = country
    accounts["phone"] = np.where(rng.random(count) < 0.95, country, world.countries(count))
    accounts["created"] = (
        -24.0 * SIGN_UP_DAYS * rng.random(count) ** 1.6 + rng.normal(14, 4, count) - world.zones(country)
    )
    accounts["domain"] = _domains(world, kind, count)
    accounts["shape"] = zipf(rng, count, len(world.library.shapes), 0.7)
    cards = world.numbers(count)
    shared = np.flatnonzero(rng.random(count) < HOUSEHOLD_FRACTION)
    cards[shared] = cards[(shared + 1) % count]
    accounts["payment"] = np.where(rng.random(count) < 0.9, cards, 0)
    has_org = rng.random(count) < kind.organisation_fraction
    accounts["org"] = np.where(has_org, world.numbers(count), 0)
    accounts["verification"] = rng.choice(8, count, p=(0.05, 0.2, 0.2, 0.4, 0.08, 0.03, 0.02, 0.02))
    plan = (0.25, 0.65, 0.08, 0.02, 0.0) if kind.volume == "person" else (0.0, 0.45, 0.2, 0.2, 0.15)
    accounts["plan"] = rng.choice(5, count, p=plan)
    accounts["pathway"] = rng.choice(4, count, p=(0.8, 0.12, 0.05, 0.03))
    closed = rng.random(count) < 0.015
    accounts["closed"] = np.where(closed, rng.uniform(0, world.hours, count), np.nan)


def _domains(world: World, kind: Kind, count: int) -> NDArray[np.int64]:
    rng = world.rng
    domains = zipf(rng, count, FREE_DOMAINS, 1.3)
    throwaway = rng.random(count) < 0.02
    domains[throwaway] = FREE_DOMAINS + rng.integers(0, DISPOSABLE_DOMAINS, int(throwaway.sum()))
    for at in np.flatnonzero(rng.random(count) < kind.own_domain_fraction):
        domains[at] = world.own_domain()
    return domains


def _volume(world: World, kind: Kind, accounts: Accounts) -> None:
    rng, count, real = world.rng, len(accounts), world.pool.arrivals
    accounts["end"] = np.where(np.isnan(accounts["closed"]), world.hours, accounts["closed"])
    small = np.flatnonzero(real.category != "language")  # the clients of an interactive service, not the giants
    client = small[rng.integers(0, len(small), count)]
    if kind.volume == "business":
        volume = BUSINESS_FRACTION * real.per_day[client] * world.scenario.days * rng.lognormal(0, VOLUME_NOISE, count)
    else:
        volume = rng.lognormal(np.log(PERSON_MEDIAN), PERSON_SPREAD, count)
    accounts["exchanges"] = np.clip(volume, 1, 2**30)
    accounts["weibull"] = real.weibull[client]
    accounts["gap_shape"] = real.gap_shape[client]
    late = (rng.random(count) < 0.12) & np.isnan(accounts["closed"])
    accounts["created"] = np.where(
        late, rng.uniform(0, world.hours * 0.9, count), np.minimum(accounts["created"], -1.0)
    )
    accounts["start"] = np.maximum(accounts["created"], 0.0)
    quits = (rng.random(count) < 0.15) & ~late & np.isnan(accounts["closed"])
    accounts["end"] = np.where(quits, rng.uniform(2, world.hours, count), accounts["end"])
    accounts["exchanges"] = np.maximum(1, accounts["exchanges"] * (accounts["end"] - accounts["start"]) / world.hours)


def _habits(world: World, kind: Kind, accounts: Accounts) -> None:
    rng, count = world.rng, len(accounts)
    accounts["rhythm"] = world.rhythm(kind.rhythms, count)
    accounts["zone"] = world.zones(accounts["country"]) + rng.integers(-1, 2, count)
    accounts["day_noise"] = rng.uniform(0.4, 3.0, count) if kind.volume == "person" else rng.uniform(2, 30, count)
    accounts["session"] = 1.0 + (kind.session - 1.0) * rng.lognormal(0, 0.4, count)
    accounts["verbosity"] = rng.lognormal(0, 0.5, count)
    accounts["chatty"] = kind.volume == "person"
    accounts["think"] = rng.lognormal(np.log(60), 0.6, count)
    accounts["client"] = zipf(rng, count, len(world.library.clients))
    accounts["params"] = zipf(rng, count, POPULAR_PARAMS, 0.8)
    own = rng.random(count) < 0.35
    accounts["params"] = np.where(
        own, rng.integers(POPULAR_PARAMS, len(world.library.params), count), accounts["params"]
    )
    accounts["params_own"] = np.where(
        rng.random(count) < 0.5, accounts["params"], zipf(rng, count, POPULAR_PARAMS, 0.8)
    )
    accounts["model"] = rng.random(count) < 0.35
    adopts = rng.random(count) < NEW_MODEL_FRACTION
    wait = rng.exponential(60.0, count)
    accounts["adopted"] = np.where(adopts, world.scenario.release_hour + wait, np.inf)
    accounts["adopted_fraction"] = rng.choice([0.1, 0.3, 0.6, 1.0], count)
    accounts["habit"] = rng.integers(0, 16, count)
    accounts["seats"] = kind.seats * rng.lognormal(0, 1, count)


def _addresses(world: World, kind: Kind, accounts: Accounts) -> None:
    rng, count = world.rng, len(accounts)
    low, high = kind.addresses
    accounts["addresses"] = low + (rng.random(count) ** 2 * (high + 1 - low)).astype(np.int64)
    away = rng.random(count) < TRAVEL_FRACTION
    country = np.where(away, world.countries(count), accounts["country"])
    where = np.repeat(country, accounts["addresses"])
    networks = world.network.draw(rng, where, hosted_fraction=kind.hosted_fraction)
    first = world.addresses.add(hosts_in(rng, networks))
    accounts["address"] = first + np.cumsum(accounts["addresses"]) - accounts["addresses"]


def _texts(world: World, kind: Kind, accounts: Accounts) -> None:
    library, count = world.library, len(accounts)
    accounts["recipe"] = library.recipe(parts_of(kind))
    if kind.template:
        accounts["scaffolds"] = kind.templates
        accounts["scaffold"] = [_own_scaffolds(world, kind) for _ in range(count)]
    if kind.name == "coding_developer":
        systems = [library.system(text) for text in library.bank_of("customer", "coding_tool_system")]
        schemas = [(system, library.some_tools(5, 9)) for system in systems * POPULAR_TOOLS]
        picked = zipf(world.rng, count, len(schemas), 1.0)
        accounts["system"] = np.array([s for s, _ in schemas])[picked]
        accounts["tools"] = np.array([t for _, t in schemas])[picked]
    elif kind.system:
        phrases = library.bank_of("customer", kind.system)
        picked = world.rng.integers(0, len(phrases), count)
        accounts["system"] = [library.system(phrases[i], library.words()) for i in picked]
        if kind.tools[1]:
            accounts["tools"] = [library.some_tools(*kind.tools) for _ in range(count)]


def _own_scaffolds(world: World, kind: Kind) -> int:
    library = world.library
    phrases = library.bank_of("customer", kind.template)
    words = library.words()
    first = len(library.scaffolds)
    for _ in range(kind.templates):
        library.scaffold(phrases[int(world.rng.integers(len(phrases)))], words)
    return first


def parts_of(kind: Kind) -> list[Part]:
    """What a kind asks, as parts of a recipe."""
    return [
        Part(
            weight,
            TARGETS.index(Target(target)),
            source,
            order,
            -1 if scaffolded else 0,
            extra=extra,
            extra_fraction=often,
        )
        for weight, target, source, order, scaffolded, extra, often in kind.asks
    ]
