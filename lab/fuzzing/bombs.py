"""Files made to cost whoever reads them: a good row before the bomb, and one after it where the format allows.

In: a path. Out: a file there. Each is small or quickly written; what it becomes in memory is the bomb.
"""

import gzip
import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

GOOD = {"exchange_id": "e1", "ts": "2026-02-03T12:00:00Z", "account_id": "a1", "model": "m"}


def line(**changes: object) -> bytes:
    """One good row."""
    return json.dumps(GOOD | changes).encode() + b"\n"


BEFORE, AFTER = line(), line(exchange_id="e2")


def _between(bomb: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(BEFORE + bomb + b"\n" + AFTER)


def _gzip_line(path: Path) -> None:
    with gzip.open(path, "wb") as file:
        file.write(BEFORE + b'{"a":"')
        for _ in range(400):
            file.write(b"0" * 1_000_000)
        file.write(b'"}\n' + AFTER)


def _zstd_line(path: Path) -> None:
    with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as file:
        file.write(BEFORE + b'{"a":"')
        for _ in range(1_000):
            file.write(b"0" * 1_000_000)
        file.write(b'"}\n' + AFTER)


def _gzip_lines(path: Path) -> None:
    with gzip.open(path, "wb") as file:
        file.write(BEFORE)
        for _ in range(100):
            file.write(b"\n" * 1_000_000)
        file.write(AFTER)


def _long_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(BEFORE + b'{"a":"')
        for _ in range(1_000):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n' + AFTER)


def _window(path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()  # without its size in the header
    path.write_bytes(packer.compress(BEFORE * 1_000) + packer.flush())


def _parquet_counts(path: Path) -> None:
    """The footer says of a column that it has two thousand million values."""
    pq.write_table(pa.table({name: [str(value)] * 50 for name, value in GOOD.items()}), path)
    content = path.read_bytes()
    (length,) = struct.unpack("<I", content[-8:-4])
    footer = len(content) - 8 - length
    at = content.index(b"\x64", footer)  # fifty, as thrift writes it
    path.write_bytes(content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :])


def _parquet_repeated(path: Path) -> None:
    """Two thousand rows that name one text of a megabyte."""
    many = pa.array([0] * 2_000, pa.int32())
    columns = {name: pa.array([str(value)] * 2_000) for name, value in GOOD.items()}
    for name in ("prompt_text", "reply_text", "system_text"):
        columns[name] = pa.DictionaryArray.from_arrays(many, pa.array(["x" * 900_000]))
    pq.write_table(pa.table(columns), path)


def _parquet_long(path: Path) -> None:
    """One text of 200 MB, packed."""
    text = pa.array([b"x" * 200_000_000], pa.binary())
    columns = {name: pa.array([str(value)]) for name, value in GOOD.items()}
    pq.write_table(pa.table(columns | {"prompt_text": text}), path, compression="zstd")


def empty_spans(count: int) -> bytes:
    """A message of OTLP with so many spans, of which nothing is said: two bytes each."""
    spans = b"\x12\x00" * count
    for field in (b"\x12", b"\x0a"):  # the scope that holds them, and the resource that holds it
        length = len(spans)
        spans = field + bytes((length >> at & 0x7F) | 0x80 for at in (0, 7, 14)) + bytes((length >> 21,)) + spans
    return spans


def _otlp_spans(path: Path) -> None:
    """Messages behind their lengths: a good one, ten million empty spans, a good one."""
    messages = (_good_span("e1"), empty_spans(10_000_000), _good_span("e2"))
    path.write_bytes(b"".join(struct.pack(">I", len(message)) + message for message in messages))


def _good_span(name: str) -> bytes:
    said = {"gen_ai.response.id": name, "gen_ai.request.model": "m", "user.id": "a1"}
    attributes = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in said.items()]
    span = Span(trace_id=b"t" * 16, start_time_unix_nano=1_770_120_000 * 10**9, attributes=attributes)
    whole = TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])])
    return bytes(whole.SerializeToString())


BOMBS: Mapping[str, Callable[[Path], object]] = {
    "gzip 1000:1, one line of 400 MB": _gzip_line,
    "gzip 1000:1, 100 million empty lines": _gzip_lines,
    "zstd 10,000:1, one line of 1 GB": _zstd_line,
    "zstd that asks for a window of 1 GiB": _window,
    "JSON objects 100,000 deep": _between(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "JSON arrays 100,000 deep in a column": _between(
        BEFORE[:-2] + b',"params":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    ),
    "100,000 brackets in a text": _between(line(exchange_id="x", request="[" * 100_000)[:-1]),
    "a million keys": _between(json.dumps(GOOD | {str(n): 1 for n in range(1_000_000)}).encode()),
    "a million keys in a column": _between(json.dumps(GOOD | {"params": {str(n): 1 for n in range(800_000)}}).encode()),
    "a line of 1 GB": _long_line,
    "OTLP, ten million empty spans": _otlp_spans,
    "Parquet with forged counts": _parquet_counts,
    "Parquet, one text of 200 MB": _parquet_long,
    "Parquet, 2,000 rows that name three texts of a megabyte": _parquet_repeated,
}
