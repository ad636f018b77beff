"""Rows of indices become log files: Parquet parts of exchanges in order of time, accounts, and labels.

In: accounts, library, pool, and blocks of rows (spilled to disk by slice of time, so memory stays flat). Out: files under
one folder. Identifiers are drawn here, from a generator that sees no label.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.schemas import arrow_schema
from stillwatch.simulate.layout import MICROSECONDS_PER_HOUR, MODELS, PATHWAYS, PLANS, ROW, VERIFICATIONS, Accounts, Rng, Rows
from stillwatch.simulate.library import Library
from stillwatch.simulate.network import Network, Numbers
from stillwatch.simulate.pool import PromptPool
from stillwatch.simulate.replies import replies
from stillwatch.tables import ACCOUNTS, EXCHANGES
from stillwatch.types import TARGETS

ROWS_PER_PART = 50_000
PURPOSES = ("", "cover", "probe")
LABELS = pa.schema([(name, pa.string()) for name in ("exchange_id", "operator", "target", "kind")])
HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), "S2")


@dataclass(slots=True, eq=False)
class Words:
    """The library, the pool and the accounts as Arrow arrays, ready to be taken from by index."""

    accounts: Accounts
    account_ids: pa.Array
    org_ids: pa.Array
    texts: pa.Array
    prefixes: pa.Array
    suffixes: pa.Array
    joiners: pa.Array
    systems: pa.Array
    toolsets: pa.Array
    tools_hashes: pa.Array
    clients: tuple[pa.Array, pa.Array, pa.Array]
    params: pa.Array
    addresses: Numbers
    network: Network
    kinds: pa.Array
    operators: pa.Array
    origin: int
    salt: int
    missing_fraction: float
    targets: pa.Array = field(default_factory=lambda: pa.array([t.value for t in TARGETS]))


def hex_ids(numbers: NDArray[np.uint64], digits: int = 16, absent: NDArray[np.bool_] | None = None) -> pa.Array:
    """Write 64-bit numbers as hex strings without a Python object per row; null where `absent`."""
    text = HEX[numbers.view(np.uint8).reshape(len(numbers), 8)].view(f"S{2}").reshape(len(numbers), 8)[:, : digits // 2]
    values = pa.py_buffer(np.ascontiguousarray(text).tobytes())
    offsets = pa.py_buffer((np.arange(len(numbers) + 1, dtype=np.int32) * digits).tobytes())
    whole = pa.StringArray.from_buffers(len(numbers), offsets, values)
    return whole if absent is None else pc.if_else(pa.array(absent), None, whole)


def token(numbers: NDArray[np.integer], salt: int) -> NDArray[np.uint64]:
    """Turn small numbers into well-spread 64-bit ones; the same number and salt give the same token."""
    mixed = (numbers.astype(np.uint64) + np.uint64(salt & (2**64 - 1))) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def words_of(
    accounts: Accounts, library: Library, pool: PromptPool, network: Network, addresses: Numbers, *, start: datetime,
    operators: tuple[str, ...], missing_fraction: float, rng: Rng,
) -> Words:  # fmt: skip
    """Freeze everything that rows point into."""
    salt = int(rng.integers(2**62))
    text = lambda values: pa.array(values, pa.string())  # noqa: E731
    names = [str(n) for n in library.bank["words"]["joiners"]]
    return Words(
        accounts=accounts,
        account_ids=hex_ids(rng.integers(0, 2**64, len(accounts), np.uint64)),
        org_ids=hex_ids(token(accounts["org"], salt + 1), 12, accounts["org"] == 0),
        texts=pool.texts,
        prefixes=text([a for a, _ in library.scaffolds]).cast(pa.large_string()),
        suffixes=text([b for _, b in library.scaffolds]).cast(pa.large_string()),
        joiners=text(names).cast(pa.large_string()),
        systems=text([s or None for s in library.systems]),
        toolsets=pa.array([t or None for t in library.toolsets], pa.list_(pa.string())),
        tools_hashes=pc.if_else(
            pa.array([bool(t) for t in library.toolsets]), hex_ids(token(np.arange(len(library.toolsets)), salt + 2)), None
        ),
        clients=(text([c[0] for c in library.clients]), text([c[1] for c in library.clients]), text([c[2] for c in library.clients])),
        params=text(library.params),
        addresses=addresses,
        network=network,
        kinds=text(library.kinds),
        operators=text(["", *operators]),
        origin=int(start.astimezone(UTC).timestamp()) * 1_000_000,
        salt=salt,
        missing_fraction=missing_fraction,
    )


@dataclass(slots=True, eq=False)
class Spill:
    """Holds rows on disk by day of the window, until each day is read back whole and in order."""

    folder: Path
    days: int

    def add(self, rows: Rows) -> None:
        """Append a block's rows to the files of their days."""
        day = np.minimum(rows["ts"] // (24 * MICROSECONDS_PER_HOUR), self.days - 1)
        order = np.argsort(day, kind="stable")
        edges = np.searchsorted(day[order], np.arange(self.days + 1))
        for number in range(self.days):
            chosen = rows[order[edges[number] : edges[number + 1]]]
            if len(chosen):
                with (self.folder / f"{number:04}").open("ab") as file:
                    file.write(chosen.tobytes())

    def drain(self) -> Iterator[Rows]:
        """Give each day's rows in order of time, and forget them."""
        for path in sorted(self.folder.iterdir()):
            rows = np.fromfile(path, ROW)
            path.unlink()
            yield rows[np.argsort(rows["ts"], kind="stable")]


def write_exchanges(days: Iterator[Rows], words: Words, out: Path, rng: Rng) -> int:
    """Write parts and their labels; gives the number of rows."""
    (out / "exchanges").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(parents=True, exist_ok=True)
    plain = ["prompt_text", "exchange_id"]
    schema = arrow_schema(EXCHANGES)
    columns = [name for name in schema.names if name not in plain]
    written = part = 0
    with pq.ParquetWriter(out / "labels" / "exchanges.parquet", LABELS, compression="zstd") as labels:
        for rows in days:
            for first in range(0, len(rows), ROWS_PER_PART):
                batch, truth = _batch(rows[first : first + ROWS_PER_PART], words, rng)
                path = out / "exchanges" / f"part-{part:04}.parquet"
                pq.write_table(batch, path, compression="zstd", compression_level=1, use_dictionary=columns)
                labels.write_table(truth)
                written, part = written + batch.num_rows, part + 1
    return written


def _batch(rows: Rows, words: Words, rng: Rng) -> tuple[pa.Table, pa.Table]:
    size = len(rows)
    owner = words.accounts[rows["account"]]
    ids = hex_ids(rng.integers(0, 2**64, size, np.uint64))
    lost = rng.random((4, size)) < words.missing_fraction
    away = owner["stripped"]
    prompt = _prompt(rows, words)
    system = words.systems.take(pa.array(rows["system"]))
    columns: dict[str, pa.Array] = {
        "exchange_id": ids,
        "ts": pa.array(rows["ts"] + words.origin, pa.timestamp("us", tz="UTC")),
        "account_id": words.account_ids.take(pa.array(rows["account"])),
        "key_id": hex_ids(token(rows["account"], words.salt + 3), 12),
        "org_id": words.org_ids.take(pa.array(rows["account"])),
        "end_user_id": hex_ids(token(rows["account"].astype(np.int64) * 100_003 + rows["seat"], words.salt + 4), 12, rows["seat"] < 0),
        "session_id": hex_ids(token(rows["account"].astype(np.int64) * 10_000_019 + rows["session"], words.salt + 5), 16, owner["session"] <= 1),
        "pathway": pa.array(PATHWAYS).take(pa.array(owner["pathway"])),
        "model": pa.array(MODELS).take(pa.array(rows["model"])),
        **_origin(rows, words, lost[0]),
        "user_agent": _client(words.clients[0], rows, lost[1] | away),
        "tls_fingerprint": _client(words.clients[1], rows, lost[2] | away),
        "header_order": _client(words.clients[2], rows, lost[2] | away),
        "system_text": system,
        "prompt_text": prompt.cast(pa.string()),
        "turn": pa.array(np.where(owner["session"] > 1, rows["turn"], 0), pa.int32()),
        "tools": words.toolsets.take(pa.array(rows["tools"])),
        "tools_hash": words.tools_hashes.take(pa.array(rows["tools"])),
        "params": pc.if_else(pa.array(lost[3] | away), None, words.params.take(pa.array(rows["params"]))),
        **replies(rows, owner, pc.utf8_length(prompt), pc.utf8_length(system), rng),
        "reply_text": pa.nulls(size, pa.string()),
    }
    schema = arrow_schema(EXCHANGES)
    table = pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
    kind = words.kinds.take(pa.array(owner["kind"]))
    purpose = pa.array(PURPOSES).take(pa.array(rows["purpose"]))
    truth = [ids, words.operators.take(pa.array(owner["operator"])), words.targets.take(pa.array(rows["target"])), pc.if_else(pc.equal(purpose, ""), kind, purpose)]
    return table, pa.table(truth, schema=LABELS)


def _prompt(rows: Rows, words: Words) -> pa.Array:
    prefix = words.prefixes.take(pa.array(rows["prefix"]))
    suffix = words.suffixes.take(pa.array(rows["prefix"]))
    payload = _at(words.texts, rows["payload"])
    joiner = pc.if_else(pa.array(rows["extra"] < 0), "", words.joiners.take(pa.array(rows["joiner"])))
    return pc.binary_join_element_wise(prefix, payload, joiner, _at(words.texts, rows["extra"]), suffix, pa.scalar("", pa.large_string()))


def _at(texts: pa.Array, index: NDArray[np.int32]) -> pa.Array:
    return pc.fill_null(texts.take(pa.array(index, mask=index < 0)), "")


def _client(names: pa.Array, rows: Rows, absent: NDArray[np.bool_]) -> pa.Array:
    return names.take(pa.array(rows["client"], mask=absent))


def _origin(rows: Rows, words: Words, lost: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Address, autonomous system and country: always of one allocation."""
    absent = lost | (rows["address"] < 0)
    unique, inverse = np.unique(np.where(absent, 0, rows["address"]), return_inverse=True)
    number = words.addresses[unique]
    run = words.network.run_of(number // 256)
    text = [f"{a >> 24}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}" for a in number.tolist()]
    index = pa.array(inverse, mask=absent)
    country = np.array(words.network.countries)[words.network.country[run]]
    return {
        "ip": pa.array(text, pa.string()).take(index),
        "asn": pa.array(words.network.asn[run].tolist(), pa.string()).take(index),
        "country": pa.array(country.tolist(), pa.string()).take(index),
    }


def write_accounts(words: Words, library: Library, out: Path, rng: Rng) -> None:
    """Write the accounts, and who they really are beside them."""
    accounts, size = words.accounts, len(words.accounts)
    lost = rng.random((5, size)) < words.missing_fraction
    created = (accounts["created"] * MICROSECONDS_PER_HOUR).astype(np.int64) + words.origin
    closed = np.nan_to_num(accounts["closed"])
    countries = pa.array(words.network.countries, pa.string())
    reason = pa.array(("user request", "terms of service", "unpaid"))
    open_ = np.isnan(accounts["closed"])
    columns = {
        "account_id": words.account_ids,
        "org_id": words.org_ids,
        "created_at": pa.array(created, pa.timestamp("us", tz="UTC"), mask=lost[0]),
        "email_domain": pa.array(library.domains, pa.string()).take(pa.array(accounts["domain"], mask=lost[1])),
        "email_shape": pa.array(library.shapes, pa.string()).take(pa.array(accounts["shape"], mask=lost[1])),
        "payment_fingerprint": hex_ids(token(accounts["payment"], words.salt + 6), 16, accounts["payment"] == 0),
        "phone_country": countries.take(pa.array(accounts["phone"], mask=lost[2] | (rng.random(size) < 0.3))),
        "declared_country": countries.take(pa.array(accounts["country"], mask=lost[3])),
        "verification": pa.array(VERIFICATIONS).take(pa.array(accounts["verification"], mask=lost[4])),
        "plan": pa.array(PLANS).take(pa.array(accounts["plan"])),
        "closed_at": pa.array((closed * MICROSECONDS_PER_HOUR).astype(np.int64) + words.origin, pa.timestamp("us", tz="UTC"), mask=open_),
        "closed_reason": reason.take(pa.array(rng.integers(0, 3, size), mask=open_)),
    }
    schema = arrow_schema(ACCOUNTS)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    pq.write_table(table, out / "accounts.parquet", compression="zstd")
    truth = {
        "account_id": words.account_ids,
        "operator": words.operators.take(pa.array(accounts["operator"])),
        "kind": words.kinds.take(pa.array(accounts["kind"])),
        "organisation": words.org_ids,
    }
    pq.write_table(pa.table(truth), out / "labels" / "accounts.parquet", compression="zstd")
