"""members.parquet and exchanges.parquet: declared schemas, bounded memory, bytes that depend on rows only."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import tables
from stillwatch.report.columnar import write_members, write_taken
from stillwatch.schemas import arrow_schema
from stillwatch.types import Scan


def _taken(rows: int, batch_rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, rows, batch_rows):
        ids = [str(i) for i in range(start, min(start + batch_rows, rows))]
        columns = {
            "campaign_id": ["c"] * len(ids),
            "exchange_id": ids,
            "account_id": ids,
            "target": ["coding"] * len(ids),
            "target_fraction": [0.5] * len(ids),
            "scaffold": [None] * len(ids),
        }
        yield pa.RecordBatch.from_pydict(columns, schema=arrow_schema(tables.TAKEN))


def _bytes(batches: Iterator[pa.RecordBatch]) -> bytes:
    sink = io.BytesIO()
    write_taken(batches, sink)
    return sink.getvalue()


def test_members_are_all_there_ranked(scan: Scan) -> None:
    """Every member of every campaign once, worst campaign first, strongest member first."""
    sink = io.BytesIO()
    write_members(scan, sink)
    table = pq.read_table(io.BytesIO(sink.getvalue()))
    assert table.schema.names == list(tables.REPORTED_MEMBERS.names)
    assert table.num_rows == sum(len(c.members) for c in scan.campaigns)
    assert table["campaign_id"][0].as_py() == "c_north_5f3a"
    bits = table["bits"].to_pylist()[:412]
    assert bits == sorted(bits, reverse=True)


def test_hostile_ids_survive(hostile_scan: Scan) -> None:
    """An id with a lone surrogate can be written, any other is written as read."""
    sink = io.BytesIO()
    write_members(hostile_scan, sink)
    written = set(pq.read_table(io.BytesIO(sink.getvalue()))["account_id"].to_pylist())
    whole = {m.account_id for c in hostile_scan.campaigns for m in c.members if m.account_id.isascii()}
    assert whole <= written


def test_bytes_do_not_depend_on_how_the_stream_was_cut() -> None:
    """Engines cut streams as they like; the file is the same."""
    assert _bytes(_taken(300_000, 7_001)) == _bytes(_taken(300_000, 100_000))


def test_the_stream_is_written_while_it_arrives() -> None:
    """A first row group is on disk before the last batch is asked for: 28 million rows need not fit in memory."""
    sink = io.BytesIO()
    sizes = []

    def watched() -> Iterator[pa.RecordBatch]:
        for batch in _taken(600_000, 50_000):
            sizes.append(sink.tell())
            yield batch

    write_taken(watched(), sink)
    assert sizes[-1] > sizes[0]
    assert pq.read_metadata(io.BytesIO(sink.getvalue())).num_rows == 600_000


def test_no_rows_is_a_file_with_the_schema() -> None:
    """A reader finds columns even where nothing was taken."""
    table = pq.read_table(io.BytesIO(_bytes(iter(()))))
    assert (table.schema, table.num_rows) == (arrow_schema(tables.TAKEN), 0)
