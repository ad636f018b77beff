import io
import json
from datetime import UTC, datetime, timedelta

from rich.console import Console

from stillwatch.report import print_windows, windows_json
from stillwatch.types import AccountId, Carrier, ExchangeId, WindowFinding, WindowReport

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FLAG, NO_FLAG = (True,), (False,)
CARRIER = Carrier(ExchangeId("x1"), AccountId("a\x1b[2J"), 2.5, "solve\x07 this")
FLAGGED = WindowFinding(
    START, START + timedelta(hours=1), 300, 200, 9, 21.0, 40.0, *FLAG, ("20 of 200",), (CARRIER,), 20
)
QUIET = WindowFinding(
    START + timedelta(hours=1), START + timedelta(hours=2), 250, 250, 8, -1.0, 2.0, *NO_FLAG, (), (), 0
)


def printed(report: WindowReport) -> str:
    stream = io.StringIO()
    print_windows(report, Console(file=stream, width=120))
    return stream.getvalue()


def test_flagged_windows_come_with_sentence_and_carriers() -> None:
    """The terminal says how many windows differ, why, and by which exchanges, without what moves a cursor."""
    text = printed(WindowReport("0.1", 5_000, 30, *FLAG, (), 1, (FLAGGED, QUIET)))
    assert "1 of 2 windows differ from 5,000 exchanges of the reference" in text
    assert "20 of 200" in text
    assert "x1" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text


def test_it_says_when_bits_are_not_exact() -> None:
    """What the bits rest on is told in words."""
    assert "bits are exact" in printed(WindowReport("0.1", 5_000, 30, *FLAG, (), 0, (QUIET,)))
    assert "Student" in printed(WindowReport("0.1", 5_000, 30, *NO_FLAG, (), 0, (QUIET,)))


def test_json_holds_every_window_and_its_times() -> None:
    plain = json.loads(json.dumps(windows_json(WindowReport("0.1", 5_000, 30, *FLAG, (), 0, (FLAGGED,)))))
    assert plain["windows"][0]["first_seen"] == "2026-03-02T09:00:00+00:00"
    assert plain["windows"][0]["carriers"][0]["exchange_id"] == "x1"
