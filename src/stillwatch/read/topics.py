"""Logs in a Kafka topic: one message is one JSON document of any format that a file may have.

In: a URL such as kafka://broker:9092/topic?group=stillwatch. Out: `Chunk`s, files of one document a line. A chunk says
which offsets it holds, so whoever keeps chunks knows where to go on; offsets are committed when told to.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from stillwatch.errors import InputError

_SCHEME = "kafka"
_MOST_MESSAGES, _MOST_BYTES = 200_000, 256 << 20  # of one chunk
_POLLED = 10_000  # messages asked for at a time
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages first to last of a partition, both included, in a file; where a message is no document it has no line.

    time_ms: of the last message, since 1970.
    """

    partition: int
    first: int
    last: int
    time_ms: int
    path: Path


def is_topic(place: str) -> bool:
    """Whether a place that logs come from is a topic."""
    return place.startswith(f"{_SCHEME}://")


class Topic:
    """A topic, read by offsets; use as a context manager.

    Args:    options: of the client, by its own names, such as {"security.protocol": "SASL_SSL"}.
    Raises:  InputError: the URL is wrong, the client is not installed, or no broker answers.
    """

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        name = parts.path.strip("/")
        if not parts.netloc or not name or "/" in name:
            raise InputError(f"{url}: a topic is written kafka://HOST:PORT[,HOST:PORT]/TOPIC[?group=NAME]")
        self.place = f"{_SCHEME}://{parts.netloc}/{name}"
        self._name = name
        try:
            self._kafka = import_module("confluent_kafka")
        except ImportError as fault:
            raise InputError(f"{url}: pip install 'stillwatch[kafka]'") from fault
        group = parse_qs(parts.query).get("group", ["stillwatch"])[0]
        quiet = {"log_level": "2"}  # else the client writes a line for every attempt to connect
        own = {"group.id": group, "enable.auto.commit": "false", "enable.partition.eof": "true"}
        try:
            self._consumer = self._kafka.Consumer({**quiet, **options, "bootstrap.servers": parts.netloc, **own})
            seen = self._consumer.list_topics(name, timeout=_PATIENCE_SECONDS).topics[name]
        except self._kafka.KafkaException as fault:
            raise InputError(f"{self.place}: {fault.args[0].str()}") from fault
        if seen.error is not None:
            self._consumer.close()
            raise InputError(f"{self.place}: {seen.error.str()}")
        self.partitions = tuple(sorted(seen.partitions))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def committed(self) -> dict[int, int]:
        """Give the offset to go on from, by partition, where the group has committed one."""
        asked = [self._at(partition) for partition in self.partitions]
        found = self._consumer.committed(asked, timeout=_PATIENCE_SECONDS)
        return {one.partition: one.offset for one in found if one.offset >= 0}

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Have the group go on from these offsets."""
        if offsets:
            self._consumer.commit(offsets=[self._at(*one) for one in offsets.items()], asynchronous=False)

    def chunks(self, partition: int, start: int, folder: Path) -> Iterator[Chunk]:
        """Give what a partition holds from an offset on, until its present end; a chunk's file goes with the next."""
        low, end = self._consumer.get_watermark_offsets(self._at(partition), timeout=_PATIENCE_SECONDS)
        self._consumer.assign([self._at(partition, max(start, low))])
        path, ended = folder / f"{self._name}-{partition}.jsonl", max(start, low) >= end
        while not ended:
            chunk, ended = self._chunk(partition, end, path)
            if chunk:
                yield chunk
                path.unlink()

    def _chunk(self, partition: int, end: int, path: Path) -> tuple[Chunk | None, bool]:
        """Write messages until the chunk is full or the partition ends, and say which of the two."""
        offsets: list[int] = []
        time_ms, ended, heard = 0, False, time.monotonic()
        with path.open("wb") as file:
            while not ended and len(offsets) < _MOST_MESSAGES and file.tell() < _MOST_BYTES:
                some = self._consumer.consume(_POLLED, timeout=0.5)
                heard = time.monotonic() if some else heard
                if time.monotonic() - heard > _PATIENCE_SECONDS:
                    raise InputError(f"{self.place}: no broker answers")
                for message in some:
                    if message.error():
                        ended |= self._is_end(message.error())
                        continue
                    file.write(_line(message.value()))
                    offsets.append(message.offset())
                    time_ms, ended = message.timestamp()[1], ended or message.offset() + 1 >= end
        return (Chunk(partition, offsets[0], offsets[-1], time_ms, path) if offsets else None), ended

    def _is_end(self, error: Any) -> bool:
        if error.code() == self._kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name for it
            return True
        if error.retriable():
            return False
        raise InputError(f"{self.place}: {error.str()}")

    def _at(self, partition: int, offset: int | None = None) -> Any:
        place = (self._name, partition) if offset is None else (self._name, partition, offset)
        return self._kafka.TopicPartition(*place)


def _line(document: bytes | None) -> bytes:
    """A document on one line: line ends in JSON stand between its parts only. A message without content has none."""
    return document.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" if document else b""
