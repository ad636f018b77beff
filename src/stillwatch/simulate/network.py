"""Addresses that look real: every /24 lies in one country and one autonomous system, as allocated.

In: the packed runs of /24 networks. Out: `Network`, which draws networks of a country and names an address, and
`AddressPool`, the list of addresses that accounts point into.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.simulate.layout import Rng

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Runs of /24 networks, ordered by number. `country` holds indices into `countries`."""

    first: Numbers
    count: Numbers
    country: Numbers
    asn: NDArray[np.str_]
    hosted: NDArray[np.bool_]
    countries: tuple[str, ...]

    def draw(self, rng: Rng, country: NDArray[np.integer], *, hosted_fraction: float = 0.0) -> Numbers:
        """Draw one /24 for each wanted country, in a data centre with the given probability."""
        out = np.zeros(len(country), np.int64)
        in_hosting = rng.random(len(country)) < hosted_fraction
        for code in np.unique(country):
            for kind in (False, True):
                rows = np.flatnonzero((country == code) & (in_hosting == kind))
                mine = np.flatnonzero((self.country == code) & (self.hosted == kind))
                mine = mine if len(mine) else np.flatnonzero(self.country == code)
                weight = np.cumsum(self.count[mine])
                at = rng.integers(0, weight[-1], len(rows))
                run = np.searchsorted(weight, at, side="right")
                out[rows] = self.first[mine[run]] + at - (weight[run] - self.count[mine[run]])
        return out

    def run_of(self, network: Numbers) -> Numbers:
        """Index of the run each /24 belongs to."""
        return np.searchsorted(self.first, network, side="right") - 1


def load_network(table: pa.Table) -> Network:
    """Read the packed runs."""
    names = np.array(table["country"].to_pylist())
    countries = tuple(sorted(set(names.tolist())))
    return Network(
        first=table["first_24"].to_numpy().astype(np.int64),
        count=table["networks"].to_numpy().astype(np.int64),
        country=np.searchsorted(np.array(countries), names),
        asn=np.array(table["asn"].to_pylist()),
        hosted=table["hosted"].to_numpy(zero_copy_only=False),
        countries=countries,
    )


@dataclass(slots=True)
class AddressPool:
    """Grows a list of addresses (as numbers); accounts keep the index of their first one and how many they use."""

    _parts: list[Numbers] = field(default_factory=list)
    _size: int = 0

    def add(self, addresses: Numbers) -> int:
        """Append addresses and give the index of the first."""
        first = self._size
        self._parts.append(addresses.astype(np.int64))
        self._size += len(addresses)
        return first

    def all(self) -> Numbers:
        """Every address added so far."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.int64)


def hosts_in(rng: Rng, networks: Numbers) -> Numbers:
    """One address in each /24."""
    return networks * 256 + rng.integers(1, 255, len(networks))
