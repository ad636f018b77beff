"""The commands, from a scan's folder to a released customer: what is shown is what is done."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stillwatch.cli import app
from stillwatch.errors import InputError
from stillwatch.gateway.asked import Asked
from stillwatch.gateway.dry_run import dry_run
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.snapshot import Contents
from stillwatch.pipeline.acting import Books, past_exchanges
from stillwatch.pipeline.intake import Source
from stillwatch.settings import Settings


def _run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as a scan leaves it, and a log: three members of one campaign, and a stranger."""
    folder = tmp_path / "scan"
    folder.mkdir()
    overview = {"calibration": {"ok": True}, "campaigns": [
        {"campaign_id": "c1", "verdict": "distillation", "together_bits": 40.0},
        {"campaign_id": "c2", "verdict": "organisation", "together_bits": 90.0},
    ]}  # fmt: skip
    (folder / "campaigns.json").write_text(json.dumps(overview))
    (folder / "indicators.json").write_text('{"version": 1, "campaigns": []}')
    members = [{"campaign_id": "c1", "account_id": f"m{n}", "bits": 12.0} for n in range(3)]
    members.append({"campaign_id": "c2", "account_id": "seat", "bits": 12.0})
    pq.write_table(pa.Table.from_pylist(members), folder / "members.parquet")
    end, early = datetime(2026, 11, 4, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    tested = {"account_id": ["m0", "m1", "m2", "seat", "other", "young"], "first_seen": [early] * 5 + [end]}
    pq.write_table(pa.table({**tested, "last_seen": [end] * 6}), folder / "accounts_tested.parquet")
    accounts = ("m0", "m1", "m2", "seat")
    rows = [
        {"exchange_id": f"x{n}", "ts": f"2026-11-{1 + n % 4:02d}T10:00:00Z", "account_id": accounts[n % 4],
         "model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 0}
        for n in range(8)
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "home"


def test_a_list_of_innocents_that_is_not_there_is_said_in_words(home: Path) -> None:
    """A wrong path must not look like nobody innocent being touched."""
    act, log = _proposed(home), home.parent / "log.jsonl"
    with pytest.raises(InputError, match="cannot be read as a list of accounts"):
        _run("act", "dry-run", act, log, "--home", home, "--innocents", home.parent / "nowhere.txt")
    (home.parent / "known.txt").write_text("m0 \nm 1\n")
    assert _run("act", "dry-run", act, log, "--home", home, "--innocents", home.parent / "known.txt")["innocents"] == [
        "m0"
    ]


def test_a_dry_run_reads_a_log_as_the_scan_of_it_did(home: Path) -> None:
    """Where the log knows keys only, the accounts that a plan is about are in the identity file."""
    act, folder = _proposed(home), home.parent
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    keyed = [{**row, "key_id": f"k-{row['account_id']}", "account_id": f"k-{row['account_id']}"} for row in rows]
    (folder / "keyed.jsonl").write_text("\n".join(map(json.dumps, keyed)))
    who = [{"key_id": f"k-{name}", "account_id": name} for name in ("m0", "m1", "m2", "seat")]
    (folder / "who.jsonl").write_text("\n".join(map(json.dumps, who)))
    dry = ("act", "dry-run", act, folder / "keyed.jsonl", "--home", home)
    assert _run(*dry)["touched"] == {}
    expected = _run("act", "dry-run", act, folder / "log.jsonl", "--home", home)["touched"]
    assert expected
    assert _run(*dry, "--identity", folder / "who.jsonl")["touched"] == expected


def test_a_dry_run_counts_an_exchange_once_however_often_it_was_logged(home: Path) -> None:
    """As a scan does: each file twice, and each row twice in a file of its own."""
    act, folder = _proposed(home), home.parent
    once = (folder / "log.jsonl").read_text().splitlines()
    (folder / "again").mkdir()
    (folder / "again/twice.jsonl").write_text("\n".join(line for line in once for _ in range(2)))
    expected = _run("act", "dry-run", act, folder / "log.jsonl", "--home", home)
    assert expected["exchanges_looked_at"] == 8
    found = _run("act", "dry-run", act, folder / "log.jsonl", folder / "again", "--home", home, "--days", 30)
    assert found == expected


@pytest.mark.parametrize(("more", "looked_at"), [(("--days", 2), 288), ((), 1_000)])
@pytest.mark.parametrize("year", [2001, 2099])
def test_what_a_wrong_clock_has_dated_is_left_out(
    home: Path, more: tuple[object, ...], looked_at: int, year: int
) -> None:
    act, folder = _proposed(home), home.parent
    row = json.loads((folder / "log.jsonl").read_text().splitlines()[0])
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        {**row, "exchange_id": f"y{n}", "ts": (begin + timedelta(minutes=10 * n)).isoformat()} for n in range(1_000)
    ]
    (folder / "long.jsonl").write_text("\n".join(map(json.dumps, rows)))
    dry = ("act", "dry-run", act, folder / "long.jsonl", "--home", home, *more)
    expected = _run(*dry)
    rows.append({**row, "exchange_id": "stray", "ts": f"{year}-01-01T00:00:00Z"})
    (folder / "long.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert _run(*dry) == expected
    assert expected["exchanges_looked_at"] == looked_at


def test_what_a_customer_writes_moves_no_cursor(home: Path) -> None:
    _run("act", "apply", _proposed(home), "--by", "A", "--home", home)
    asked = ["appeal", "open", "m0", "--words", "\x1b[2Jwe are a school", "--home", str(home)]
    shown = CliRunner().invoke(app, asked, color=True).stdout
    assert "\\u{1b}[2Jwe are a school" in shown
    assert "\x1b" not in shown


def _proposed(home: Path) -> str:
    return str(
        _run("act", "propose", "--in", home.parent / "scan", "--policy", "small-host", "--by", "A", "--home", home)[
            "act"
        ]
    )


def test_from_proposal_to_release(home: Path) -> None:
    """Propose, try, approve, appeal, overturn, undo: doors follow at each step, and the log holds."""
    act = _proposed(home)
    shown = _run("act", "dry-run", act, home.parent / "log.jsonl", "--home", home)
    assert shown == {
        "exchanges_looked_at": 8,
        "touched": {"cap": {"accounts": 3, "exchanges": 6, "list_price_usd": 15.0, "unpriced_exchanges": 0}},
        "linked": {},
        "innocents": [],
    }
    assert _run("act", "approve", act, "--by", "A", "--home", home)["decisions"] == 3
    gate = Gate(home / "decisions.snapshot", ())
    assert gate.refresh()
    assert [gate.answer(Asked(account=a)).action for a in ("m0", "m1", "m2", "seat")] == ["cap"] * 3 + ["none"]
    with Books(str(home / "ledger.sqlite")) as books:
        held = books.standing(datetime.now(UTC))
    exchanges = past_exchanges(Source((home.parent / "log.jsonl",)), None, Settings())
    assert dry_run(Contents(0, 0.0, held.decisions, held.exemptions), exchanges).touched["cap"].accounts == {
        "m0",
        "m1",
        "m2",
    }
    made = _run("appeal", "open", "m1", "--words", "a mistake", "--home", home)
    _run("appeal", "settle", made["appeal_id"], "overturned", "--by", "B", "--home", home)
    assert gate.refresh()
    assert [gate.answer(Asked(account=a)).action for a in ("m0", "m1")] == ["cap", "none"]
    assert _run("appeal", "list", "--home", home)["innocents"] == ["m1"]
    assert (home / "innocents.txt").read_text() == "m1\n"
    again = _proposed(home)
    assert _run("act", "dry-run", again, home.parent / "log.jsonl", "--home", home)["touched"]["cap"]["accounts"] == 2
    assert _run("act", "undo", act, "--by", "A", "--home", home)["undone"] == 3
    gate.refresh()
    assert gate.answer(Asked(account="m0")).action == "none"
    assert _run("act", "log", "--verify", "--home", home)["faults"] == []


def test_an_account_that_a_scan_has_seen_for_less_than_two_days_may_still_be_linked(home: Path) -> None:
    """Only the others are settled."""
    _proposed(home)
    assert (home / "settled.txt").read_text().split() == ["m0", "m1", "m2", "other", "seat"]


def test_days_count_back_from_the_log_s_end_and_innocents_are_named(home: Path, tmp_path: Path) -> None:
    """The last two days hold m2 and the organisation's seat, of which m2 is touched."""
    (tmp_path / "innocents.txt").write_text("m2\nseat\n")
    more = ("--days", 2, "--innocents", tmp_path / "innocents.txt", "--home", home)
    shown = _run("act", "dry-run", _proposed(home), home.parent / "log.jsonl", *more)
    assert (shown["exchanges_looked_at"], shown["touched"]["cap"]["exchanges"], shown["innocents"]) == (4, 2, ["m2"])


def test_nothing_is_enforced_on_bits_that_did_not_hold(home: Path) -> None:
    """Approving is refused in words; applying simulated works, and doors let everybody through."""
    overview = json.loads((home.parent / "scan" / "campaigns.json").read_text())
    overview["calibration"]["ok"] = False
    (home.parent / "scan" / "campaigns.json").write_text(json.dumps(overview))
    act = _proposed(home)
    result = CliRunner().invoke(app, ["act", "approve", act, "--by", "A", "--home", str(home)])
    assert "did not hold" in str(result.exception)
    assert _run("act", "apply", act, "--by", "A", "--home", home)["decisions"] == 3
    gate = Gate(home / "decisions.snapshot", ())
    gate.refresh()
    assert gate.answer(Asked(account="m0")).passes
    assert gate.counts["would", "cap"] == 1


def test_an_allowance_frees_at_once_and_can_be_taken_back(home: Path) -> None:
    """Existing decisions too."""
    act = _proposed(home)
    _run("act", "approve", act, "--by", "A", "--home", home)
    gate = Gate(home / "decisions.snapshot", ())
    for more, action in (((), "none"), (("--withdraw",), "cap")):
        _run("act", "allow", "account", " m0\u200b", "--by", "A", "--why", "customer", "--home", home, *more)
        gate.refresh()
        assert gate.answer(Asked(account="m0")).action == action
