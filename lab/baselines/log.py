"""A traffic log as arrays, read once and shared by every baseline.

In: the files that `stillwatch simulate` writes, or Arrow tables. Out: `Log`. Rows are sorted by account, time and
exchange id, so no baseline can depend on the order of rows in a file.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS, EXCHANGES, Table

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Group = tuple[str, ...]

UNREAD = frozenset({"tools", "reply_text", "key_id", "org_id", "end_user_id", "finish_reason", "header_order"})
EXCHANGES_READ = tuple(name for name in EXCHANGES.names if name not in UNREAD)


@dataclass(frozen=True, eq=False)
class Log:
    """One log. accounts: sorted by id; exchanges: sorted by account, time, id; account: row in `accounts` of each."""

    accounts: pa.Table
    exchanges: pa.Table
    account: Ints

    @cached_property
    def ids(self) -> list[str]:
        """Account ids, ascending."""
        return list(self.accounts["account_id"].to_pylist())

    @cached_property
    def starts(self) -> Ints:
        """First exchange of every account, and the number of exchanges at the end."""
        return np.searchsorted(self.account, np.arange(len(self.ids) + 1)).astype(np.int64)

    @cached_property
    def counts(self) -> Ints:
        """Exchanges of every account."""
        return np.diff(self.starts)

    @cached_property
    def seconds(self) -> Ints:
        """Time of every exchange in whole seconds of the epoch."""
        return np.asarray(self.exchanges["ts"].cast(pa.int64()).to_numpy(), np.int64) // 1_000_000

    def codes(self, column: str) -> Ints:
        """Number the distinct values of a column of exchanges; -1 where there is none."""
        return codes(self.exchanges[column])

    def name(self, rows: npt.ArrayLike) -> Group:
        """Give the ids of account rows, ascending."""
        return tuple(self.ids[row] for row in sorted(np.asarray(rows).tolist()))


def codes(values: pa.ChunkedArray) -> Ints:
    """Number distinct strings by their order, so that equal columns get equal numbers; -1 for null or empty."""
    coded = values.combine_chunks().dictionary_encode()
    words = [word or "" for word in coded.dictionary.to_pylist()]
    rank = np.full(len(words) + 1, -1, np.int64)
    for place, at in enumerate(sorted(range(len(words)), key=lambda k: words[k])):
        rank[at] = place if words[at] else -1
    found = np.asarray(coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False), np.int64)
    return rank[found]


def combined(*columns: Ints) -> Ints:
    """Number distinct rows of several coded columns; -1 where all of them are absent."""
    number, absent = np.zeros(len(columns[0]), np.int64), np.ones(len(columns[0]), bool)
    for column in columns:
        wide = int(column.max(initial=-1)) + 2
        number = np.unique(number * wide + column + 1, return_inverse=True)[1].astype(np.int64).ravel()
        absent &= column < 0
    return np.where(absent, -1, number)


def make_log(exchanges: pa.Table, accounts: pa.Table) -> Log:
    """Build a log from tables; absent columns are empty, and an account named only by its exchanges is added."""
    exchanges = _filled(exchanges, EXCHANGES, EXCHANGES_READ)
    order = [("account_id", "ascending"), ("ts", "ascending"), ("exchange_id", "ascending")]
    exchanges = exchanges.take(pc.sort_indices(exchanges, sort_keys=order))
    accounts = _filled(accounts, ACCOUNTS, ACCOUNTS.names)
    ids = sorted({*accounts["account_id"].to_pylist(), *exchanges["account_id"].unique().to_pylist()})
    names = pa.array(ids, pa.string())
    known = pc.index_in(names, value_set=accounts["account_id"].combine_chunks())
    accounts = accounts.take(known).set_column(0, "account_id", names)
    owner = pc.index_in(exchanges["account_id"].combine_chunks(), value_set=names)
    return Log(accounts, exchanges, np.asarray(owner.to_numpy(zero_copy_only=False), np.int64))


def read_log(folder: Path) -> Log:
    """Read `exchanges/*.parquet` and `accounts.parquet` of a folder."""
    parts = sorted((folder / "exchanges").glob("*.parquet"))
    wanted = set(EXCHANGES_READ)
    tables = [pq.read_table(part, columns=[n for n in pq.read_schema(part).names if n in wanted]) for part in parts]
    return make_log(pa.concat_tables(tables, promote_options="default"), pq.read_table(folder / "accounts.parquet"))


def _filled(table: pa.Table, declared: Table, names: tuple[str, ...]) -> pa.Table:
    """The named columns with their declared types."""
    schema = arrow_schema(declared)
    columns = [
        table[name].cast(schema.field(name).type)
        if name in table.schema.names
        else pa.chunked_array([pa.nulls(table.num_rows, schema.field(name).type)])
        for name in names
    ]
    return pa.table(columns, names=list(names))
