"""Innocent twins: accounts that share one of a campaign's signs for an innocent reason, one function a twin.

In: a `World` and the scenario's `Twin` rows. Out: `Accounts`. The list follows the ten indicators of AA26-251A, each of
which has an innocent reading, and the cases where strangers share a trait.
"""

from collections.abc import Callable

import numpy as np

from stillwatch.simulate.kinds import Kind
from stillwatch.simulate.layout import Accounts, Rng
from stillwatch.simulate.library import Part
from stillwatch.simulate.network import hosts_in
from stillwatch.simulate.population import draw
from stillwatch.simulate.scenario import Twin
from stillwatch.simulate.world import World
from stillwatch.types import TARGETS, Target

BUSY = 400.0  # exchanges in the window before scaling: a busy account
DUE = 24.0  # times the usual pace, of jobs that an outage hits
MOSTLY_FRACTION = 0.75  # of an hour: it lies in the outage
TEAM, SCALE = 2, 3  # plans

Shape = Callable[[World, Accounts], None]


def draw_twins(world: World, twins: tuple[Twin, ...]) -> list[Accounts]:
    """Draw every group of every twin."""
    groups = []
    for twin in twins:
        base, shape = TWINS[twin.kind]
        for _ in range(twin.groups):
            accounts = draw(world, base, int(world.rng.integers(twin.low, twin.high + 1)), twin.kind)
            shape(world, accounts)
            groups.append(accounts)
    return groups


def _busy(rng: Rng, accounts: Accounts, volume: float = BUSY) -> None:
    accounts["exchanges"] = np.maximum(5, volume * rng.lognormal(0, 0.5, len(accounts)))


def _stay(world: World, accounts: Accounts) -> None:
    """An account that was there before the window and is there after it."""
    accounts["created"] = np.minimum(accounts["created"], -24.0)
    accounts["closed"] = np.nan
    accounts["start"], accounts["end"] = 0.0, world.hours


def _one_organisation(world: World, accounts: Accounts) -> None:
    """One declared organisation: same id, domain, card and country."""
    accounts["org"] = world.numbers(1)[0]
    accounts["domain"] = world.own_domain()
    accounts["payment"] = world.numbers(1)[0]
    for name in ("country", "phone", "zone", "plan", "verification", "pathway"):
        accounts[name] = accounts[name][0]


def _one_exit(world: World, accounts: Accounts, addresses: int, *, hosted_fraction: float = 0.0) -> None:
    """Everybody behind the same few addresses of one network."""
    network = world.network.draw(world.rng, accounts["country"][:1], hosted_fraction=hosted_fraction)
    accounts["address"] = world.addresses.add(np.unique(hosts_in(world.rng, np.repeat(network, addresses))))
    accounts["addresses"] = 1
    accounts["address"] += world.rng.integers(0, max(1, addresses // 2), len(accounts))


def _same_texts(accounts: Accounts) -> None:
    for name in ("scaffold", "scaffolds", "system", "tools", "client", "params"):
        accounts[name] = accounts[name][0]


def _nightly_evaluation(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts)
    accounts["rhythm"] = world.rhythm(("nightly", "steady"), len(accounts))
    accounts["day_noise"] = 60.0


def _migrated_workload(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts)
    accounts["created"] = world.rng.uniform(1, world.hours * 0.5, len(accounts))
    accounts["start"] = accounts["created"] + world.rng.uniform(0.1, 3, len(accounts))
    accounts["rhythm"] = world.rhythm(("steady", "real"), len(accounts))


def _ci_runners(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, BUSY / 2)
    count = 60
    networks = world.network.draw(world.rng, np.repeat(accounts["country"], count), hosted_fraction=1.0)
    accounts["address"] = world.addresses.add(hosts_in(world.rng, networks)) + count * np.arange(len(accounts))
    accounts["addresses"] = count
    accounts["client"] %= len(world.library.clients) - 12
    accounts["clients"] = 12


def _small_team(world: World, accounts: Accounts) -> None:
    _one_organisation(world, accounts)
    _stay(world, accounts)
    _busy(world.rng, accounts)
    accounts["plan"] = 1
    _one_exit(world, accounts, 2)


def _llm_gateway(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, 2 * BUSY)
    accounts["client"] %= len(world.library.clients) - 30
    accounts["clients"] = 30
    accounts["seats"] = 800
    accounts["habit"] = world.rng.integers(0, 16, len(accounts))


def _stripped(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, BUSY / 2)
    accounts["stripped"] = True


def _audit_trail(world: World, accounts: Accounts) -> None:
    _one_organisation(world, accounts)
    _stay(world, accounts)
    _same_texts(accounts)
    _busy(world.rng, accounts, BUSY / 2)


def _failover_router(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts)
    accounts["gap_shape"] = 0.25
    accounts["params_own"] = world.rng.integers(0, len(world.library.params), len(accounts))


def _release_benchmark(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, BUSY / 2)
    release = world.scenario.release_hour
    accounts["adopted"] = release + world.rng.uniform(0.1, 4, len(accounts))
    accounts["adopted_fraction"] = 1.0
    accounts["start"] = accounts["adopted"]
    accounts["end"] = accounts["start"] + world.rng.uniform(2, 30, len(accounts))
    accounts["rhythm"] = world.rhythm(("steady",), len(accounts))


def _drift_monitor(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, BUSY / 2)
    accounts["rhythm"] = world.rhythm(("hourly",), len(accounts))
    accounts["day_noise"] = 200.0
    accounts["gap_shape"] = 5.0


def _rag_backfill(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, 3 * BUSY)
    accounts["start"] = world.rng.uniform(0, world.hours * 0.7, len(accounts))
    accounts["end"] = accounts["start"] + world.rng.uniform(6, 60, len(accounts))
    accounts["rhythm"] = world.rhythm(("steady",), len(accounts))


def _declared_synthetic(world: World, accounts: Accounts) -> None:
    """A customer who harvests openly, for a model it has declared: a question of contract, not of fraud."""
    _one_organisation(world, accounts)
    _stay(world, accounts)
    _same_texts(accounts)
    _busy(world.rng, accounts, BUSY / 2)
    _one_exit(world, accounts, 4, hosted_fraction=1.0)
    accounts["exchanges"] = accounts["exchanges"].mean() * world.rng.normal(1, 0.04, len(accounts))
    accounts["lane"] = np.arange(len(accounts))
    accounts["lanes"] = len(accounts)
    accounts["rhythm"] = accounts["rhythm"][0]
    accounts["day_noise"] = 80.0
    library = world.library
    template = library.bank_of("operator", "reasoning")[0]
    first = library.paraphrases(template, 6)
    part = Part(1.0, TARGETS.index(Target.REASONING), "gsm8k", "list", first, 6, "sentences")
    accounts["recipe"] = library.recipe([part])


def _company_seats(world: World, accounts: Accounts) -> None:
    _one_organisation(world, accounts)
    accounts["plan"] = TEAM
    _one_exit(world, accounts, 6)


def _classroom(world: World, accounts: Accounts) -> None:
    """Pupils behind one address: signed up one afternoon, the same exercises, hours coupled by the timetable."""
    _stay(world, accounts)
    rng, count = world.rng, len(accounts)
    lesson = rng.uniform(24, world.hours * 0.5)
    accounts["created"] = lesson + rng.exponential(0.4, count)
    accounts["start"] = accounts["created"]
    accounts["domain"] = world.own_domain() if rng.random() < 0.6 else accounts["domain"]
    for name in ("country", "zone"):
        accounts[name] = accounts[name][0]
    accounts["org"] = 0
    accounts["verification"] = np.where(rng.random(count) < 0.7, 5, accounts["verification"])
    accounts["payment"] = 0
    accounts["client"] = accounts["client"][0]
    accounts["params"] = accounts["params"][0]
    accounts["scaffold"], accounts["scaffolds"] = accounts["scaffold"][0], accounts["scaffolds"][0]
    accounts["rhythm"] = np.where(rng.random(count) < 0.6, accounts["rhythm"][0], accounts["rhythm"])
    _one_exit(world, accounts, 1)
    exercises = Part(0.5, TARGETS.index(Target.REASONING), "gsm8k", "bench", -1)
    own = Part(0.5, TARGETS.index(Target.REASONING), "gsm8k", "own", -1, extra="sentences", extra_fraction=0.4)
    accounts["recipe"] = world.library.recipe([exercises, own])


def _coding_tool(_: World, accounts: Accounts) -> None:
    """Users of one tool: its system prompt, schema, client and parameters are the same, the people are not."""
    for name in ("system", "tools", "client", "params", "params_own"):
        accounts[name] = accounts[name][0]


def _bot_platform(world: World, accounts: Accounts) -> None:
    """Customers of one bot service: its client, tools and addresses, and its frame of words around each one's own."""
    _stay(world, accounts)
    library = world.library
    frame = library.bank_of("customer", "platform_system")
    text = frame[int(world.rng.integers(len(frame)))]
    accounts["system"] = [library.system(text, library.words()) for _ in range(len(accounts))]
    accounts["tools"] = library.toolset(("lookup_article", "hand_over"))
    for name in ("client", "params", "params_own", "habit"):
        accounts[name] = accounts[name][0]
    accounts["org"] = 0
    _one_exit(world, accounts, 6, hosted_fraction=1.0)


def _carrier_nat(world: World, accounts: Accounts) -> None:
    for name in ("country", "zone"):
        accounts[name] = accounts[name][0]
    _one_exit(world, accounts, 8)


def _reseller(world: World, accounts: Accounts) -> None:
    _stay(world, accounts)
    _busy(world.rng, accounts, 4 * BUSY)
    accounts["seats"] = 4_000
    accounts["plan"] = SCALE


def _viral_prompt(world: World, accounts: Accounts) -> None:
    """Strangers who copied one prompt and put their own life into it, besides what they ask anyway."""
    library = world.library
    phrases = library.bank_of("customer", "viral")
    accounts["scaffold"] = library.scaffold(phrases[int(world.rng.integers(len(phrases)))])
    viral = Part(
        0.5, TARGETS.index(Target.INSTRUCTION_FOLLOWING), "sentences", "any", -1, extra="sentences", extra_fraction=0.8
    )
    other = Part(0.5, TARGETS.index(Target.OTHER), "arena", "own", 0, extra="sentences", extra_fraction=0.7)
    accounts["recipe"] = library.recipe([viral, other])


def _workshop(world: World, accounts: Accounts) -> None:
    """A hall of strangers who sign up within the hour and follow one tutorial; most never come back."""
    rng, count = world.rng, len(accounts)
    _stay(world, accounts)
    opens = rng.uniform(12, world.hours * 0.8)
    accounts["created"] = opens + rng.exponential(0.3, count)
    accounts["start"] = accounts["created"]
    stays = rng.random(count) < 0.25
    accounts["end"] = np.where(stays, world.hours, accounts["start"] + rng.uniform(1, 7, count))
    accounts["exchanges"] = np.maximum(2, rng.lognormal(2.3, 0.8, count))
    accounts["payment"] = np.where(rng.random(count) < 0.5, 0, accounts["payment"])
    accounts["zone"] = accounts["zone"][0]
    accounts["rhythm"] = world.rhythm(("office",), count)
    _one_exit(world, accounts, 2)
    library = world.library
    numbers = [library.scaffold(text, library.words()) for text in library.bank_of("customer", "tutorial")]
    accounts["scaffold"], accounts["scaffolds"] = numbers[0], len(numbers)
    tutorial = Part(0.7, TARGETS.index(Target.INSTRUCTION_FOLLOWING), "seed_tasks", "bench", -1)
    own = Part(0.3, TARGETS.index(Target.OTHER), "arena", "own", 0, extra="sentences", extra_fraction=0.7)
    accounts["recipe"] = library.recipe([tutorial, own])


def _public_benchmark(world: World, accounts: Accounts) -> None:
    """Strangers who run the same public benchmark with the same harness, each at a time of its own."""
    _stay(world, accounts)
    _busy(world.rng, accounts, BUSY / 2)
    accounts["start"] = world.rng.uniform(0, world.hours * 0.8, len(accounts))
    accounts["end"] = np.minimum(world.hours, accounts["start"] + world.rng.uniform(3, 80, len(accounts)))
    accounts["scaffold"], accounts["scaffolds"] = accounts["scaffold"][0], 1
    accounts["client"] = accounts["client"][0]
    accounts["params"] = accounts["params"][0]
    accounts["recipe"] = world.library.recipe([Part(1.0, TARGETS.index(Target.REASONING), "gsm8k", "bench", -1)])


def _outage_return(world: World, accounts: Accounts) -> None:
    """Strangers' jobs that are due while nobody is served and keep trying: they come back in the same minute."""
    _stay(world, accounts)
    profile, hour = np.ones(world.hours), np.arange(world.hours)
    down, up = world.scenario.outage_hours or (0.0, 0.0)
    profile[np.minimum(hour + 1, up) - np.maximum(hour, down) > MOSTLY_FRACTION] = DUE
    world.library.rhythms.append(profile)
    accounts["rhythm"] = len(world.library.rhythms) - 1
    accounts["zone"] = 0


def _benchmark(source: str, name: str, extra: str = "") -> Kind:
    ask = (1.0, "reasoning", source, "bench", True, extra, 1.0)
    return Kind(
        name, 0.0, "business", ("office", "nightly"), (ask,), template="evaluation", organisation_fraction=0.5,
        own_domain_fraction=0.6, hosted_fraction=0.6,
    )  # fmt: skip


def _audited() -> Kind:
    asks = ((1.0, "reasoning", "sentences", "slice", True, "sentences", 0.9),)
    return Kind(
        "audited", 0.0, "business", ("office",), asks, template="audit_trail", templates=2, system="bot_system",
        organisation_fraction=1.0, own_domain_fraction=1.0, hosted_fraction=0.8,
    )  # fmt: skip


TWINS: dict[str, tuple[Kind | str, Shape]] = {
    "nightly_evaluation": ("evaluation", _nightly_evaluation),
    "migrated_workload": ("pipeline", _migrated_workload),
    "ci_runners": ("agent", _ci_runners),
    "small_team": ("agent", _small_team),
    "llm_gateway": ("chat_person", _llm_gateway),
    "stripped_metadata": ("pipeline", _stripped),
    "audit_trail": (_audited(), _audit_trail),
    "failover_router": ("agent", _failover_router),
    "release_benchmark": (_benchmark("gsm8k", "benchmark"), _release_benchmark),
    "drift_monitor": (_benchmark("seed_tasks", "drift"), _drift_monitor),
    "rag_backfill": ("rag", _rag_backfill),
    "declared_synthetic": ("evaluation", _declared_synthetic),
    "company_seats": ("coding_developer", _company_seats),
    "classroom": ("student", _classroom),
    "coding_tool": ("coding_developer", _coding_tool),
    "bot_platform": ("customer_bot", _bot_platform),
    "carrier_nat": ("chat_person", _carrier_nat),
    "reseller": ("chat_person", _reseller),
    "viral_prompt": ("chat_person", _viral_prompt),
    "workshop": ("chat_person", _workshop),
    "public_benchmark": (_benchmark("gsm8k", "benchmark"), _public_benchmark),
    "outage_return": ("pipeline", _outage_return),
}
