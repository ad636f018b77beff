"""A topic is read by offsets; on the mock cluster that the client brings along, since no broker is installed here."""

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import InputError
from stillwatch.read import Topic, is_topic

kafka = pytest.importorskip("confluent_kafka", reason="the Kafka client is not installed: uv sync --extra kafka")
PARTITIONS = 4  # what the mock cluster gives a new topic


class Cluster:
    """A cluster inside a producer: `place` is the URL of a topic in it."""

    def __init__(self) -> None:
        self.producer = kafka.Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
        broker = next(iter(self.producer.list_topics(timeout=10).brokers.values()))
        self.address = f"{broker.host}:{broker.port}"

    def place(self, topic: str) -> str:
        return f"kafka://{self.address}/{topic}?group=tests"

    def send(self, topic: str, documents: list[Any], partition: int = 0) -> None:
        for document in documents:
            value = document if isinstance(document, bytes | None) else json.dumps(document, indent=1).encode()
            self.producer.produce(topic, value, partition=partition)
        assert self.producer.flush(10) == 0


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster()


def read(place: str, folder: Path, partition: int = 0, start: int = 0) -> list[tuple[int, int, list[Any]]]:
    with Topic(place, {}) as topic:
        return [
            (chunk.first, chunk.last, [json.loads(line) for line in chunk.path.read_bytes().splitlines()])
            for chunk in topic.chunks(partition, start, folder)
        ]


def test_messages_come_in_order_one_document_a_line(cluster: Cluster, tmp_path: Path) -> None:
    documents = [{"n": n, "text": "two\nlines"} for n in range(25)]
    cluster.send("ordered", documents)
    assert read(cluster.place("ordered"), tmp_path) == [(0, 24, documents)]
    assert not list(tmp_path.iterdir())


def test_reading_goes_on_from_an_offset_and_ends_at_the_end(cluster: Cluster, tmp_path: Path) -> None:
    cluster.send("further", [{"n": n} for n in range(5)])
    assert read(cluster.place("further"), tmp_path, start=3) == [(3, 4, [{"n": 3}, {"n": 4}])]
    assert read(cluster.place("further"), tmp_path, start=5) == []
    assert read(cluster.place("further"), tmp_path, partition=1) == []


def test_a_message_without_content_is_passed_over(cluster: Cluster, tmp_path: Path) -> None:
    cluster.send("hollow", [{"n": 0}, None, {"n": 2}])
    assert read(cluster.place("hollow"), tmp_path) == [(0, 2, [{"n": 0}, {"n": 2}])]


def test_committed_offsets_are_found_again(cluster: Cluster) -> None:
    cluster.send("noted", [{"n": n} for n in range(3)])
    with Topic(cluster.place("noted"), {}) as topic:
        assert topic.partitions == tuple(range(PARTITIONS))
        assert topic.committed() == {}
        topic.commit({0: 2})
    with Topic(cluster.place("noted"), {}) as topic:
        assert topic.committed() == {0: 2}


@pytest.mark.parametrize("url", ["kafka:///topic", "kafka://host:9092", "kafka://host:9092/a/b"])
def test_a_url_that_names_no_topic_says_how_one_is_written(url: str) -> None:
    assert is_topic(url)
    with pytest.raises(InputError, match="a topic is written"):
        Topic(url, {})
