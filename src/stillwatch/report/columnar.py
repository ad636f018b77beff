"""The large tables of the result: members, taken exchanges, and how every group and account was judged.

In: a `Scan`, the exchanges counted as taken as a stream of batches, tables. Out: Parquet bytes in an open file.
Row groups have a fixed size, so the bytes depend on the rows and their order, not on how the stream was cut.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import tables
from stillwatch.report.clean import storable
from stillwatch.report.words import ranked
from stillwatch.schemas import arrow_schema
from stillwatch.types import AccountId, Campaign, ContinuedAccount, Scan

_ROWS = 131_072  # rows in one row group


def write_members(scan: Scan, sink: BinaryIO) -> None:
    """Write one row a member, campaigns in ranked order, members by falling odds.

    Accounts that continue a known campaign which this run did not find again follow under its id.
    """
    _write(_member_batches(scan), tables.REPORTED_MEMBERS, sink)


def write_taken(taken: Iterable[pa.RecordBatch], sink: BinaryIO) -> None:
    """Write the exchanges counted as taken, in the order of the stream, without holding them all."""
    schema = arrow_schema(tables.TAKEN)
    _write((batch.select(schema.names).cast(schema) for batch in taken), tables.TAKEN, sink)


def write_tested(declared: tables.Table, rows: pa.Table | None, sink: BinaryIO) -> None:
    """Write one of the tables that `explain` reads; empty when the run did not keep it."""
    schema = arrow_schema(declared)
    batches = [] if rows is None else rows.select(schema.names).cast(schema).to_batches()
    _write(batches, declared, sink)


def _member_batches(scan: Scan) -> Iterator[pa.RecordBatch]:
    continued = scan.continued.accounts if scan.continued else ()
    for campaign in ranked(scan):
        named = {a.account_id: a for a in continued if a.campaign_id == campaign.campaign_id}
        yield _member_batch(campaign, named)
    found = {campaign.campaign_id for campaign in scan.campaigns}
    yield _continued_batch([account for account in continued if account.campaign_id not in found])


def _continued_batch(accounts: Sequence[ContinuedAccount]) -> pa.RecordBatch:
    """Accounts of known campaigns that are no campaign of this run; what they took was not counted."""
    ordered = sorted(accounts, key=lambda a: (a.campaign_id, -a.bits, a.account_id))
    columns: dict[str, list[Any]] = {
        "campaign_id": [storable(a.campaign_id) for a in ordered],
        "account_id": [storable(a.account_id) for a in ordered],
        "bits": [a.bits for a in ordered],
        "first_seen": [a.first_seen for a in ordered],
        "last_seen": [a.last_seen for a in ordered],
        "exchanges": [a.exchanges for a in ordered],
        "taking_exchanges": [None] * len(ordered),
        "top_reasons": [[storable(reason) for reason in a.reasons] for a in ordered],
        "exchanges_until_named": [a.exchanges_until_named for a in ordered],
    }
    return pa.RecordBatch.from_pydict(columns, schema=arrow_schema(tables.REPORTED_MEMBERS))


def _member_batch(campaign: Campaign, named: Mapping[AccountId, ContinuedAccount]) -> pa.RecordBatch:
    members = sorted(campaign.members, key=lambda m: (-m.bits, m.account_id))
    columns: dict[str, list[Any]] = {
        "campaign_id": [storable(campaign.campaign_id)] * len(members),
        "account_id": [storable(m.account_id) for m in members],
        "bits": [m.bits for m in members],
        "first_seen": [m.first_seen for m in members],
        "last_seen": [m.last_seen for m in members],
        "exchanges": [m.exchanges for m in members],
        "taking_exchanges": [m.taking_exchanges for m in members],
        "top_reasons": [[storable(reason) for reason in m.top_reasons] for m in members],
        "exchanges_until_named": [
            named[m.account_id].exchanges_until_named if m.account_id in named else None for m in members
        ],
    }
    return pa.RecordBatch.from_pydict(columns, schema=arrow_schema(tables.REPORTED_MEMBERS))


def _write(batches: Iterable[pa.RecordBatch], table: tables.Table, sink: BinaryIO) -> None:
    schema = arrow_schema(table)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for rows in _equal_parts(batches, schema):
            writer.write_table(rows, row_group_size=_ROWS)


def _equal_parts(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS:
            table = pa.Table.from_batches(waiting, schema)
            whole = rows - rows % _ROWS
            yield table.slice(0, whole).combine_chunks()
            waiting = table.slice(whole).to_batches()
            rows -= whole
    yield pa.Table.from_batches(waiting, schema).combine_chunks()
