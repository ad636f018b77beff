"""Campaigns: one scheduler, many accounts that pose as strangers.

In: a `World` and one `Operator`. Out: `Accounts`. What ties the accounts together is behaviour (one queue of tasks, one
clock, equal volumes, rotated scaffolds); cards, networks and clients are shared by some only. What keeps them apart is
drawn the way customers draw it: popular clients, parameters, models, countries.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate import rhythms
from stillwatch.simulate.compose import PROBE
from stillwatch.simulate.kinds import CHAT, DEVELOP, Kind
from stillwatch.simulate.layout import Accounts, blank
from stillwatch.simulate.library import DISPOSABLE_DOMAINS, FREE_DOMAINS, POPULAR_PARAMS, Part, zipf
from stillwatch.simulate.network import hosts_in
from stillwatch.simulate.population import parts_of
from stillwatch.simulate.scenario import Operator
from stillwatch.simulate.world import World
from stillwatch.types import TARGETS, Target

COVER = 1
PROBING_HOURS = 36.0
PROBING_LEVEL = 0.05  # of the normal pace
VOLUME_NOISE = 0.05  # a load balancer is fair
LEAST_LIFE_FRACTION = 0.2  # of the campaign, before an account is closed

# where each target's tasks come from: source, second text, whether the second text belongs to the first
TASKS: dict[Target, tuple[str, str]] = {
    Target.REASONING: ("gsm8k", "sentences"),
    Target.GRADING: ("graded", "graded_answers"),
    Target.REFUSAL_REWRITING: ("arena", "sentences"),
    Target.CODING: ("code", "sentences"),
    Target.AGENTIC_TOOL_USE: ("toolformer", "sentences"),
    Target.DATA_ANALYSIS: ("tables", "sentences"),
    Target.VISION_COMPUTER_USE: ("taubench", "sentences"),
    Target.FORMATTING: ("t0", "sentences"),
    Target.INSTRUCTION_FOLLOWING: ("roleplay", "sentences"),
    Target.KNOWLEDGE: ("t0", "sentences"),
    Target.OTHER: ("arena", "sentences"),
}


def draw_operator(world: World, operator: Operator, number: int) -> Accounts:
    """Draw the accounts of one campaign; `number` counts operators from 1."""
    first, successor_of = _lives(world, operator)
    accounts = blank(operator.accounts)
    accounts["kind"] = world.library.kind("campaign")
    accounts["operator"] = number
    _identity(world, operator, accounts)
    _schedule(world, operator, accounts, first, successor_of)
    _channels(world, operator, accounts)
    accounts["recipe"] = world.library.recipe(_recipe(world, operator))
    return accounts


def _lives(world: World, operator: Operator) -> tuple[int, NDArray[np.int64]]:
    """How many places the queue has, and which account each successor continues."""
    replaced = round(operator.accounts * operator.replaced_fraction / (1 + operator.replaced_fraction))
    places = operator.accounts - replaced
    return places, world.rng.permutation(places)[:replaced]


def _schedule(
    world: World, operator: Operator, accounts: Accounts, places: int, predecessors: NDArray[np.int64]
) -> None:
    """One clock and one queue: lanes of equal pace; a closed account's lane is continued by a fresh account."""
    rng, hours, count = world.rng, float(world.hours), operator.accounts
    profile = rhythms.scheduler(rng, world.hours, operator.schedule)
    probing = int(operator.start_hour + PROBING_HOURS)
    profile[:probing] *= PROBING_LEVEL
    world.library.rhythms.append(profile)
    accounts["rhythm"] = len(world.library.rhythms) - 1
    accounts["day_noise"] = 150.0
    accounts["gap_shape"] = rng.uniform(1.5, 4)
    waves = operator.start_hour + np.sort(rng.uniform(0, 0.25 * hours, 1 + count // 40))
    accounts["start"] = waves[rng.integers(0, len(waves), count)] + rng.exponential(0.6, count)
    accounts["start"][: max(3, places // 8)] = operator.start_hour + rng.exponential(0.5, max(3, places // 8))
    accounts["end"] = hours
    accounts["probing_until"] = operator.start_hour + PROBING_HOURS
    fresh = np.arange(places, count)
    life = hours - accounts["start"][predecessors]
    end = accounts["start"][predecessors] + life * rng.uniform(LEAST_LIFE_FRACTION, 0.85, len(fresh))
    accounts["end"][predecessors], accounts["closed"][predecessors] = end, end + rng.uniform(0, 0.2, len(fresh))
    accounts["start"][fresh] = np.minimum(end + rng.exponential(1.5, len(fresh)) + 0.1, hours - 2)
    accounts["created"] = accounts["start"] - rng.exponential(30, count) - 0.2
    accounts["created"][fresh] = np.maximum(accounts["created"][fresh], end - rng.uniform(0, 100, len(fresh)))
    pace = np.array(
        [profile[int(a) : int(np.ceil(b))].sum() for a, b in zip(accounts["start"], accounts["end"], strict=True)]
    )
    share = (pace + 0.05) * np.clip(rng.normal(1, VOLUME_NOISE, count), 0.5, 1.5)
    accounts["exchanges"] = np.maximum(1, np.round(operator.exchanges * share / share.sum()))
    accounts["lane"] = np.r_[np.arange(places), predecessors]
    accounts["lanes"] = places
    accounts["done"][fresh] = accounts["exchanges"][predecessors]
    accounts["repeats"] = operator.repeats


def _identity(world: World, operator: Operator, accounts: Accounts) -> None:
    rng, count = world.rng, len(accounts)
    country = world.countries(count)
    accounts["country"] = np.where(rng.random(count) < 0.9, country, world.countries(count))
    accounts["phone"] = np.where(rng.random(count) < 0.85, country, world.countries(count))
    own = np.array([world.own_domain() for _ in range(2)])
    domains = np.where(rng.random(count) < 0.85, zipf(rng, count, FREE_DOMAINS, 1.3), own[rng.integers(0, 2, count)])
    throwaway = FREE_DOMAINS + rng.integers(0, DISPOSABLE_DOMAINS, 3)[rng.integers(0, 3, count)]
    accounts["domain"] = np.where(rng.random(count) < operator.disposable_fraction, throwaway, domains)
    patterned = zipf(rng, count, 3, 1.0) + rng.integers(0, 20)
    accounts["shape"] = np.where(rng.random(count) < 0.6, patterned, zipf(rng, count, len(world.library.shapes), 0.7))
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
    where = np.repeat(networks, accounts["addresses"])
    first = world.addresses.add(hosts_in(rng, where))
    accounts["address"] = first + np.cumsum(accounts["addresses"]) - accounts["addresses"]


def _channels(world: World, operator: Operator, accounts: Accounts) -> None:
    rng, count, library = world.rng, len(accounts), world.library
    clients = np.r_[zipf(rng, operator.clients - 1, len(library.clients)), rng.integers(120, len(library.clients))]
    accounts["client"] = clients[rng.integers(0, len(clients), count)]
    params = np.r_[zipf(rng, 4, POPULAR_PARAMS, 0.8), rng.integers(POPULAR_PARAMS, len(library.params), 1)]
    accounts["params"] = params[rng.integers(0, 5, count)]
    accounts["params_own"] = params[rng.integers(0, 5, count)]
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


def _recipe(world: World, operator: Operator) -> list[Part]:
    """The queue's mix: some scaffolds per target, each in several wordings, plus cover traffic and the first probes."""
    library, weights = world.library, np.array(list(operator.targets.values()))
    parts: list[Part] = []
    for target, weight in zip(map(Target, operator.targets), weights / weights.sum(), strict=True):
        bank = library.bank_of("operator", target.value)
        count = min(len(bank), max(1, round(operator.scaffolds * weight)))
        for template in world.rng.choice(len(bank), count, replace=False):
            first = library.paraphrases(bank[template], operator.paraphrases)
            source, extra = TASKS[target]
            share = (1 - operator.cover_fraction) * weight / count
            parts.append(
                Part(
                    share,
                    TARGETS.index(target),
                    source,
                    "list",
                    first,
                    operator.paraphrases,
                    extra,
                    tools=_tools(world, target),
                    system=_system(world, target),
                )
            )
    covers = parts_of(Kind("cover", 0, "person", ("person",), (*CHAT, *DEVELOP)))
    parts += [replace(c, weight=operator.cover_fraction * c.weight / 2, order="any", purpose=COVER) for c in covers]
    probes = [library.scaffold(text) for text in library.bank_of("operator", "probe") for _ in range(3)]
    main = max(parts, key=lambda part: part.weight)
    parts.append(Part(0.0, main.target, main.source, "any", probes[0], len(probes), "sentences", 0.8, purpose=PROBE))
    return parts


def _system(world: World, target: Target) -> int:
    """Half of the scaffolds come with a system prompt: the popular coding tool's own words, or everybody's."""
    if world.rng.random() < 0.5:
        return 0
    name = "coding_tool_system" if target is Target.CODING else "chat_system"
    phrases = [text for text in world.library.bank_of("customer", name) if text]
    return world.library.system(phrases[int(world.rng.integers(len(phrases)))]) if phrases else 0


def _tools(world: World, target: Target) -> int:
    return world.library.some_tools(4, 10) if target in (Target.AGENTIC_TOOL_USE, Target.VISION_COMPUTER_USE) else 0
