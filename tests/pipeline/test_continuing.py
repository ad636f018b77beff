"""Known campaigns go on under their id, and only accounts of their operator are named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.known import KnownCampaign
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.continuing import _grown
from stillwatch.pipeline.joining import Named, elsewhere, kept_by, put_together
from stillwatch.settings import Settings
from stillwatch.together import FoundCampaign
from stillwatch.types import AccountId, CampaignId, Continuation, ContinuedAccount, Scan, Verdict

MOMENT = datetime(2026, 1, 10, tzinfo=UTC)
KNOWN = KnownCampaign(CampaignId("c-1"), Verdict.DISTILLATION, MOMENT, MOMENT, MOMENT, frozenset(), 10, 100, (), ())


def found(*rows: int) -> FoundCampaign:
    return FoundCampaign(np.array(rows), np.zeros(len(rows)), 20.0, (), (), (), ((),) * len(rows))


def held(*rows: int) -> np.ndarray:
    return np.isin(np.arange(20), rows)


def test_a_campaign_of_mostly_known_members_keeps_the_id() -> None:
    assert kept_by([found(7, 8, 9), found(0, 1, 2, 5)], [KNOWN], [held(0, 1, 2)], []) == {1: "c-1"}


def test_a_campaign_of_fresh_accounts_that_continue_it_keeps_the_id() -> None:
    """The second pool: none of its accounts was ever a member."""
    named = [Named(row, 0, 1, 12.0, ()) for row in (5, 6, 7)]
    assert kept_by([found(5, 6, 7, 8)], [KNOWN], [held(0, 1)], named) == {0: "c-1"}


def test_parts_of_one_known_campaign_are_put_together() -> None:
    """Both consist of its members, who were stopped one after the other; the one with more bits explains it."""
    parts = [found(0, 1), found(5, 6, 7), replace(found(2, 3, 4), together_bits=25.0, scaffolds=(9,))]
    kept = kept_by(parts, [KNOWN], [held(0, 1, 2, 3, 4)], [])
    assert kept == {0: "c-1", 2: "c-1"}
    joined = put_together(parts, kept, [KNOWN], [Named(8, 0, 1, 12.0, ("words",))], 3)
    assert joined.of_place == (0, 1, 0)
    first, second = joined.campaigns
    assert (first.rows.tolist(), first.together_bits, first.scaffolds) == ([0, 1, 2, 3, 4, 8], 25.0, (9,))
    assert first.reasons[-1] == ("words",)
    assert second.rows.tolist() == [5, 6, 7]


def test_an_id_that_no_part_mostly_continues_is_kept_by_one() -> None:
    """Most members are in it, but most of it are others."""
    parts = [found(0, 1, 5, 6, 7), found(8, 9, 10)]
    assert kept_by(parts, [KNOWN], [held(0, 1)], []) == {0: "c-1"}


@pytest.mark.parametrize("kept", [{0: "c-1"}, {0: "c-1", 1: "c-2"}])
@pytest.mark.parametrize(
    ("rest", "expected"), [((6, 7, 8), [[0, 1, 2, 4, 5], [6, 7, 8]]), ((6, 7), [[0, 1, 2], [4, 5, 6, 7]])]
)
def test_to_be_found_together_with_others_is_no_alibi(
    kept: dict[int, CampaignId], rest: tuple[int, ...], expected: list[list[int]]
) -> None:
    """An account that continues an accused campaign leaves one that is not, unless that would be too small without."""
    known = [KNOWN, replace(KNOWN, campaign_id=CampaignId("c-2"), verdict=Verdict.ORGANISATION)]
    parts, named = [found(0, 1, 2), found(4, 5, *rest)], [Named(row, 0, 1, 12.0, ()) for row in (4, 5)]
    assert not any(elsewhere(name, parts, kept, known) for name in named)
    joined = put_together(parts, kept, known, named, 3)
    assert [c.rows.tolist() for c in joined.campaigns] == expected


def test_an_account_is_in_one_accused_campaign() -> None:
    other = replace(KNOWN, campaign_id=CampaignId("c-2"))
    parts = [found(0, 1, 2), found(4, 5, 6)]
    named = [Named(4, 0, 1, 12.0, ()), Named(4, 1, 1, 12.0, ()), Named(9, 0, 1, 12.0, ())]
    kept = {0: KNOWN.campaign_id, 1: other.campaign_id}
    assert [elsewhere(name, parts, kept, [KNOWN, other]) for name in named] == [True, False, False]


def test_strangers_keep_nothing() -> None:
    assert kept_by([found(5, 6, 7)], [KNOWN], [held(0, 1, 2, 5)], []) == {}


def test_a_campaign_grows_by_the_accounts_that_continue_it() -> None:
    """So that the next look knows it by what they show; not once most of it has left the log."""
    known = replace(KNOWN, members=frozenset(map(AccountId, "abcd")))
    fresh = ContinuedAccount(AccountId("x"), known.campaign_id, MOMENT, MOMENT + timedelta(hours=3), 5, 1, 12.0, ())
    continued = Continuation((known.campaign_id,), (), 9, 0.002, 9.0, (fresh,))
    (grown,) = _grown(pa.array(["a", "b", "x", "z"]), [known], continued)
    assert grown.members == known.members | {"x"}
    assert grown.last_seen == fresh.last_seen
    assert list(_grown(pa.array(["a", "x", "z"]), [known], continued)) == []
    assert list(_grown(pa.array(["a", "b", "x"]), [known], None)) == []


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("continuing") / "log"
    simulate("demo", folder, seed=3, scale=0.3)
    return folder


def test_a_log_that_grows_keeps_its_campaigns_and_names_no_innocent(
    settings: Settings, log: Path, tmp_path: Path
) -> None:
    """Scanned up to a moment, then whole with the first report: same ids, a new one for a new operator only, and files
    that agree.
    """
    source = Source((log / "exchanges",), log / "accounts.parquet")
    moment = datetime(2026, 1, 15, tzinfo=UTC)
    first = scan(replace(source, as_of=moment), settings, tmp_path / "first", lambda _: None)
    labels = pq.read_table(log / "labels/accounts.parquet").to_pydict()
    operator = dict(zip(labels["account_id"], labels["operator"], strict=True))
    innocents = [account for account, who in operator.items() if not who]
    (tmp_path / "innocents.txt").write_text("\n".join([*innocents[:20], " nobody here "]), "utf-8")
    later = replace(source, known=(tmp_path / "first",), innocents=tmp_path / "innocents.txt")
    again = scan(later, settings, tmp_path / "again", lambda _: None)
    assert first.calibration.labelled is None
    assert again.calibration.labelled is not None
    assert again.calibration.labelled.accused == 0
    assert 10 < again.calibration.labelled.accounts <= 20
    assert first.continued is None
    assert again.continued is not None
    accused = {c.campaign_id for c in first.campaigns if c.verdict == "distillation"}
    assert accused
    assert accused <= {c.campaign_id for c in again.campaigns}
    seen = {operator[str(m.account_id)] for c in first.campaigns for m in c.members}
    fresh = [c for c in again.campaigns if c.campaign_id not in {c.campaign_id for c in first.campaigns}]
    assert not seen & {operator[str(m.account_id)] for c in fresh for m in c.members}
    assert [a.account_id for a in again.continued.accounts if not operator[a.account_id]] == []
    assert all(a.first_seen > moment for a in again.continued.accounts)
    before, left = (_left(tmp_path / name) for name in ("first", "again"))
    assert all(set(before[name]["members"]) <= set(left[name]["members"]) for name in before)
    assert all(left[name]["accounts"] == len(left[name]["members"]) for name in accused)
    written = json.loads((tmp_path / "again/campaigns.json").read_text())["continued"]
    assert [a["account_id"] for a in written["accounts"]] == [a.account_id for a in again.continued.accounts]
    rows = pq.read_table(tmp_path / "again/members.parquet").to_pydict()
    named = {a for a, n in zip(rows["account_id"], rows["exchanges_until_named"], strict=True) if n is not None}
    assert named == {a.account_id for a in again.continued.accounts}
    if settings.engine != "duckdb":
        plain = scan(replace(source, known=(tmp_path / "first",)), Settings(), tmp_path / "plain", str)
        assert _told(again) == _told(plain)


def _left(folder: Path) -> dict[str, dict[str, Any]]:
    """What a scan leaves behind, by campaign; marks are learnt from all members that were ever seen."""
    return {c["campaign_id"]: c for c in json.loads((folder / "indicators.json").read_text())["campaigns"]}


def _told(result: Scan) -> object:
    campaigns = [
        (
            c.campaign_id,
            c.verdict,
            round(c.together_bits, 3),
            sorted((m.account_id, round(m.bits, 3)) for m in c.members),
        )
        for c in result.campaigns
    ]
    assert result.continued is not None
    return campaigns, [(a.account_id, a.campaign_id, round(a.bits, 3)) for a in result.continued.accounts]


def test_the_verdict_on_a_stopped_campaign_stands_until_its_members_are_seen_again(
    settings: Settings, log: Path, tmp_path: Path
) -> None:
    """What was stopped is in no log: later looks must not take its silence for innocence."""
    source = Source((log / "exchanges",), log / "accounts.parquet")
    first = scan(source, settings, tmp_path / "first", lambda _: None)
    accused = {c.campaign_id for c in first.campaigns if c.verdict == "distillation"}
    told = json.loads((tmp_path / "first/indicators.json").read_text())
    for campaign in told["campaigns"]:
        campaign["verdict"] = "relay"
    for as_of, verdict in ((told["campaigns"][0]["as_of"], "relay"), ("2026-01-06T00:00:00Z", "distillation")):
        for campaign in told["campaigns"]:
            campaign["as_of"] = as_of
        (tmp_path / verdict).mkdir()
        (tmp_path / verdict / "indicators.json").write_text(json.dumps(told))
        again = scan(
            replace(source, known=(tmp_path / verdict,)), settings, tmp_path / f"{verdict}-out", lambda _: None
        )
        assert {c.verdict for c in again.campaigns if c.campaign_id in accused} == {verdict}
        stands = [e for c in again.campaigns for e in c.evidence if e.test == "verdict before"]
        assert bool(stands) == (verdict == "relay")
