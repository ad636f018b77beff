"""Profiles as arrays: one row an account, one block of columns a facet.

In: the results of `totals` and `facets` as Arrow tables. Out: `Profiles`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.profile.facets import GAP_EDGES, PROMPT_EDGES, REPLY_EDGES, TURN_EDGES
from stillwatch.types import TARGETS

FACET_BINS: Mapping[str, int] = {
    "hour": 24,
    "calendar": 32,
    "gap": len(GAP_EDGES) + 1,
    "prompt": len(PROMPT_EDGES) + 1,
    "reply": len(REPLY_EDGES) + 1,
    "turn": len(TURN_EDGES) + 1,
    "target": len(TARGETS),
    "outcome": 4,
}


@dataclass(frozen=True, slots=True)
class Profiles:
    """All accounts' behaviour, in ascending order of account key.

    keys: int64 [n]; ids: account ids; exchanges: int64 [n]; first_second, last_second: int64 [n];
    facets: name -> float32 [n, bins] of exchange counts.
    """

    keys: npt.NDArray[np.int64]
    ids: pa.Array
    organisations: pa.Array
    exchanges: npt.NDArray[np.int64]
    first_second: npt.NDArray[np.int64]
    last_second: npt.NDArray[np.int64]
    facets: Mapping[str, npt.NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.keys)

    def rows_of(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Give the row of each account key; every key must be present."""
        return np.searchsorted(self.keys, keys)


def assemble(totals: pa.Table, facets: pa.Table) -> Profiles:
    """Turn the long tables into arrays."""
    totals = totals.sort_by("account_key").combine_chunks()
    keys = totals["account_key"].to_numpy()
    return Profiles(
        keys=keys,
        ids=totals["account_id"].combine_chunks(),
        organisations=totals["org_id"].combine_chunks(),
        exchanges=totals["exchanges"].to_numpy(),
        first_second=totals["first_second"].to_numpy(),
        last_second=totals["last_second"].to_numpy(),
        facets={name: _block(facets, name, bins, keys) for name, bins in FACET_BINS.items()},
    )


def _block(facets: pa.Table, name: str, bins: int, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    rows = facets.filter(pc.equal(facets["facet"], name))
    block = np.zeros((len(keys), bins), np.float32)
    place = np.searchsorted(keys, rows["account_key"].to_numpy())
    number = rows["bin"].to_numpy()
    if name == "calendar" and len(number):
        number = (number - number.min()) // _slots_per_bin(int(number.max() - number.min()) + 1, bins)
    np.add.at(block, (place, number), rows["exchanges"].to_numpy())
    return block


def _slots_per_bin(slots: int, bins: int) -> int:
    """How many slots of the calendar make one bin, so that the whole log fits into the bins."""
    return -(-slots // bins)
