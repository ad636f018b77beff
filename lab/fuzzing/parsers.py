"""One function a small parser: bytes in, nothing out. Whatever the bytes, only the reader's own faults may be raised.

In: bytes of a fuzzer or of the corpus. No file is opened but for formats that are files by nature.
"""

import contextlib
import csv
import gzip
import io
import itertools
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from fuzzing.choices import Bytes, in_memory
from stillwatch.ids import canonical_id, client_address
from stillwatch.read import Tally
from stillwatch.read.documents import _Splitter, line_documents
from stillwatch.read.event_streams import reassembled
from stillwatch.read.fields import field_at
from stillwatch.read.json_blocks import Blocks
from stillwatch.read.otlp_protobuf import _decoder
from stillwatch.read.reading import Reading
from stillwatch.read.registry import format_of, formats
from stillwatch.read.rows import _converted, _fitting, document_batches
from stillwatch.read.streams import Truncated, split_lines
from stillwatch.read.streams import lines as lines_of
from stillwatch.read.values import RowFault, converted
from stillwatch.settings import Settings
from stillwatch.tables import EXCHANGES

LIMIT = 1 << 20
SAMPLES = Path(__file__).parents[2] / "tests" / "read" / "samples"
SETTINGS = Settings(row_limit_bytes=LIMIT, join_limit_bytes=1 << 16)
BLOCKS = Blocks()
PALETTE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 1.5, 1e308, "", "x", "\0", "\u202e", "a\r\nb", "=cmd()", "{}",
    "[]", '{"a":', "[" * 70, "data: {}\n\n", "2026-02-03T12:00:00Z", "9" * 400, [], {}, [None], [[]], [{}], {"": None},
    {"role": "user", "content": None}, {"type": "text", "text": 5}, [{"key": "a", "value": {"stringValue": 1}}],
    {"kvlistValue": {"values": [{}]}}, {"arrayValue": 3}, [{"role": "system", "content": [{"type": "text"}]}],
)  # fmt: skip


@cache
def samples() -> tuple[bytes, ...]:
    """Every document of every format, as JSON."""
    lines = [path.read_bytes().splitlines() for path in sorted(SAMPLES.glob("*.jsonl"))]
    return tuple(line for listed in lines for line in listed if line.strip())


def changed(content: bytes) -> dict[str, Any]:
    """A sample with up to six values replaced, removed, wrapped or given another name, as the bytes say."""
    choices = Bytes(content)
    document: dict[str, Any] = msgspec.json.decode(samples()[choices.below(len(samples()))])
    for _ in range(6):
        if not choices.left:
            break
        change(document, choices)
    return document


def change(document: dict[str, Any], choices: Bytes) -> None:
    """Replace, remove, wrap or rename one value."""
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = keys[choices.below(len(keys))]
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or choices.below(4) == 0:
            break
        holder = inner
    match choices.below(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [inner, inner]
        case 2:
            holder[key] = {"value": inner}
        case 3:
            holder[key] = choices.rest()[:64].decode("utf-8", "replace")
        case 4 if isinstance(inner, str) and inner:
            at = choices.below(len(inner))
            holder[key] = inner[:at] + str(PALETTE[choices.below(len(PALETTE))]) + inner[at + 1 :]
        case _:
            holder[key] = deepcopy(PALETTE[choices.below(len(PALETTE))])  # it may be changed next, and hold itself


def _runs() -> Iterator[Reading]:
    """A run of reading for every execution; a new one, which costs more than most executions, now and then."""
    while True:
        yield from itertools.repeat(Reading(SETTINGS, Tally()), 1_000)


RUNS = _runs()


def documents(content: bytes) -> None:
    """A sample of any format with values changed, as rows."""
    reading = next(RUNS)
    for _ in _fitting(changed(content), EXCHANGES, reading):
        pass
    for _ in _converted(reading.rest(), EXCHANGES):
        pass


def asked_every_format(content: bytes) -> None:
    """A changed sample, asked by every format whether it is its own, and where a path leads in it."""
    document = changed(content)
    for one in formats():
        try:
            if one.matches(document):
                list(one.rows(document)) if one.joiner is None else None
        except (RowFault, TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError):
            continue  # what `rows` catches
    field_at(document, content[:40].decode("utf-8", "replace"))


def lines(content: bytes) -> None:
    """Bytes as lines of JSON, the careful and the typed way."""
    reading = next(RUNS)
    list(
        document_batches(
            Path("x"), EXCHANGES, reading, line_documents(split_lines(content, LIMIT), LIMIT, 1, reading.typed)
        )
    )


def blocks(content: bytes) -> None:
    """Bytes as a block of canonical lines."""
    begun = b'{"exchange_id":"e","ts":"2026-02-03T12:00:00Z","account_id":"a","model":"m",'
    for tried in (content, b"{" + content + b"}\n", begun + content + b"}\n"):
        batch, _ = BLOCKS.batch(tried, LIMIT)
        if batch is not None:
            batch.validate(full=True)


def spread(content: bytes) -> None:
    """Bytes as objects over several lines, cut into chunks at a place of the bytes' own choosing."""
    cut = content[0] if content else 0
    for value in _Splitter(LIMIT).values(iter((content[:cut], content[cut:]))):
        if value is not None:
            len(value)


def csv_text(content: bytes) -> None:
    """Bytes as fields of CSV under canonical names."""
    reading = next(RUNS)
    names = [column.name for column in EXCHANGES.columns]
    try:
        fields = list(csv.reader(io.StringIO(content.decode("utf-8", "surrogateescape")), strict=True))
    except csv.Error:
        return
    for row in fields[:20]:
        for _ in _fitting(dict(zip(names, row, strict=False)), EXCHANGES, reading):
            pass


def protobuf(content: bytes) -> None:
    """Bytes as a message of OTLP."""
    found = _protobuf()(content)
    for _ in _fitting(found, EXCHANGES, next(RUNS)):
        pass


@cache
def _protobuf() -> Callable[[bytes], Any]:
    decoder: Callable[[bytes], Any] = _decoder(Path("x"))
    return decoder


def streamed(content: bytes) -> None:
    """Bytes as the events of a streamed reply."""
    text = content.decode("utf-8", "replace")
    for tried in (text, text.replace("~", "\ndata: ")):
        try:
            reassembled(tried)
        except (RowFault, TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError):
            continue  # what `rows` catches


def values(content: bytes) -> None:
    """Bytes as a value of every type, as text and as JSON."""
    text = content.decode("utf-8", "surrogateescape")
    found: list[Any] = [text]
    with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
        found.append(msgspec.json.decode(content))
    for value in found:
        for column in EXCHANGES.columns:
            if column.type != "string" or column.name in {"org_id", "params"}:
                try:
                    converted(value, column)
                except RowFault:
                    continue


def identities(content: bytes) -> None:
    """Bytes as ids, addresses and chains of forwarded ones."""
    text = content.decode("utf-8", "replace")
    canonical_id(text)
    client_address(text, len(content) % 4, ("10.0.0.0/8", "fd00::/8"))


def packed(content: bytes) -> None:
    """Bytes, and bytes that become them, as compressed files: lines come out, or the reason why not."""
    whole = (gzip.compress, zstandard.compress)[_first(content, 2)](content)
    for tried in (
        b"\x1f\x8b\x08\0" + content,
        b"\x28\xb5\x2f\xfd" + content,
        whole,
        whole[: len(content) % len(whole)],
    ):
        with contextlib.suppress(Truncated):
            for line in lines_of(in_memory(tried), LIMIT):
                assert line is None or len(line) <= LIMIT


def _first(content: bytes, below: int) -> int:
    return content[0] % below if content else 0


def joined(content: bytes) -> None:
    """Changed rows of the formats whose exchanges are in pieces: Azure's two tables and OpenAI's batches."""
    choices, reading = Bytes(content), next(RUNS)
    for _ in range(4):
        picked = _pieces()[choices.below(len(_pieces()))]
        document = msgspec.json.decode(picked)
        change(document, choices)
        for _ in _fitting(document, EXCHANGES, reading):
            pass
    for _ in _converted(reading.rest(), EXCHANGES):
        pass


@cache
def _pieces() -> tuple[bytes, ...]:
    return tuple(line for line in samples() if format_of(msgspec.json.decode(line)).joiner)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    documents, asked_every_format, lines, blocks, spread, csv_text, protobuf, streamed, values, identities, packed,
    joined,
)  # fmt: skip


def seeds(name: str) -> Iterator[bytes]:
    """What a fuzzer of one target begins with."""
    if name in {"documents", "asked_every_format"}:
        for at in range(len(samples())):
            yield at.to_bytes(2, "big") + bytes((0, 3, 0, 1, 0, 5, 0, 7, 0, 2, 0, 9))
    elif name == "protobuf":
        yield from (path.read_bytes() for path in sorted(SAMPLES.glob("*.binpb")))
    elif name == "streamed":
        yield from (line for line in samples() if b"data: " in line)
    elif name == "joined":
        yield from (bytes((at, 3, 0, at, 0, 9)) for at in range(0, 250, 10))
    else:
        yield from (line[:400] for line in samples())
