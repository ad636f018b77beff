"""Condenses real arrivals and address ranges for the simulator: `python lab/pack_arrivals.py SHARED_DATA`.

In: `servegen_clients`, `ipv4_country`, `ipv4_asn`, `ip_kind_ranges` of the shared data folder. Out:
`pack/arrivals.parquet` (one row a client: volume a recorded day, gap law, and if it was busy on half of 14 recorded
days its hourly rate as bytes: the others have no week that could be replayed) and `pack/networks.parquet` (runs of
/24 networks whose country and autonomous system agree).
"""

import hashlib
import ipaddress
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).parents[1] / "src/stillwatch/simulate/pack"
DAYS = 14
LEAST_DAYS = 7  # with fewer, most of a replayed fortnight would be silence
RANGES_PER_COUNTRY = 60
HOSTED_PER_COUNTRY = 8

ARRIVALS = """
with spans as (select category as recorded, 1 + max(t_sec) // 86400 as days from read_parquet($file) group by all)
select model || '/' || client as client, category, sum(rate) * 600 / any_value(days) as per_day,
    any_value(days) as recorded_days, mode(pattern) as law, median(p1) filter (pattern = 'Weibull') as weibull,
    median(p1) filter (pattern = 'Gamma') as gamma,
    median(cv) as cv
from read_parquet($file) join spans on category = recorded group by model, client, category order by client
"""
HOURLY = """
select model || '/' || client as client, t_sec // 3600 as hour, sum(rate) * 600 as exchanges
from read_parquet($file) group by all
"""


def half(key: str) -> str:
    """A or B, by a stable hash of the client's name."""
    return "AB"[hashlib.blake2b(key.encode(), digest_size=1).digest()[0] & 1]


def arrivals(folder: Path) -> pa.Table:
    """One row a client; the hourly rate is scaled to the client's busiest hour and stored in one byte, or absent."""
    connection = duckdb.connect()
    file = {"file": str(folder / "servegen_clients.parquet")}
    clients = connection.execute(ARRIVALS, file).fetchall()
    hourly = {row[0]: np.zeros(DAYS * 24) for row in clients}
    for client, hour, exchanges in connection.execute(HOURLY, file).fetchall():
        hourly[client][hour] = exchanges
    names = [row[0] for row in clients]
    shapes = [np.round(255 * hourly[n] / hourly[n].max()).astype(np.uint8) for n in names]
    days = [np.count_nonzero(shape.reshape(DAYS, 24).any(axis=1)) for shape in shapes]
    lasting = [row[3] == DAYS and busy >= LEAST_DAYS for row, busy in zip(clients, days, strict=True)]
    return pa.table(
        {
            "category": [row[1] for row in clients],
            "split": [half(n) for n in names],
            "per_day": pa.array([row[2] for row in clients], pa.float32()),
            "law": [row[4].lower() for row in clients],
            "gap_shape": pa.array([row[5] if row[4] == "Weibull" else row[6] for row in clients], pa.float32()),
            "cv": pa.array([row[7] for row in clients], pa.float32()),
            "hourly": pa.array(
                [s.tobytes() if lasts else None for s, lasts in zip(shapes, lasting, strict=True)], pa.binary()
            ),
        }
    )


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.array([int(ipaddress.IPv4Address(str(address))) for address in table[name].to_pylist()], np.int64)


def _runs(table: pa.Table, *columns: str) -> tuple[np.ndarray, np.ndarray, list[list[str]]]:
    return _numbers(table, "start"), _numbers(table, "end"), [[str(v) for v in table[c].to_pylist()] for c in columns]


def _hosted(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    texts = [str(cidr) for cidr in pq.read_table(folder / "ip_kind_ranges.parquet")["cidr"].to_pylist()]
    cidrs = [ipaddress.ip_network(text) for text in texts if ":" not in text]
    starts = np.array([int(c.network_address) for c in cidrs], np.int64)
    ends = np.array([int(c.broadcast_address) for c in cidrs], np.int64)
    order = np.argsort(starts)
    return starts[order], np.maximum.accumulate(ends[order])


def networks(folder: Path) -> pa.Table:
    """Runs of whole /24 networks inside one country and one autonomous system, hosted or not."""
    start, end, (country,) = _runs(pq.read_table(folder / "ipv4_country.parquet"), "country")
    a_start, a_end, (asn,) = _runs(pq.read_table(folder / "ipv4_asn.parquet"), "asn")
    order = np.argsort(start)
    where = order[np.clip(np.searchsorted(start[order], a_start, side="right") - 1, 0, None)]
    low = np.maximum(a_start, start[where])
    high = np.minimum(a_end, end[where])
    first, last = -(-low // 256), (high + 1) // 256  # /24 numbers, last is exclusive
    h_start, h_end = _hosted(folder)
    at = np.searchsorted(h_start, low, side="right") - 1
    hosted = (at >= 0) & (h_end[np.clip(at, 0, None)] >= low)
    size = np.minimum(last - first, 4096)
    picked: list[int] = []
    countries = np.array([country[i] for i in where])
    for name in sorted(set(country) - {"", "None", "ZZ"}):
        for kind, most in ((False, RANGES_PER_COUNTRY), (True, HOSTED_PER_COUNTRY)):
            mine = np.flatnonzero((countries == name) & (hosted == kind) & (size > 0))
            picked += mine[np.argsort(-size[mine], kind="stable")][:most].tolist()
    picked.sort(key=lambda i: int(first[i]))
    return pa.table(
        {
            "first_24": pa.array(first[picked], pa.int32()),
            "networks": pa.array(size[picked], pa.int32()),
            "country": [str(countries[i]) for i in picked],
            "asn": [f"AS{asn[i]}" for i in picked],
            "hosted": pa.array(hosted[picked], pa.bool_()),
        }
    )


def main() -> None:
    """Write both files and print their sizes."""
    folder = Path(sys.argv[1])
    OUT.mkdir(parents=True, exist_ok=True)
    for name, table in (("arrivals", arrivals(folder)), ("networks", networks(folder))):
        path = OUT / f"{name}.parquet"
        pq.write_table(table, path, compression="zstd", compression_level=19)
        print(f"{name}: {table.num_rows:,} rows, {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
