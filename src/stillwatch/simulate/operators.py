"""Campaigns: one scheduler, many accounts that pose as strangers.

In: a `World` and one `Operator`. Out: `Accounts`. What ties the accounts together is behaviour (one queue of tasks, one
clock, equal volumes, rotated scaffolds); cards, networks and clients are shared by some only. What keeps them apart is
drawn the way customers draw it: popular clients, parameters, models, countries. `schedules` says when they ask,
`recipes` what.
"""

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.layout import Accounts, blank
from stillwatch.simulate.library import DISPOSABLE_DOMAINS, FREE_DOMAINS, POPULAR_PARAMS, zipf
from stillwatch.simulate.network import hosts_in
from stillwatch.simulate.recipes import recipe_of
from stillwatch.simulate.scenario import Operator
from stillwatch.simulate.schedules import places_of, schedule
from stillwatch.simulate.world import World


def draw_operator(world: World, operator: Operator, number: int) -> Accounts:
    """Draw the accounts of one campaign; `number` counts operators from 1."""
    places, before = places_of(world, operator)
    accounts = blank(operator.accounts)
    accounts["kind"] = world.library.kind("campaign")
    accounts["operator"] = number
    _identity(world, operator, accounts)
    schedule(world, operator, accounts, places, before)
    _channels(world, operator, accounts)
    accounts["recipe"] = recipe_of(world, operator)
    return accounts


def _identity(world: World, operator: Operator, accounts: Accounts) -> None:
    rng, count = world.rng, len(accounts)
    country = world.countries(count)
    accounts["country"] = np.where(rng.random(count) < 0.9, country, world.countries(count))
    accounts["phone"] = np.where(rng.random(count) < 0.85, country, world.countries(count))
    own = np.array([world.own_domain() for _ in range(2)])
    popular = rng.random(count) < 1 - operator.own_domain_fraction
    domains = np.where(popular, zipf(rng, count, FREE_DOMAINS, 1.3), own[rng.integers(0, 2, count)])
    throwaway = FREE_DOMAINS + rng.integers(0, DISPOSABLE_DOMAINS, 3)[rng.integers(0, 3, count)]
    accounts["domain"] = np.where(rng.random(count) < operator.disposable_fraction, throwaway, domains)
    patterned = zipf(rng, count, 3, 1.0) + rng.integers(0, 20)
    follows = rng.random(count) < operator.patterned_fraction
    accounts["shape"] = np.where(follows, patterned, zipf(rng, count, len(world.library.shapes), 0.7))
    cards = world.numbers(count)
    sharing = np.flatnonzero(rng.random(count) < operator.card_fraction)
    edges = np.cumsum(rng.integers(3, max(4, operator.card_group + 1), len(sharing) + 1))
    cards[sharing] = world.numbers(len(sharing) + 1)[np.searchsorted(edges, np.arange(len(sharing)), side="right")]
    accounts["payment"] = np.where(rng.random(count) < 0.93, cards, 0)
    accounts["org"] = np.where(rng.random(count) < 0.3, world.numbers(count), 0)
    accounts["verification"] = rng.choice(8, count, p=(0.05, 0.25, 0.2, 0.35, 0.03, 0.06, 0.03, 0.03))
    accounts["plan"] = rng.choice(5, count, p=(0.1, 0.7, 0.12, 0.06, 0.02))
    accounts["pathway"] = rng.choice(4, count, p=(0.75, 0.15, 0.05, 0.05))
    _networks(world, operator, accounts, country)


def _networks(world: World, operator: Operator, accounts: Accounts, country: NDArray[np.int64]) -> None:
    rng, count = world.rng, len(accounts)
    networks = world.network.draw(rng, country, hosted_fraction=0.1)
    shared = np.flatnonzero(rng.random(count) >= operator.own_network_fraction)
    networks[shared] = networks[shared[rng.integers(0, max(1, len(shared) // 6), len(shared))]] if len(shared) else 0
    accounts["addresses"] = 1 + (rng.random(count) ** 2 * 3).astype(np.int64)
    if operator.exit_addresses:
        accounts["addresses"] = np.minimum(accounts["addresses"], operator.exit_addresses)
        hosts = _proxies(world, operator)[rng.integers(0, operator.exit_addresses, int(accounts["addresses"].sum()))]
    else:
        hosts = hosts_in(rng, np.repeat(networks, accounts["addresses"]))
    first = world.addresses.add(hosts)
    accounts["address"] = first + np.cumsum(accounts["addresses"]) - accounts["addresses"]


def _proxies(world: World, operator: Operator) -> NDArray[np.int64]:
    """The operator's own exits, or those of the pool that it shares with others."""
    name = operator.proxy_pool or operator.name
    known = world.proxies.get(name, np.zeros(0, np.int64))
    wanted = operator.exit_addresses - len(known)
    if wanted > 0:
        networks = world.network.draw(world.rng, world.countries(wanted), hosted_fraction=0.1)
        world.proxies[name] = np.r_[known, hosts_in(world.rng, networks)]
    return world.proxies[name]


def _channels(world: World, operator: Operator, accounts: Accounts) -> None:
    rng, count, library = world.rng, len(accounts), world.library
    clients = np.r_[zipf(rng, operator.clients - 1, len(library.clients)), rng.integers(120, len(library.clients))]
    accounts["client"] = clients[rng.integers(0, len(clients), count)]
    sets = operator.parameter_sets
    params = np.r_[zipf(rng, sets - 1, POPULAR_PARAMS, 0.8), rng.integers(POPULAR_PARAMS, len(library.params), 1)]
    accounts["params"] = params[rng.integers(0, sets, count)]
    accounts["params_own"] = params[rng.integers(0, sets, count)]
    accounts["model"] = rng.random(count) < 0.1
    accounts["session"] = operator.turns
    accounts["verbosity"] = rng.lognormal(0, 0.3)
    accounts["habit"] = rng.integers(0, 16, count)
    accounts["adopted"] = np.where(
        rng.random(count) < 0.6, world.scenario.release_hour + rng.exponential(60, count), np.inf
    )
    accounts["adopted_fraction"] = 0.5
    if operator.pivot_fraction:
        accounts["adopted"] = world.scenario.release_hour + rng.uniform(0.5, 20, count)
        accounts["adopted_fraction"] = operator.pivot_fraction
