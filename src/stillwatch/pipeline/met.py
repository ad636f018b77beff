"""Which exchanges of a stream have come before: eight bytes an id are held, however long the stream.

In: batches of exchanges. Out: the same, each id once. `once` does this where an engine holds the rows.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.sketch import hash64

_Keys = npt.NDArray[np.int64]


class Met:
    """Ids that have come; in sorted runs, each more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[_Keys] = []

    def first(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give the rows whose id has not come before, of several in the batch the first, and remember their ids.

        >>> met, batch = Met(), pa.record_batch({"exchange_id": ["a", "b", "a"]})
        >>> met.first(batch)["exchange_id"].to_pylist(), met.first(batch).num_rows
        (['a', 'b'], 0)
        """
        keys, rows = np.unique(hash64(batch["exchange_id"]), return_index=True)
        new = np.ones(len(keys), bool)
        for run in self._runs:
            new &= run[np.minimum(np.searchsorted(run, keys), len(run) - 1)] != keys
        self._remember(keys[new])
        return batch.take(pa.array(np.sort(rows[new])))

    def _remember(self, keys: _Keys) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(keys):
            keys = np.concatenate([self._runs.pop(), keys])
        if len(keys):
            self._runs.append(np.sort(keys, kind="stable"))
