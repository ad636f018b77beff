"""What a report says that it judged: each exchange once, none that was left out, and what a test really lacked."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.pipeline import Source, scan
from stillwatch.report.answers import headline
from stillwatch.settings import Settings
from stillwatch.types import Scan

_START = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 200 exchanges in 200 hours, each of them twice; every account has an address of its own."""
    rows = [
        {"exchange_id": f"e{n}", "ts": (_START + timedelta(hours=n)).isoformat(), "account_id": f"a{n % 20}",
         "model": "m", "ip": f"10.0.{n % 20}.1", "prompt_text": f"say {n}", "output_tokens": 2**62}
        for n in range(200)
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows * 2))
    return path


def _scanned(log: Path, as_of: datetime | None = None) -> Scan:
    return scan(Source((log,), as_of=as_of), Settings(), log.parent / "out", str)


def test_repeated_and_later_rows_are_not_among_the_exchanges_judged(log: Path) -> None:
    whole, early = _scanned(log), _scanned(log, _START + timedelta(hours=99))
    assert (whole.coverage.rows_read, whole.coverage.rows_duplicated, whole.coverage.exchanges) == (400, 200, 200)
    assert not [note for note in whole.coverage.notes if "not judged" in note]
    assert (early.coverage.rows_read, early.coverage.exchanges) == (400, 100)
    assert headline(early) == "No campaign found among 20 accounts and 100 exchanges"
    assert [note for note in early.coverage.notes if note.startswith("200 rows were not judged")]


def test_a_clock_that_is_years_wrong_is_told(log: Path) -> None:
    """Two of 200 exchanges are too many to be set aside."""
    assert not [note for note in _scanned(log).coverage.notes if "clock" in note]
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[2:200], *(line.replace("2026", "2099") for line in lines[:2])]))
    assert [note for note in _scanned(log).coverage.notes if note.startswith("the last exchange is 26,6")]


def test_a_moment_before_the_log_began_gets_a_sentence(log: Path) -> None:
    with pytest.raises(InputError, match="no exchange is as old as 2026-01-31"):
        _scanned(log, _START - timedelta(hours=1))


def test_a_test_that_has_its_column_does_not_ask_for_it(log: Path) -> None:
    missing = {off.test: off.missing for off in _scanned(log).coverage.tests_off}
    assert missing["network"] == "groups that it can compare; ip is there"
    assert missing["asn"] == "asn"
