"""Who stands behind a key or an account, where the log itself does not say.

In: the table of `tables.IDENTITY`, and batches of exchanges. Out: the batches with what was known, and accounts.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS

_STATED = ("account_id", "org_id")  # the file is believed over the log
_FILLED = ("ip", "user_agent", "country", "asn")  # the log is believed over the file


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Rows of `tables.IDENTITY`; of several rows of one key, or of one account, the first counts."""

    rows: pa.Table

    def identify(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Join a batch of exchanges: by its key, else by its account taken for a key, else by its account."""
        keys, accounts = (self.rows[name].combine_chunks() for name in ("key_id", "account_id"))
        found = pc.index_in(batch["key_id"], keys, skip_nulls=True)
        for column, values in ((batch["account_id"], keys), (batch["account_id"], accounts)):
            found = pc.coalesce(found, pc.index_in(column, values, skip_nulls=True))
        columns: list[Any] = []
        for name in batch.schema.names:
            own = batch[name]
            if name in _STATED or name in _FILLED:
                known = self.rows[name].combine_chunks().take(found)
                own = pc.coalesce(known, own) if name in _STATED else pc.coalesce(own, known)
            columns.append(own)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def accounts(self, listed: pa.Table) -> pa.Table:
        """Give the listed accounts, and those of this file that are not listed."""
        own = self.rows.select(ACCOUNTS.names)
        numbered = own.append_column("row", pa.array(range(len(own)), pa.int64()))
        first = numbered.group_by("account_id").aggregate([("row", "min")])["row_min"].sort()
        own = own.take(first)
        new = pc.invert(pc.is_in(own["account_id"], listed["account_id"].combine_chunks()))
        return pa.concat_tables([listed, own.filter(new).cast(arrow_schema(ACCOUNTS))])
