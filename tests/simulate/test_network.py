"""Addresses, autonomous systems and countries agree."""

from typing import Any

import numpy as np

from stillwatch.simulate import PromptPool
from stillwatch.simulate.network import hosts_in, load_network


def test_drawn_networks_lie_in_the_country_asked_for(pool: PromptPool) -> None:
    network = load_network(pool.networks)
    rng = np.random.default_rng(2)
    country = rng.integers(0, len(network.countries), 3_000)
    drawn = network.draw(rng, country, hosted_fraction=0.3)
    assert (network.country[network.run_of(drawn)] == country).all()
    run = network.run_of(drawn)
    assert (drawn < network.first[run] + network.count[run]).all()


def test_hosts_are_neither_network_nor_broadcast() -> None:
    hosts = hosts_in(np.random.default_rng(3), np.full(5_000, 7))
    assert (hosts.min() % 256, hosts.max() % 256) == (1, 254)
    assert set(hosts // 256) == {7}


def test_one_address_has_one_country_and_system(demo: Any) -> None:
    rows = set(zip(*(demo.exchanges[c].to_pylist() for c in ("ip", "asn", "country")), strict=True))
    known = [row for row in rows if row[0]]
    assert len(known) == len({row[0] for row in known})
    assert all(row[1] and row[2] for row in known)
