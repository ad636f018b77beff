"""Profiles as arrays: one row an account, one block of columns a facet.

In: the results of `totals`, an Arrow table, and of `facets`, batch by batch. Out: `Profiles`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.lookup import rows_of
from stillwatch.tables import GAP_EDGES, PROMPT_EDGES, REPLY_EDGES
from stillwatch.types import TARGETS

FACET_BINS: Mapping[str, int] = {
    "hour": 24,
    "gap": len(GAP_EDGES) + 1,
    "prompt": len(PROMPT_EDGES) + 1,
    "reply": len(REPLY_EDGES) + 1,
    "target": len(TARGETS),
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
        return rows_of(self.keys, keys)


def assemble(totals: pa.Table, facets: Iterable[pa.RecordBatch]) -> Profiles:
    """Turn the long tables into arrays; that of facets, the largest by far, is never held whole."""
    totals = totals.sort_by("account_key").combine_chunks()
    keys = totals["account_key"].to_numpy()
    return Profiles(
        keys=keys,
        ids=totals["account_id"].combine_chunks(),
        organisations=totals["org_id"].combine_chunks(),
        exchanges=totals["exchanges"].to_numpy(),
        first_second=totals["first_second"].to_numpy(),
        last_second=totals["last_second"].to_numpy(),
        facets=_blocks(facets, keys),
    )


def _blocks(facets: Iterable[pa.RecordBatch], keys: npt.NDArray[np.int64]) -> Mapping[str, npt.NDArray[np.float32]]:
    """Spread counts over one block a facet."""
    blocks = {name: np.zeros((len(keys), bins), np.float32) for name, bins in FACET_BINS.items()}
    for batch in facets:
        place = rows_of(keys, batch["account_key"].to_numpy())
        number, exchanges = batch["bin"].to_numpy(), batch["exchanges"].to_numpy().astype(np.float32)
        coded = batch["facet"].dictionary_encode()
        codes = coded.indices.to_numpy()
        for code, name in enumerate(coded.dictionary.to_pylist()):
            own = codes == code
            flat = blocks[name].reshape(-1)  # one index of each cell: numpy adds by two an order of magnitude slower
            np.add.at(flat, place[own] * FACET_BINS[name] + number[own], exchanges[own])
    return blocks
