"""From a log to the words for a customer: a member, an innocent twin, a stranger, exchanges, an id that is nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.explaining import explain
from stillwatch.report import explanation_json
from stillwatch.settings import Settings
from stillwatch.types import Scan

SEED = 3


@dataclass(frozen=True)
class Case:
    scan: Scan
    log: Path
    out: Path

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.out / table).to_pylist()
        return rows


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("explained")
    simulate("demo", folder / "log", seed=SEED, scale=0.3)
    source = Source((folder / "log/exchanges",), folder / "log/accounts.parquet")
    return Case(scan(source, Settings(), folder / "out", lambda _: None), folder / "log", folder / "out")


def test_every_account_is_counted_or_cleared_as_the_scan_decided(case: Case) -> None:
    """Members are counted, everybody else is cleared: nobody is left without an answer."""
    accused = {m.account_id for c in case.scan.campaigns if c.verdict == "distillation" for m in c.members}
    members = {row["account_id"] for row in case.rows("members.parquet")}
    accounts = [row["account_id"] for row in case.rows("accounts_tested.parquet")]
    assert len(accounts) == case.scan.coverage.accounts
    for account in (*sorted(members), *accounts[::50]):
        explanation = explain(account, case.out)
        assert explanation.subject == "account"
        word = "Counted" if account in accused else "No accusation" if account in members else "Cleared"
        assert explanation.answer.startswith(word)


def test_an_account_is_found_by_its_id_as_the_log_writes_it(case: Case) -> None:
    """Ids are cleaned when a log is read; whoever asks has the id of the log."""
    account = case.rows("members.parquet")[0]["account_id"]
    assert explain(f" \u202e{account[:2]}\x1b{account[2:]}\u200b\n", case.out) == explain(account, case.out)


def test_an_innocent_twin_is_told_why_it_was_cleared(case: Case) -> None:
    """Of every kind of twin: the group it was in, the bits that would have accused it, and an innocent explanation."""
    labels = pq.read_table(case.log / "labels/accounts.parquet").to_pylist()
    for kind in ("company_seats", "classroom", "coding_tool", "carrier_nat", "viral_prompt"):
        twin = next(row["account_id"] for row in labels if row["kind"] == kind)
        explanation = explain(twin, case.out)
        text = " ".join(explanation.sections[0].text)
        assert explanation.answer.startswith("Cleared")
        assert "bits of evidence" in text
        assert "needed to accuse" in text
        assert "Why innocent accounts have that in common: " in text


def test_a_campaign_is_explained_by_its_own_evidence(case: Case) -> None:
    """Every piece of evidence, its bits, its null; the sum is the campaign's."""
    for campaign in case.scan.campaigns:
        explanation = explain(campaign.campaign_id, case.out)
        lines = [line for section in explanation.sections[1:4] for line in section.lines]
        assert sorted(line.test for line in lines) == sorted(e.test for e in campaign.evidence)
        assert all(line.null for line in lines)
        assert explanation.sections[1].total_bits == pytest.approx(campaign.together_bits, abs=0.01)


def test_what_a_sum_is_worth_follows_from_its_sentence(case: Case) -> None:
    """The line's bits are what the sum counts, less the sum: a reader can check them."""
    lines = [e for campaign in case.scan.campaigns for e in campaign.evidence if e.test == "sum_of_families"]
    assert len(lines) == len(case.scan.campaigns)
    for line in lines:
        found = re.search(r"their sum of (-?[\d.]+) bits .* counts (-?[\d.]+) bits", line.claim)
        assert found
        assert float(found[2]) - float(found[1]) == pytest.approx(line.bits, abs=0.11)


def test_pieces_of_evidence_do_not_share_their_examples(case: Case) -> None:
    """Examples are chosen by what they show."""
    for campaign in case.scan.campaigns:
        shown = Counter(e.exchange_ids for e in campaign.evidence if e.exchange_ids)
        assert len(shown) > len(campaign.evidence) / 2


def test_a_taken_exchange_names_its_words_and_its_target(case: Case) -> None:
    """From the folder alone."""
    taken = case.rows("exchanges.parquet")
    assert {row["campaign_id"] for row in taken} == {c.campaign_id for c in case.scan.campaigns}
    for row in taken[:: len(taken) // 5]:
        facts = explain(row["exchange_id"], case.out).facts
        assert facts["taken"] is True
        assert 0 < row["target_fraction"] <= 1
        assert [facts[name] for name in ("account_id", "target", "scaffold")] == [
            row[name] for name in ("account_id", "target", "scaffold")
        ]


def test_an_exchange_that_was_not_taken_is_found_in_its_log(case: Case) -> None:
    """Without the log the answer says what to give; with it, that nobody is held to it."""
    taken = {row["exchange_id"] for row in case.rows("exchanges.parquet")}
    rows = pq.read_table(case.log / "exchanges", columns=["exchange_id", "account_id"]).to_pylist()
    other = next(row for row in rows if row["exchange_id"] not in taken)
    with pytest.raises(UsageError, match="name its log with --log"):
        explain(other["exchange_id"], case.out)
    explanation = explain(other["exchange_id"], case.out, Source((case.log / "exchanges",)))
    assert explanation.answer.startswith("Not counted")
    assert explanation.facts["account_id"] == other["account_id"]
    with pytest.raises(UsageError, match="or in the log has this id"):
        explain("nothing", case.out, Source((case.log / "exchanges",)))


def test_a_log_of_other_names_is_looked_up_through_its_map_and_its_identity(case: Case, tmp_path: Path) -> None:
    """A row under a provider's own names, of a key whose account only the identity file knows."""
    member = case.rows("members.parquet")[0]["account_id"]
    log, column_map, identity = (tmp_path / name for name in ("log.jsonl", "map.toml", "identity.csv"))
    log.write_text('{"no": "e-77", "when": "2026-02-03T12:00:00Z", "who": "key-1", "llm": "m"}\n', "utf-8")
    column_map.write_text('[columns]\nexchange_id = "no"\nts = "when"\nkey_id = "who"\nmodel = "llm"\n', "utf-8")
    identity.write_text(f"key_id,account_id\nkey-1,{member}\n", "utf-8")
    asked = ["explain", "e-77", "--in", str(case.out), "--map", str(column_map), "--identity", str(identity), "--json"]
    command = [sys.executable, "-m", "stillwatch", *asked]
    found = subprocess.run([*command, "--log", str(log)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["facts"]["account_id"] == member
    without = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (without.returncode, "name it with --log" in without.stderr) == (2, True)


def test_no_prompt_is_in_the_files_that_it_reads(case: Case) -> None:
    """Words are hashes: of 2,000 prompts no beginning of 40 characters is found in the three files."""
    prompts = pq.read_table(case.log / "exchanges", columns=["prompt_text"])["prompt_text"].to_pylist()[:2_000]
    held = set()
    for table in ("groups_tested", "group_tests", "accounts_tested"):
        for row in case.rows(f"{table}.parquet"):
            held |= {str(value) for value in row.values()}
    text = "\n".join(held)
    assert [prompt for prompt in prompts if prompt and prompt[:40] in text] == []


def test_the_command_answers_in_words_in_json_and_in_exit_codes(case: Case, tmp_path: Path) -> None:
    """0 with an answer, 2 for an id that is nothing, 3 for a folder without a report; never a stack trace."""

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stillwatch", "explain", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "90"})

    campaign = case.scan.campaigns[0].campaign_id
    said, asked = ran(campaign, "--in", str(case.out)), ran(campaign, "--in", str(case.out), "--json")
    assert (said.returncode, asked.returncode) == (0, 0)
    assert "Together? Evidence that one operator runs these accounts" in said.stdout
    assert json.loads(asked.stdout) == explanation_json(explain(campaign, case.out))
    unknown, empty = ran("nothing", "--in", str(case.out)), ran(campaign, "--in", str(tmp_path))
    assert (unknown.returncode, empty.returncode) == (2, 3)
    assert "no campaign, account or taken exchange" in " ".join(unknown.stderr.split())
    assert "write it with stillwatch scan LOGS" in " ".join(empty.stderr.split())
    assert "Traceback" not in unknown.stderr + empty.stderr


def test_a_folder_of_another_version_is_the_users_mistake(case: Case, tmp_path: Path) -> None:
    """What is missing is named."""
    for file in case.out.iterdir():
        if file.name != "group_tests.parquet":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match=r"no group_tests\.parquet in there"):
        explain("x", tmp_path)


@pytest.mark.parametrize("content", ["{}", '{"campaigns": [{}]}', '{"campaigns": null}', "[" * 100_000])
def test_a_result_that_was_changed_is_the_users_mistake(case: Case, tmp_path: Path, content: str) -> None:
    """Whatever stands in `campaigns.json` in place of a result, the answer is a sentence, never a stack trace."""
    changed = tmp_path / "changed"
    shutil.copytree(case.out, changed)
    (changed / "campaigns.json").write_text(content, "utf-8")

    with pytest.raises(InputError, match="scan again"):
        explain("any", changed)
