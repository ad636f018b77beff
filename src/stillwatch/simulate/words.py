"""Everything rows point into, as Arrow arrays: the library, the pool, the accounts' identifiers.

In: a drawn `World` and its accounts. Out: `Words`. Identifiers are drawn here, from a generator that sees no label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np
import pyarrow as pa

from stillwatch.simulate.columns import Column, hex_ids, nulled, strings, token
from stillwatch.simulate.layout import Accounts, Rng
from stillwatch.simulate.network import Network, Numbers
from stillwatch.simulate.world import World
from stillwatch.types import TARGETS


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Arrow arrays to take from by index. `origin`: the window's start in microseconds; `salt`: of derived ids."""

    accounts: Accounts
    account_ids: Column
    org_ids: Column
    texts: Column
    prefixes: Column
    suffixes: Column
    joiners: Column
    systems: Column
    toolsets: Column
    tools_hashes: Column
    clients: tuple[Column, Column, Column]
    params: Column
    domains: Column
    shapes: Column
    addresses: Numbers
    network: Network
    countries: Column
    kinds: Column
    operators: Column
    targets: Column
    origin: int
    salt: int
    missing_fraction: float


def words_of(world: World, accounts: Accounts, rng: Rng) -> Words:
    """Freeze what rows point into."""
    library, salt = world.library, int(rng.integers(2**62))
    schemas = np.arange(len(library.toolsets))
    names: list[str] = library.bank["words"]["joiners"]
    return Words(
        accounts=accounts,
        account_ids=hex_ids(rng.integers(0, 2**64, len(accounts), np.uint64)),
        org_ids=hex_ids(token(accounts["org"], salt + 1), 12, accounts["org"] == 0),
        texts=world.pool.texts,
        prefixes=strings([before for before, _ in library.scaffolds]).cast("large_string"),
        suffixes=strings([after for _, after in library.scaffolds]).cast("large_string"),
        joiners=strings(names).cast("large_string"),
        systems=strings([text or None for text in library.systems]),
        toolsets=_lists(library.toolsets),
        tools_hashes=nulled(hex_ids(token(schemas, salt + 2)), np.array([not tools for tools in library.toolsets])),
        clients=_clients(library.clients),
        params=strings(library.params),
        domains=strings(library.domains),
        shapes=strings(library.shapes),
        addresses=world.addresses.all(),
        network=world.network,
        countries=strings(world.network.countries),
        kinds=strings(library.kinds),
        operators=strings(["", *(operator.name for operator in world.scenario.operators)]),
        targets=strings([target.value for target in TARGETS]),
        origin=int(world.scenario.start.astimezone(UTC).timestamp()) * 1_000_000,
        salt=salt,
        missing_fraction=world.scenario.missing_fraction,
    )


def _lists(toolsets: Sequence[tuple[str, ...]]) -> Column:
    return pa.array([list(tools) or None for tools in toolsets], pa.list_(pa.string()))


def _clients(clients: Sequence[tuple[str, str, str]]) -> tuple[Column, Column, Column]:
    agents, fingerprints, orders = zip(*clients, strict=True)
    return strings(agents), strings(fingerprints), strings(orders)
