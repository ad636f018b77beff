"""The JSON contract that others rely on."""

import json
from dataclasses import replace

from stillwatch.report.as_json import as_text, campaigns_json, coverage_json, scan_json
from stillwatch.types import Scan, Target

TOP = {"version", "generated_at", "input_fingerprint", "settings_hash", "calibration", "campaigns"}
CAMPAIGN = {
    "campaign_id",
    "verdict",
    "together_bits",
    "taking_bits",
    "hidden",
    "accounts",
    "exchanges",
    "first_seen",
    "last_seen",
    "targets",
    "evidence",
    "leak",
    "indicators",
    "not_evaluated",
}


def test_the_promised_keys_are_there(scan: Scan) -> None:
    """Every key of the output contract, at every level."""
    result = json.loads(as_text(campaigns_json(scan)))
    assert result.keys() >= TOP
    assert result["calibration"].keys() >= {"groups_checked", "exceedance", "ok"}
    assert result["calibration"]["exceedance"]["5"]["exceeding"] == 4
    assert result["calibration"]["exceedance"]["5"]["excused"] is False
    for campaign in result["campaigns"]:
        assert campaign.keys() >= CAMPAIGN
        assert all(t.keys() >= {"target", "exchanges", "share_fraction"} for t in campaign["targets"])
        assert all(t["target"] in set(Target) for t in campaign["targets"])
        assert all(e.keys() >= {"test", "question", "bits", "claim", "exchange_ids"} for e in campaign["evidence"])


def test_a_pool_names_its_campaigns_and_networks(scan: Scan) -> None:
    """Both are campaigns of the same file."""
    result = campaigns_json(scan)
    (pool,) = result["pools"]
    assert {*pool["campaign_ids"]} < {campaign["campaign_id"] for campaign in result["campaigns"]}
    assert (pool["kind"], pool["values"], pool["accounts"]) == (
        "network", ["203.0.0.0/24", "203.0.1.0/24", "203.0.2.0/24"], 61,
    )  # fmt: skip


def test_accounts_are_counted_and_listed_elsewhere(scan: Scan) -> None:
    """25,000 members belong into members.parquet, not into JSON."""
    worst = campaigns_json(scan)["campaigns"][0]
    assert worst["accounts"] == 412
    assert "members" not in worst


def test_the_time_of_the_report_is_event_time(scan: Scan) -> None:
    """A log of last year gives the same file as today."""
    assert campaigns_json(scan)["generated_at"] == "2026-07-17T00:00:00Z"


def test_hostile_strings_come_back_from_json(hostile_scan: Scan) -> None:
    """ASCII on disk; after reading, ids are what they were, but for lone surrogates."""
    text = as_text(scan_json(hostile_scan))
    assert text.isascii()
    read = {c["campaign_id"] for c in json.loads(text)["campaigns"]}
    assert read == {c.campaign_id for c in hostile_scan.campaigns}


def test_a_number_out_of_range_becomes_null(scan: Scan) -> None:
    """NaN and infinity are no JSON; null is not zero."""
    endless = replace(scan.campaigns[1], together_bits=float("inf"), taking_bits=float("nan"))
    written = json.loads(as_text(campaigns_json(replace(scan, campaigns=(endless,)))))["campaigns"][0]
    assert (written["together_bits"], written["taking_bits"]) == (None, None)


def test_seconds_of_stages_do_not_enter_the_result(scan: Scan) -> None:
    """Two runs over the same input give the same text, however long they took."""
    slower = replace(scan, stage_seconds={"read": 99.0})
    assert as_text(scan_json(scan)) == as_text(scan_json(slower))


def test_coverage_says_what_was_off(scan: Scan) -> None:
    """Rows, columns and tests, with the input that would turn a test on."""
    coverage = coverage_json(scan.coverage)
    assert coverage["rows_read"] == 1_284_113
    assert coverage["rows_quarantined"] == 7
    assert coverage["column_fraction"]["ip"] == 0.0
    assert coverage["tests_off"][0] == {
        "test": "address_reuse",
        "question": "together",
        "missing": "column ip of exchanges",
    }
