import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from rich.console import Console

from stillwatch.report import print_windows, windows_json
from stillwatch.stream import Carrier, WindowFinding, WindowReport
from stillwatch.types import AccountId, ExchangeId

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CARRIER = Carrier(ExchangeId("x1"), AccountId("a\x1b[2J"), 2.5, "solve\x07 this")
FLAGGED = WindowFinding(
    first_seen=START,
    last_seen=START + timedelta(hours=1),
    exchanges=300,
    compared=200,
    accounts=9,
    bits=21.0,
    raw_bits=40.0,
    flagged=True,
    claims=("20 of 200",),
    carriers=(CARRIER,),
    carrying=20,
)
QUIET = replace(FLAGGED, bits=-1.0, raw_bits=2.0, flagged=False, claims=(), carriers=(), carrying=0)


def report(*windows: WindowFinding, exact: Literal["exact", "student"] = "exact") -> WindowReport:
    return WindowReport("0.1", 5_000, 30, exact == "exact", (), 0, windows)


def printed(shown: WindowReport) -> str:
    stream = io.StringIO()
    print_windows(shown, Console(file=stream, width=120))
    return stream.getvalue()


def test_flagged_windows_come_with_sentence_and_carriers() -> None:
    """The terminal says how many windows differ, why, and by which exchanges, without what moves a cursor."""
    text = printed(report(FLAGGED, QUIET))
    assert "1 of 2 windows differ from 5,000 exchanges of the reference" in text
    assert "20 of 200" in text
    assert "x1" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text


def test_it_says_when_bits_are_not_exact() -> None:
    """What the bits rest on is told in words."""
    assert "bits are exact" in printed(report(QUIET))
    assert "Student" in printed(report(QUIET, exact="student"))


def test_json_holds_every_window_and_its_times() -> None:
    plain = json.loads(json.dumps(windows_json(report(FLAGGED))))
    assert plain["windows"][0]["first_seen"] == "2026-03-02T09:00:00+00:00"
    assert plain["windows"][0]["carriers"][0]["exchange_id"] == "x1"
