"""Rows of indices become log files: Parquet parts of exchanges in order of time, accounts, and labels.

In: `Words` and blocks of rows (spilled to disk by slice of the window, so memory stays flat). Out: files in a folder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.abreast import abreast
from stillwatch.schemas import arrow_schema
from stillwatch.simulate.columns import Column, Mask, hex_ids, joined, lengths, nulled, numbers, strings, taken, token
from stillwatch.simulate.layout import (
    MICROSECONDS_PER_HOUR,
    MODELS,
    PATHWAYS,
    PLANS,
    ROW,
    VERIFICATIONS,
    Accounts,
    Rng,
    Rows,
)
from stillwatch.simulate.replies import replies
from stillwatch.simulate.words import Words
from stillwatch.tables import ACCOUNTS, EXCHANGES

ROWS_PER_PART = 50_000
PURPOSES = ("", "cover", "probe")
CLOSED_REASONS = ("user request", "terms of service", "unpaid")
LABELS = pa.schema(
    [*((name, pa.string()) for name in ("exchange_id", "operator", "target", "kind")), ("task", pa.int64())]
)
UTC_TIME = pa.timestamp("us", tz="UTC")
PLAIN = ("prompt_text", "exchange_id")  # columns that a dictionary would not shorten


def slices_of(exchanges: int) -> int:
    """Slices of the window so that each holds about one part, however many exchanges there are."""
    return max(1, -(-exchanges // ROWS_PER_PART))


@dataclass(slots=True, eq=False)
class Spill:
    """Holds rows on disk by slice of the window, until each slice is read back whole and in order.

    begin, window: where it begins and how long it is, in microseconds; cut into `slices` of equal length.
    """

    folder: Path
    begin: int
    window: int
    slices: int

    def add(self, rows: Rows) -> None:
        """Append a block's rows to the files of their slices."""
        slice_ = np.minimum((rows["ts"] - self.begin) * self.slices // self.window, self.slices - 1)
        order = np.argsort(slice_, kind="stable")
        edges = np.searchsorted(slice_[order], np.arange(self.slices + 1))
        rows = rows[order]
        for number in np.flatnonzero(np.diff(edges)).tolist():
            with (self.folder / f"{number:06}").open("ab") as file:
                file.write(rows[edges[number] : edges[number + 1]].tobytes())

    def drain(self) -> Iterator[Rows]:
        """Give the rows in order of time in runs of one part, and forget them."""
        held = np.zeros(0, ROW)
        for path in sorted(self.folder.iterdir()):
            rows = np.fromfile(path, ROW)
            path.unlink()
            held = np.concatenate([held, rows[np.argsort(rows["ts"], kind="stable")]])
            while len(held) >= ROWS_PER_PART:
                yield held[:ROWS_PER_PART]
                held = held[ROWS_PER_PART:]
        if len(held):
            yield held


def write_exchanges(parts: Iterable[Rows], words: Words, out: Path, seed: np.random.SeedSequence, workers: int) -> int:
    """Write parts and their labels; gives the number of rows. Each part draws from a stream of its own."""
    for name in ("exchanges", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)

    def write(numbered: tuple[int, Rows]) -> pa.Table:
        number, rows = numbered
        own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number))
        batch, truth = _batch(rows, words, np.random.default_rng(own))
        _write(batch, out / "exchanges" / f"part-{number:04}.parquet")
        return truth

    written = 0
    with pq.ParquetWriter(out / "labels" / "exchanges.parquet", LABELS, **_settings(LABELS)) as labels:
        for truth in abreast(write, enumerate(parts), workers):
            labels.write_table(truth)
            written += truth.num_rows
    return written


def _write(table: pa.Table, path: Path) -> None:
    with pq.ParquetWriter(path, table.schema, **_settings(table.schema)) as file:
        file.write_table(table)


def _settings(schema: pa.Schema) -> dict[str, Any]:
    """A dictionary where words repeat, and the fastest compression."""
    shortened = [name for name in schema.names if name not in PLAIN]
    return {"compression": "zstd", "compression_level": 1, "use_dictionary": shortened}


def _batch(rows: Rows, words: Words, rng: Rng) -> tuple[pa.Table, pa.Table]:
    ids = hex_ids(rng.integers(0, 2**64, len(rows), np.uint64))
    owner = words.accounts[rows["account"]]
    prompt, system = _prompt(rows, words), taken(words.systems, rows["system"])
    columns: dict[str, Column] = {
        "exchange_id": ids,
        "ts": numbers(rows["ts"] + words.origin, UTC_TIME),
        "model": taken(strings(MODELS), rows["model"]),
        "system_text": system,
        "prompt_text": prompt,
        "turn": numbers(np.where(owner["session"] > 1, rows["turn"], 0)),
        "tools": taken(words.toolsets, rows["tools"]),
        "tools_hash": taken(words.tools_hashes, rows["tools"]),
        "reply_text": pa.nulls(len(rows), pa.string()),
        **_caller(rows, owner, words),
        **_channel(rows, owner, words, rng),
        **replies(rows, owner, lengths(prompt), lengths(system), rng),
    }
    schema = arrow_schema(EXCHANGES)
    table = pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
    return table, pa.table([ids, *_truth(rows, owner, words)], schema=LABELS)


def _prompt(rows: Rows, words: Words) -> Column:
    alone = rows["extra"] < 0
    return joined(
        [
            taken(words.prefixes, rows["prefix"]),
            taken(words.texts, rows["payload"], rows["payload"] < 0).fill_null(""),
            taken(words.joiners, rows["joiner"], alone).fill_null(""),
            taken(words.texts, rows["extra"], alone).fill_null(""),
            taken(words.suffixes, rows["prefix"]),
        ]
    )


def _caller(rows: Rows, owner: Accounts, words: Words) -> dict[str, Column]:
    account, salt = rows["account"].astype(np.int64), words.salt
    seat, session = account * 100_003 + rows["seat"], account * 10_000_019 + rows["session"]
    return {
        "account_id": taken(words.account_ids, account),
        "key_id": hex_ids(token(account, salt + 3), 12),
        "org_id": taken(words.org_ids, account),
        "end_user_id": hex_ids(token(seat, salt + 4), 12, rows["seat"] < 0),
        "session_id": hex_ids(token(session, salt + 5), 16, owner["session"] <= 1),
        "pathway": taken(strings(PATHWAYS), owner["pathway"]),
    }


def _channel(rows: Rows, owner: Accounts, words: Words, rng: Rng) -> dict[str, Column]:
    lost = rng.random((4, len(rows))) < words.missing_fraction
    stripped = owner["stripped"]
    agents, fingerprints, orders = words.clients
    return {
        **_origin(rows, words, lost[0] | (rows["address"] < 0)),
        "user_agent": taken(agents, rows["client"], lost[1] | stripped),
        "tls_fingerprint": taken(fingerprints, rows["client"], lost[2] | stripped),
        "header_order": taken(orders, rows["client"], lost[2] | stripped),
        "params": taken(words.params, rows["params"], lost[3] | stripped),
    }


def _origin(rows: Rows, words: Words, absent: Mask) -> dict[str, Column]:
    """Address, autonomous system and country: always of one allocation."""
    unique, index = np.unique(np.where(absent, 0, rows["address"]), return_inverse=True)
    address = words.addresses[unique]
    run = words.network.run_of(address // 256)
    text = [f"{a >> 24}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}" for a in address.tolist()]
    country = taken(words.countries, words.network.country[run])
    return {
        "ip": taken(strings(text), index, absent),
        "asn": taken(strings(words.network.asn[run].tolist()), index, absent),
        "country": taken(country, index, absent),
    }


def _truth(rows: Rows, owner: Accounts, words: Words) -> list[Column]:
    """Operator, target, kind (what the account is, or for what else a campaign's account was used), and task taken."""
    places = np.where(rows["purpose"] > 0, len(words.kinds) + rows["purpose"].astype(np.int64), owner["kind"])
    kinds = strings([*words.kinds.to_pylist(), *PURPOSES])
    task = numbers(rows["task"], absent=(owner["operator"] == 0) | (rows["purpose"] > 0))
    return [taken(words.operators, owner["operator"]), taken(words.targets, rows["target"]), taken(kinds, places), task]


def write_accounts(words: Words, out: Path, rng: Rng) -> None:
    """Write the accounts, and who they really are beside them."""
    accounts, size = words.accounts, len(words.accounts)
    lost = rng.random((5, size)) < words.missing_fraction
    open_ = np.isnan(accounts["closed"])
    columns: dict[str, Column] = {
        "account_id": words.account_ids,
        "org_id": words.org_ids,
        "created_at": numbers(_moments(accounts["created"], words), UTC_TIME, lost[0]),
        "email_domain": taken(words.domains, accounts["domain"], lost[1]),
        "email_shape": taken(words.shapes, accounts["shape"], lost[1]),
        "payment_fingerprint": hex_ids(token(accounts["payment"], words.salt + 6), 16, accounts["payment"] == 0),
        "phone_country": taken(words.countries, accounts["phone"], lost[2] | (rng.random(size) < 0.3)),
        "declared_country": taken(words.countries, accounts["country"], lost[3]),
        "verification": taken(strings(VERIFICATIONS), accounts["verification"], lost[4]),
        "plan": taken(strings(PLANS), accounts["plan"]),
        "closed_at": numbers(_moments(np.nan_to_num(accounts["closed"]), words), UTC_TIME, open_),
        "closed_reason": taken(strings(CLOSED_REASONS), rng.integers(0, len(CLOSED_REASONS), size), open_),
    }
    schema = arrow_schema(ACCOUNTS)
    pq.write_table(pa.table([columns[name] for name in schema.names], schema=schema), out / "accounts.parquet")
    truth: dict[str, Column] = {
        "account_id": words.account_ids,
        "operator": taken(words.operators, accounts["operator"]),
        "kind": taken(words.kinds, accounts["kind"]),
        "organisation": nulled(words.org_ids, accounts["org"] == 0),
    }
    pq.write_table(pa.table(truth), out / "labels" / "accounts.parquet")


def _moments(hours: Any, words: Words) -> Any:
    return (hours * MICROSECONDS_PER_HOUR).astype(np.int64) + words.origin
