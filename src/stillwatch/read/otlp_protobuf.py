"""OTLP as protobuf: one message a file, or messages behind four bytes of length each (a collector's file exporter).

In: bytes. Out: documents as OTLP/JSON has them. Needs the extra `otlp`.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stillwatch.crowded import MOST_FIELDS, crowded_message
from stillwatch.errors import InputError
from stillwatch.read.canonical_csv import Numbered
from stillwatch.read.streams import chunks
from stillwatch.read.values import RowFault

_LENGTH = struct.Struct(">I")
_FIRST_FIELD = 0x0A  # field 1, of a length: resource_spans or resource_logs


def is_protobuf(start: bytes) -> bool:
    """Tell protobuf by its beginning: a message, or a length and a message; text has no such control characters."""
    raw = start[:1] == b"\n" and not start[1:2].isspace() and any(byte < 9 or 13 < byte < 32 for byte in start[:64])
    framed = len(start) > 5 and start[0] == 0 and start[4] == _FIRST_FIELD
    return raw or framed


def protobuf_documents(path: Path, limit_bytes: int) -> Iterator[Numbered]:
    """Give the messages of a file as documents.

    Raises:  InputError: the extra is not installed.
    """
    decode = _decoder(path)
    for number, message in enumerate(_messages(path, limit_bytes), 1):
        if message is None:
            yield number, 0, RowFault(f"longer than {limit_bytes:,} bytes, or cut")
            return
        yield number, len(message), decode(message)


def _messages(path: Path, limit_bytes: int) -> Iterator[bytes | None]:
    """Cut a file into messages; None, and the end, where a length is beyond the limit or the file."""
    held = bytearray()
    framed: bool | None = None
    for chunk in chunks(path):
        held += chunk
        framed = held[:1] == b"\0" if framed is None else framed
        while framed and len(held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(held)
            if length > limit_bytes:
                yield None
                return
            if len(held) < _LENGTH.size + length:
                break
            yield bytes(held[_LENGTH.size : _LENGTH.size + length])
            del held[: _LENGTH.size + length]
        if len(held) > limit_bytes + _LENGTH.size:
            yield None
            return
    if held:
        yield None if framed else bytes(held)


def _decoder(path: Path) -> Any:
    try:
        from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - an extra
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - same
        from opentelemetry.proto.logs.v1.logs_pb2 import LogsData  # noqa: PLC0415 - same
        from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415 - same
    except ImportError as fault:
        raise InputError(f"{path}: is OTLP as protobuf; pip install 'stillwatch[otlp]' reads it") from fault

    def decode(message: bytes) -> Any:
        if crowded_message(message, TracesData.DESCRIPTOR, LogsData.DESCRIPTOR):
            return RowFault(f"holds more than {MOST_FIELDS:,} fields")
        for kind in (TracesData, LogsData):
            try:
                found = MessageToDict(kind.FromString(message))
            except (DecodeError, ValueError, RecursionError):
                continue
            if _is_whole(found):
                return found
        return RowFault("not a message of OTLP")

    return decode


def _is_whole(found: dict[str, Any]) -> bool:
    """Tell whether bytes were read as what they are: spans have a trace, and a log record no kind or end."""
    return all(
        "traceId" in span
        for resource in found.get("resourceSpans", ())
        for scope in resource.get("scopeSpans", ())
        for span in scope.get("spans", ())
    )
