"""The whole way, from log files to campaigns: promises on order, shards, names, duplicates and hostile rows.

Whatever another engine than DuckDB scans here, DuckDB scans too, and both must tell the same.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.pipeline import Source, compare, scan, simulate
from stillwatch.pipeline.edge import open_ring, sketch_log
from stillwatch.settings import Release, Settings
from stillwatch.types import Scan, Verdict

SEED = 3
CONTENT = ("prompt_text", "system_text", "reply_text", "tools", "tools_hash", "turn")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "log"
    simulate("demo", folder, seed=SEED, scale=0.3)
    return folder


class Run(Protocol):
    """A scan on the engine that is tested."""

    def __call__(self, paths: tuple[Path, ...], accounts: Path | None, out: Path, **source: object) -> Scan: ...


@pytest.fixture(scope="module")
def run(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Run:
    def scanned(paths: tuple[Path, ...], accounts: Path | None, out: Path, **told: object) -> Scan:
        source = Source(paths, accounts, **told)  # type: ignore[arg-type]
        result = scan(source, settings, out, str)
        if settings.engine != "duckdb":
            plain = tmp_path_factory.mktemp("plain")
            assert _told(result, out) == _told(scan(source, Settings(), plain, str), plain)
        return result

    return scanned


@pytest.fixture(scope="module")
def found(run: Run, log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scan, Path]:
    out = tmp_path_factory.mktemp("out")
    return run((log / "exchanges",), log / "accounts.parquet", out), out


def members(result: Scan, rename: Callable[[str], str] = str) -> set[frozenset[str]]:
    return {frozenset(rename(str(m.account_id)) for m in c.members) for c in result.campaigns}


def test_the_large_operators_are_found_whole_and_nobody_else(found: tuple[Scan, Path], log: Path) -> None:
    labels = pq.read_table(log / "labels/accounts.parquet").to_pylist()
    owner = {row["account_id"]: row["operator"] for row in labels}
    sizes = Counter(name for name in owner.values() if name)
    caught = [Counter(owner[account] for account in campaign) for campaign in members(found[0])]
    for name in (name for name, size in sizes.items() if size > 15):
        own = [campaign for campaign in caught if campaign[name]]
        assert len(own) == 1
        assert own[0][name] >= 0.95 * sizes[name]
    assert not any(campaign[""] for campaign in caught)
    assert compare(log, found[1]).innocents == {}


def test_shuffled_rows_in_other_files_give_the_same_campaigns_and_ids(
    run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path
) -> None:
    rows = pq.read_table(log / "exchanges")
    rows = rows.take(pa.array(np.random.default_rng(SEED).permutation(len(rows))))
    third, shuffled = len(rows) // 3, tmp_path / "log"
    shuffled.mkdir()
    pq.write_table(rows.slice(0, third), shuffled / "one.parquet")
    pq.write_table(rows.slice(third, third), shuffled / "two.parquet", row_group_size=1_000)
    as_text = rows.slice(2 * third)
    as_text = as_text.set_column(as_text.column_names.index("ts"), "ts", as_text["ts"].cast(pa.string()))
    with (shuffled / "three.jsonl").open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in as_text.to_pylist())
    again = run((shuffled,), log / "accounts.parquet", tmp_path / "out")
    assert [c.campaign_id for c in again.campaigns] == [c.campaign_id for c in found[0].campaigns]
    assert members(again) == members(found[0])
    assert [round(c.together_bits, 3) for c in again.campaigns] == [
        round(c.together_bits, 3) for c in found[0].campaigns
    ]


def test_renamed_accounts_give_the_same_campaigns(
    run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path
) -> None:
    accounts, rows = pq.read_table(log / "accounts.parquet"), pq.read_table(log / "exchanges")
    names = {old: f"customer-{i:05}" for i, old in enumerate(sorted(accounts["account_id"].to_pylist()))}

    def renamed(table: pa.Table) -> pa.Table:
        column = pa.array([names[old] for old in table["account_id"].to_pylist()])
        return table.set_column(table.column_names.index("account_id"), "account_id", column)

    (tmp_path / "log").mkdir()
    pq.write_table(renamed(rows), tmp_path / "log/rows.parquet")
    pq.write_table(renamed(accounts), tmp_path / "accounts.parquet")
    again = run((tmp_path / "log",), tmp_path / "accounts.parquet", tmp_path / "out")
    assert members(again) == members(found[0], lambda old: names[old])


def test_duplicates_and_bad_rows_are_counted_and_change_nothing(
    run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path
) -> None:
    rows = pq.read_table(log / "exchanges").slice(0, 2_000)
    (tmp_path / "log").mkdir()
    pq.write_table(rows, tmp_path / "log/again.parquet")
    hostile = {"exchange_id": "x\r\nY\x1b[31m", "ts": "never", "account_id": "a", "model": "m"}
    (tmp_path / "log/bad.jsonl").write_text(json.dumps(hostile) + "\n{broken\n")
    again = run((log / "exchanges", tmp_path / "log"), log / "accounts.parquet", tmp_path / "out")
    assert again.coverage.rows_duplicated == 2_000
    assert [(Path(q.file).name, q.row) for q in again.coverage.quarantined] == [("bad.jsonl", 1), ("bad.jsonl", 2)]
    assert [c.campaign_id for c in again.campaigns] == [c.campaign_id for c in found[0].campaigns]


def test_a_log_without_a_campaign_gives_none(run: Run, tmp_path: Path) -> None:
    simulate("benign", tmp_path / "log", seed=SEED, scale=0.2)
    result = run((tmp_path / "log/exchanges",), None, tmp_path / "out")
    assert result.campaigns == ()
    assert result.coverage.accounts_declared > 0


def test_as_of_leaves_out_what_came_later(run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path) -> None:
    middle = found[0].coverage.first_seen + (found[0].coverage.last_seen - found[0].coverage.first_seen) / 2  # type: ignore[operator]
    early = run((log / "exchanges",), log / "accounts.parquet", tmp_path / "out", as_of=middle)
    assert early.as_of == middle
    assert early.coverage.last_seen <= middle  # type: ignore[operator]
    assert early.coverage.accounts < found[0].coverage.accounts


def test_a_campaign_that_was_never_answered_or_says_nothing_does_not_stop_the_scan(
    run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path
) -> None:
    """Who was refused everything, or sends nothing but signs, is judged by what is left; the others as before."""
    refused, silent, *_ = sorted(members(found[0]), key=len)
    rows = pq.read_table(log / "exchanges")
    ids = rows["account_id"]
    status = pc.if_else(pc.is_in(ids, pa.array(sorted(refused))), pa.scalar(403, pa.int32()), rows["status"])
    text = pc.if_else(pc.is_in(ids, pa.array(sorted(silent))), "\U0001f642 !?", rows["prompt_text"])
    for name, column in (("status", status), ("prompt_text", text)):
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    pq.write_table(rows, tmp_path / "log.parquet")
    result = run((tmp_path / "log.parquet",), log / "accounts.parquet", tmp_path / "out")
    judged = {frozenset(member.account_id for member in c.members): c for c in result.campaigns}
    never = next(c for who, c in judged.items() if len(who & refused) > len(refused) / 2)
    wordless = next(c for who, c in judged.items() if len(who & silent) > len(silent) / 2)
    assert (never.taking, never.taking_exchanges) == ("not_evaluated", 0)
    assert "an exchange that was answered" in {off.missing for off in never.not_evaluated}
    assert wordless.taking in {"mixed", "not_evaluated"}


def test_starred_columns_alone_are_scanned_and_say_what_is_missing(run: Run, log: Path, tmp_path: Path) -> None:
    rows = pq.read_table(log / "exchanges", columns=["exchange_id", "ts", "account_id", "model"]).slice(0, 20_000)
    (tmp_path / "log").mkdir()
    with (tmp_path / "log/rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows.column_names)
        writer.writerows(
            [row["exchange_id"], row["ts"].isoformat(), row["account_id"], row["model"]] for row in rows.to_pylist()
        )
    result = run((tmp_path / "log",), None, tmp_path / "out")
    off = {missing.test: missing.missing for missing in result.coverage.tests_off}
    assert off["payment"] == "payment_fingerprint"
    assert off["target"] == "prompt_text"
    assert not [c for c in result.campaigns if c.verdict is Verdict.DISTILLATION]


def test_the_files_of_the_contract_agree_with_each_other(found: tuple[Scan, Path]) -> None:
    result, out = found
    campaigns = json.loads((out / "campaigns.json").read_text())["campaigns"]
    assert sorted(c["campaign_id"] for c in campaigns) == sorted(c.campaign_id for c in result.campaigns)
    rows = pq.read_table(out / "members.parquet").to_pydict()
    assert set(rows["account_id"]) == set().union(*members(result))
    taken = pq.read_table(out / "exchanges.parquet")
    assert Counter(taken["campaign_id"].to_pylist()) == {c.campaign_id: c.taking_exchanges for c in result.campaigns}
    order = list(zip(taken["campaign_id"].to_pylist(), taken["exchange_id"].to_pylist(), strict=True))
    assert order == sorted(order)
    belongs = dict(zip(rows["account_id"], rows["campaign_id"], strict=True))
    assert [belongs[account] for account in taken["account_id"].to_pylist()] == taken["campaign_id"].to_pylist()
    assert set(taken["account_id"].to_pylist()) <= set(rows["account_id"])
    assert (out / "report.html").read_text().startswith("<!doctype html>")


def test_a_rule_about_models_is_checked_by_what_members_asked(log: Path, tmp_path: Path) -> None:
    asked = pq.read_table(log / "exchanges", columns=["country", "model"])
    countries, models = (
        [str(one) for one in pc.unique(asked[name]).drop_null().to_pylist()] for name in asked.schema.names
    )
    rules = {"used": models, "unused": ["a-model-that-nobody-has"]}
    policy = tmp_path / "policy.toml"
    policy.write_text(
        "".join(
            f"[[rule]]\nname = '{name}'\ncountries = {countries}\nmodels = {some}\n" for name, some in rules.items()
        )
    )
    source = Source((log / "exchanges",), log / "accounts.parquet")
    result = scan(source, Settings(region_policy=str(policy)), tmp_path / "out", lambda _: None)
    assert result.campaigns
    for campaign in result.campaigns:
        claims = " ".join(one.claim for one in campaign.evidence if one.test == "policy")
        assert "Rule used" in claims
        assert "Rule unused" not in claims
        assert not any("rule" in one.test for one in campaign.not_evaluated)


def test_the_course_of_a_campaign_is_told_beside_its_answer(log: Path, tmp_path: Path) -> None:
    """With a calendar each of the three tests speaks or says what it misses, and none changes the answer's bits."""
    release = Release("atlas-2", datetime(2026, 1, 13, 8, tzinfo=UTC))
    source = Source((log / "exchanges",), log / "accounts.parquet")
    plain = scan(source, Settings(), tmp_path / "plain", lambda _: None)
    told = scan(source, Settings(releases=(release,)), tmp_path / "told", lambda _: None)
    for campaign in told.campaigns:
        said = {one.test for one in campaign.evidence} | {one.test for one in campaign.not_evaluated}
        assert {"release pivot", "improving student", "probing before scaling"} <= said
    assert any(one.test == "release pivot" for campaign in told.campaigns for one in campaign.evidence)
    assert not any(one.test == "release pivot" for campaign in plain.campaigns for one in campaign.evidence)
    assert [(c.taking, c.taking_bits) for c in told.campaigns] == [(c.taking, c.taking_bits) for c in plain.campaigns]


def test_a_log_without_content_still_links_accounts(run: Run, log: Path, tmp_path: Path) -> None:
    """Neither prompts nor tools: who sends them together is found, and what is taken is not named."""
    (tmp_path / "log").mkdir()
    for part in (log / "exchanges").iterdir():
        rows = pq.read_table(part)
        pq.write_table(rows.drop_columns([n for n in CONTENT if n in rows.column_names]), tmp_path / "log" / part.name)
    result = run((tmp_path / "log",), log / "accounts.parquet", tmp_path / "out")
    assert result.campaigns
    assert {c.verdict for c in result.campaigns} == {Verdict.RELAY}


def test_keyed_sketches_are_scanned_like_a_log(run: Run, found: tuple[Scan, Path], log: Path, tmp_path: Path) -> None:
    sketch_log(
        Source((log / "exchanges",)),
        open_ring(tmp_path / "ring.json", None, None),
        tmp_path / "keyed.parquet",
        Settings(),
    )
    result = run((tmp_path / "keyed.parquet",), log / "accounts.parquet", tmp_path / "out")
    assert members(result)
    assert result.coverage.rows_read == found[0].coverage.rows_read


def _told(result: Scan, out: Path) -> object:
    """What engines must agree on: ids, members, counts and rows exactly, bits to a thousandth."""
    campaigns = [
        (
            c.campaign_id,
            c.verdict,
            round(c.together_bits, 3),
            round(c.taking_bits, 3),
            c.taking_exchanges,
            c.leak,
            c.indicators,
            [(one.test, one.question, round(one.bits, 3), one.claim, one.exchange_ids) for one in c.evidence],
            sorted((m.account_id, round(m.bits, 3), m.taking_exchanges) for m in c.members),
        )
        for c in result.campaigns
    ]
    rows = out / "exchanges.parquet"
    taken = pq.read_table(rows).drop_columns("target_fraction").to_pylist() if rows.exists() else []
    return result.settings_hash, result.input_fingerprint, result.calibration, result.coverage, campaigns, taken
