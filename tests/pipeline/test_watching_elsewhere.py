"""Logs in a store or a topic come into the state as files do: each once, whatever happens to the process in between."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch import state
from stillwatch.errors import InputError
from stillwatch.pipeline import Source
from stillwatch.pipeline.watching import take_new
from stillwatch.settings import Settings

SOURCE, SETTINGS = Source(()), Settings()


def exchanges(first: int, count: int) -> list[dict[str, str]]:
    return [
        {"exchange_id": f"x{n}", "ts": f"2026-06-01T00:{n % 60:02}:00Z", "account_id": f"a{n % 7}", "model": "m",
         "prompt_text": f"task number {n}"}
        for n in range(first, first + count)
    ]  # fmt: skip


def lines(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def taken(folder: Path, place: str) -> list[tuple[str, int, list[str]]]:
    """Name, rows and files of every part after a look."""
    with state.opened(folder, "test") as held:
        take_new(held, SOURCE, SETTINGS, (place,))
        return [(part.stamp.file, part.counts["rows_read"], part.counts["files"]) for part in held.parts()]


def test_a_look_without_the_identities_it_was_told_of_takes_nothing_in(tmp_path: Path) -> None:
    """An export that failed: once it is there, the next look reads every file with it."""
    (tmp_path / "day.jsonl").write_bytes(lines(exchanges(0, 10)))
    identities = tmp_path / "who.csv"
    identities.touch()
    source = Source((tmp_path / "day.jsonl",), identity=identities)
    with state.opened(tmp_path / "state", "test") as held, pytest.raises(InputError, match=r"who\.csv"):
        take_new(held, source, SETTINGS)
    identities.write_text("account_id,org_id\na1,o1\n")
    with state.opened(tmp_path / "state", "test") as held:
        take_new(held, source, SETTINGS)
        assert [part.counts["rows_read"] for part in held.parts()] == [10]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of an S3 server in this process."""
    server = pytest.importorskip("moto.server", reason="moto is not installed: uv sync --extra store")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: uv sync --extra store")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            environment.setenv(name, value)
        s3fs.S3FileSystem().mkdir("gateway-logs")
        yield "s3://gateway-logs/day"
    s3fs.S3FileSystem.clear_instance_cache()  # else the next test gets a client of the server stopped here
    running.stop()


def test_objects_of_a_bucket_are_taken_once_and_again_when_they_changed(bucket: str, tmp_path: Path) -> None:
    files = pytest.importorskip("s3fs").S3FileSystem()
    files.pipe_file(f"{bucket}/one.jsonl", lines(exchanges(0, 10)))
    one = (f"{bucket}/one.jsonl", 10, [f"{bucket}/one.jsonl"])
    assert taken(tmp_path, bucket) == [one]
    files.pipe_file(f"{bucket}/two.jsonl", lines(exchanges(10, 5)))
    two = (f"{bucket}/two.jsonl", 5, [f"{bucket}/two.jsonl"])
    assert taken(tmp_path, bucket) == [one, two]
    assert taken(tmp_path, bucket) == [one, two]
    files.pipe_file(f"{bucket}/two.jsonl", lines(exchanges(10, 8)))
    assert [rows for _, rows, _ in taken(tmp_path, bucket)] == [10, 8]


@pytest.fixture(scope="module")
def topic() -> tuple[str, Any]:
    """A topic of the client's own mock cluster, and a producer for it."""
    kafka = pytest.importorskip("confluent_kafka", reason="the Kafka client is not installed: uv sync --extra kafka")
    producer = kafka.Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    return f"kafka://{broker.host}:{broker.port}/exchanges?group=watch", producer


def test_messages_are_taken_once_even_if_their_offsets_were_never_committed(
    topic: tuple[str, Any], tmp_path: Path
) -> None:
    """Offsets are committed after the parts are on the disk; a run that dies in between leaves parts to go on from."""
    kafka = pytest.importorskip("confluent_kafka")
    place, producer = topic
    for row in exchanges(0, 10):
        producer.produce("exchanges", json.dumps(row), partition=0)
    producer.flush(10)
    name = place.partition("?")[0]
    first = (f"{name}/0/0-9", 10, [f"{name}/0/0-9"])
    assert taken(tmp_path, place) == [first]
    consumer = kafka.Consumer({"bootstrap.servers": place.split("/")[2], "group.id": "watch"})
    assert consumer.committed([kafka.TopicPartition("exchanges", 0)], timeout=10)[0].offset == 10
    consumer.commit(offsets=[kafka.TopicPartition("exchanges", 0, 4)], asynchronous=False)  # as if it had died before
    consumer.close()
    for row in exchanges(10, 3):
        producer.produce("exchanges", json.dumps(row), partition=0)
    producer.flush(10)
    assert taken(tmp_path, place) == [first, (f"{name}/0/10-12", 3, [f"{name}/0/10-12"])]
