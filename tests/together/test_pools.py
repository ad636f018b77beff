from dataclasses import replace

import numpy as np
import pyarrow as pa

from stillwatch.together import Accounts, shared_networks
from stillwatch.together.groups import Shown
from stillwatch.types import CampaignId, TraitKind

FIRST, SECOND, THIRD = (np.arange(low, low + 20) for low in (0, 20, 40))


def _sending(world, networks: dict[int, list[int]]) -> Accounts:
    """200 accounts; each network (by number) is used by these accounts, the others have one of their own."""
    made: Accounts = world(1, size=200).accounts
    placed = [(row, number) for number, rows in networks.items() for row in rows]
    alone = sorted(set(range(200)) - {row for row, _ in placed})
    placed += [(row, 1000 + row) for row in alone]
    names = sorted({number for _, number in placed})
    rows = np.array([row for row, _ in placed], np.int32)
    codes = np.array([names.index(number) for _, number in placed], np.int32)
    order = np.lexsort((rows, codes))
    values = pa.array([f"network {number}" for number in names])
    shown = Shown(TraitKind.NETWORK, rows[order], codes[order], np.ones(len(rows), np.int64), values)
    return replace(made, shown={**made.shown, TraitKind.NETWORK: shown})


def _blocks(first: int, accounts: np.ndarray) -> dict[int, list[int]]:
    """Ten networks, two of these accounts on each."""
    return {first + place: [int(accounts[2 * place]), int(accounts[2 * place + 1])] for place in range(10)}


def _together(*parts: dict[int, list[int]]) -> dict[int, list[int]]:
    joined: dict[int, list[int]] = {}
    for part in parts:
        for number, rows in part.items():
            joined.setdefault(number, []).extend(rows)
    return joined


def _named(*campaigns: np.ndarray) -> dict[CampaignId, np.ndarray]:
    return {CampaignId(f"c-{place}"): rows for place, rows in enumerate(campaigns)}


def test_two_campaigns_on_one_pool_of_networks_are_named_and_a_third_is_not(world) -> None:
    accounts = _sending(world, _together(_blocks(1, FIRST), _blocks(1, SECOND), _blocks(50, THIRD)))
    (pool,) = shared_networks(accounts, _named(FIRST, SECOND, THIRD))
    assert (pool.campaign_ids, pool.kind, pool.accounts) == (("c-0", "c-1"), TraitKind.NETWORK, 40)
    assert pool.values == tuple(f"network {number}" for number in range(1, 11))
    assert pool.bits > 30
    assert "2 campaigns send through 10 networks of 256 addresses in common" in pool.claim


def test_networks_that_everybody_uses_make_no_pool(world) -> None:
    """The same overlap, and the strangers are on these networks too."""
    strangers = {1 + place: list(range(60 + 14 * place, 74 + 14 * place)) for place in range(10)}
    accounts = _sending(world, _together(_blocks(1, FIRST), _blocks(1, SECOND), strangers))
    assert shared_networks(accounts, _named(FIRST, SECOND)) == ()


def test_one_network_in_common_is_chance(world) -> None:
    accounts = _sending(world, _together(_blocks(1, FIRST), _blocks(10, SECOND)))
    assert shared_networks(accounts, _named(FIRST, SECOND)) == ()


def test_one_campaign_alone_shares_with_nobody(world) -> None:
    assert shared_networks(_sending(world, _blocks(1, FIRST)), _named(FIRST)) == ()


def test_a_chain_of_shared_networks_is_one_pool(world) -> None:
    """First and third meet only through the second, which uses the networks of both."""
    both = _together(_blocks(1, SECOND), _blocks(30, SECOND))
    accounts = _sending(world, _together(_blocks(1, FIRST), both, _blocks(30, THIRD)))
    (pool,) = shared_networks(accounts, _named(FIRST, SECOND, THIRD))
    assert (len(pool.campaign_ids), len(pool.values), pool.accounts) == (3, 20, 60)
