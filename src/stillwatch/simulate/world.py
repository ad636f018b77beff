"""Everything a population is drawn from, and the counters that keep organisations, cards and addresses apart.

In: scenario, pool, seed. Out: `World`, passed to `population`, `twins` and `operators`.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate import rhythms
from stillwatch.simulate.kinds import Rhythm
from stillwatch.simulate.layout import Rng
from stillwatch.simulate.library import Library
from stillwatch.simulate.network import AddressPool, Network
from stillwatch.simulate.pool import PromptPool
from stillwatch.simulate.scenario import Scenario

# country: (relative number of customers, hours to add to UTC); chosen, not measured
COUNTRIES: dict[str, tuple[float, int]] = {
    "US": (30, -6), "IN": (11, 5), "DE": (6, 1), "GB": (6, 0), "JP": (5, 9), "BR": (5, -3), "FR": (5, 1),
    "CA": (4, -5), "KR": (3, 9), "AU": (3, 10), "ES": (3, 1), "IT": (2.5, 1), "NL": (2.5, 1), "PL": (2, 1),
    "MX": (2, -6), "ID": (2, 7), "SG": (2, 8), "VN": (2, 7), "TR": (1.5, 3), "SE": (1.5, 1), "CH": (1.2, 1),
    "IL": (1.2, 2), "HK": (1.2, 8), "TW": (1.5, 8), "UA": (1, 2), "NG": (1, 1), "ZA": (1, 2), "AR": (1, -3),
    "PH": (1.5, 8), "TH": (1, 7), "MY": (1, 8), "CN": (1.5, 8),
}  # fmt: skip
OWN_RHYTHMS = 48


@dataclass(slots=True)
class World:
    """The shared state of one simulation while accounts are drawn. Numbers of organisations and cards are unique."""

    scenario: Scenario
    pool: PromptPool
    library: Library
    network: Network
    addresses: AddressPool
    rng: Rng
    rhythm_runs: dict[str, tuple[int, int]]
    last_number: int = 0
    proxies: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def hours(self) -> int:
        """Length of the window."""
        return self.scenario.days * 24

    def numbers(self, count: int) -> NDArray[np.int64]:
        """Fresh numbers for organisations, cards and the like."""
        first = self.last_number + 1
        self.last_number += count
        return np.arange(first, first + count)

    def countries(self, count: int) -> NDArray[np.int64]:
        """Draw countries of customers, as indices into the network's list."""
        known = [name for name in COUNTRIES if name in self.network.countries]
        weights = np.array([COUNTRIES[name][0] for name in known])
        picked = self.rng.choice(len(known), count, p=weights / weights.sum())
        places: NDArray[np.int64] = np.array([self.network.countries.index(name) for name in known])[picked]
        return places

    def zones(self, country: NDArray[np.integer]) -> NDArray[np.int64]:
        """Hours to add to UTC in each country."""
        table = np.array([COUNTRIES.get(name, (0, 0))[1] for name in self.network.countries])
        hours: NDArray[np.int64] = table[country]
        return hours

    def rhythm(self, names: tuple[Rhythm, ...], count: int) -> NDArray[np.int64]:
        """Draw a rhythm for each account from the named families."""
        family = self.rng.integers(0, len(names), count)
        first = np.array([self.rhythm_runs[name][0] for name in names])[family]
        size = np.array([self.rhythm_runs[name][1] for name in names])[family]
        place: NDArray[np.int64] = first + (self.rng.random(count) * size).astype(np.int64)
        return place

    def own_domain(self) -> int:
        """Add a domain that nobody else has."""
        company = self.library.words()["company"].lower().replace(" ", "-")
        ending = ("com", "io", "de", "co", "net", "ai")[int(self.rng.integers(6))]
        self.library.domains.append(f"{company}{len(self.library.domains)}.{ending}")
        return len(self.library.domains) - 1


def add_rhythms(library: Library, pool: PromptPool, rng: Rng, hours: int) -> dict[str, tuple[int, int]]:
    """Fill the library's rhythms by family and say where each family lies."""
    drawn = {
        "person": rhythms.person,
        "office": rhythms.office,
        "nightly": rhythms.nightly,
        "hourly": rhythms.hourly,
        "tide": rhythms.tide,
    }
    runs = {}
    for name, draw in {**drawn, "steady": rhythms.steady}.items():
        runs[name] = (len(library.rhythms), OWN_RHYTHMS)
        library.rhythms += [draw(rng, hours) for _ in range(OWN_RHYTHMS)]
    real = pool.arrivals.hourly
    runs["real"] = (len(library.rhythms), len(real))
    library.rhythms += [np.resize(row, hours) + 1e-6 for row in real]
    return runs
