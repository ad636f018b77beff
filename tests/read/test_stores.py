"""Objects of a store are found by URL and brought here whole; on fsspec's store in memory."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.read import Tally, is_elsewhere, stored

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: uv sync --extra store")


@pytest.fixture
def store() -> str:
    """A store with two logs, and with what is no log."""
    files = fsspec.filesystem("memory")
    files.rm("/logs", recursive=True) if files.exists("/logs") else None
    for name in ("b.jsonl.gz", "day/a.parquet", "accounts.csv", "labels/x.jsonl", ".hidden.jsonl", "note.txt"):
        files.pipe_file(f"/logs/{name}", name.encode())
    return "memory://logs"


def test_logs_are_listed_by_name_with_size_and_time(store: str) -> None:
    found = stored(store)
    assert [(one.url, one.size_bytes) for one in found] == [
        ("memory:///logs/b.jsonl.gz", 10),
        ("memory:///logs/day/a.parquet", 13),
    ]
    assert all(one.modified_ns > 0 for one in found)


def test_an_object_is_here_only_while_it_is_needed(store: str, tmp_path: Path) -> None:
    with stored(store)[0].here(tmp_path) as copy:
        assert copy.read_bytes() == b"b.jsonl.gz"
    assert not list(tmp_path.iterdir())


def test_what_stillwatch_wrote_is_no_log_in_a_store_either(store: str) -> None:
    """A report, or a state directory, that was copied into the bucket of the logs."""
    files = fsspec.filesystem("memory")
    for name in ("campaigns.json", "coverage.json", "indicators.json", "members.parquet", "exchanges.parquet"):
        files.pipe_file(f"/logs/out/{name}", b"never")
    for name in ("made_by", "lock", "parts/x/sketched.parquet"):
        files.pipe_file(f"/logs/day/state/{name}", b"never")
    tally = Tally()
    found = stored(store, tally)
    assert [one.url for one in found] == ["memory:///logs/b.jsonl.gz", "memory:///logs/day/a.parquet"]
    assert tally.notes() == tuple(
        f"memory:///logs/{own}: left out, since Stillwatch itself wrote it" for own in ("day/state", "out")
    )


def test_one_object_can_be_named(store: str) -> None:
    assert [one.url for one in stored(f"{store}/b.jsonl.gz")] == ["memory:///logs/b.jsonl.gz"]


def test_a_place_without_logs_says_so(store: str) -> None:
    with pytest.raises(InputError, match="no log objects"):
        stored(f"{store}/nothing")


def test_an_unknown_kind_of_store_says_what_to_install() -> None:
    with pytest.raises(InputError, match=r"stillwatch\[store\]"):
        stored("nowhere://logs")


@pytest.mark.parametrize(("url", "client"), [("gs://x/y", "gcsfs"), ("abfs://x/y", "adlfs"), ("az://x/y", "adlfs")])
def test_a_client_that_no_extra_brings_is_named(url: str, client: str) -> None:
    """The extra `store` brings the client of S3 alone, so it would not help."""
    if find_spec(client):
        pytest.skip(f"{client} is installed here")
    with pytest.raises(InputError, match=f"pip install {client}") as refused:
        stored(url)
    assert "[store]" not in str(refused.value)


def test_a_store_without_credentials_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: uv sync --extra store")
    s3fs.S3FileSystem.clear_instance_cache()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(InputError, match="NoCredentialsError"):
        stored("s3://logs/here")


def test_urls_are_told_from_paths() -> None:
    assert (is_elsewhere("s3://bucket"), is_elsewhere("/var/log"), is_elsewhere("logs")) == (True, False, False)
