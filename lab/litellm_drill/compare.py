"""Compares a scan of the drill's log with the keys the operator is known to run.

In: the drill's folder (truth.json, exchanges.jsonl, scan/). Out: result.md and result.json there; the table is printed.
Accused means: a member of a campaign with the verdict distillation, relay or declared_harvest.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ABOUT = """A real LiteLLM proxy with made-up replies; 252 callers drive it with the OpenAI client: one operator who
splits one task list over thirty keys with three scaffolds and one clock; 210 people, bots, developers, desks and
evaluations on their own; and one organisation of twelve seats. Prompts are real, the callers are drawn by us, and
days are pressed into minutes: the drill shows that the way from a gateway's log to a verdict works, not how well
campaigns are found in the wild. `lab/litellm_drill.sh` makes this page."""
ACCUSING = frozenset({"distillation", "relay", "declared_harvest"})


def compared(folder: Path) -> dict[str, Any]:
    """Recall and precision by account, and what was said of the operator."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    scanned = json.loads((folder / "scan" / "campaigns.json").read_text(encoding="utf-8"))
    members = pq.read_table(folder / "scan" / "members.parquet", columns=["campaign_id", "account_id"]).to_pylist()
    verdicts = {campaign["campaign_id"]: campaign["verdict"] for campaign in scanned["campaigns"]}
    operator = set(truth["operator"])
    accused = {row["account_id"] for row in members if verdicts[row["campaign_id"]] in ACCUSING}
    theirs = [c for c in scanned["campaigns"] if _overlap(c, members, operator) and c["verdict"] in ACCUSING]
    return {
        "callers": len(operator) + len(truth["others"]),
        "operator_keys": len(operator),
        "operator_found": len(operator & accused),
        "others_accused": sorted(truth["others"].get(account, account) for account in accused - operator),
        "operator_campaigns": [_in_short(campaign) for campaign in theirs],
        "other_verdicts": sorted(verdicts[c] for c in verdicts if c not in {t["campaign_id"] for t in theirs}),
        "calibration_ok": scanned["calibration"]["ok"],
        **_log_facts(folder / "exchanges.jsonl"),
    }


def _overlap(campaign: dict[str, Any], members: list[dict[str, str]], operator: set[str]) -> bool:
    return any(row["campaign_id"] == campaign["campaign_id"] and row["account_id"] in operator for row in members)


def _in_short(campaign: dict[str, Any]) -> dict[str, Any]:
    targets = {row["target"]: row["share_fraction"] for row in campaign["targets"]}
    return {name: campaign[name] for name in ("verdict", "together_bits", "taking_bits")} | {"targets": targets}


def _log_facts(log: Path) -> dict[str, Any]:
    starts = [json.loads(line)["startTime"] for line in log.open(encoding="utf-8")]
    return {"payloads": len(starts), "minutes": round((max(starts) - min(starts)) / 60, 1)}


def as_table(result: dict[str, Any], proxy_version: str) -> str:
    """The result as a page of Markdown."""
    accused = result["operator_found"] + len(result["others_accused"])
    precision = f"{result['operator_found']} of {accused}" if accused else "nobody was accused"
    rows = [
        ("LiteLLM proxy", proxy_version),
        ("Stillwatch", version("stillwatch")),
        ("payloads logged", f"{result['payloads']:,} in {result['minutes']} minutes"),
        ("callers", f"{result['callers']}, {result['operator_keys']} of them keys of one operator"),
        ("recall: keys of the operator found", f"{result['operator_found']} of {result['operator_keys']}"),
        ("precision: accused keys that are the operator's", precision),
        ("others accused", ", ".join(result["others_accused"]) or "none"),
        ("campaigns the operator's keys came out as", str(len(result["operator_campaigns"]))),
        *(("its verdict", _told(campaign)) for campaign in result["operator_campaigns"]),
        ("other groups", ", ".join(result["other_verdicts"]) or "none"),
        ("the run's check of its own bits", "holds" if result["calibration_ok"] else "does not hold"),
    ]
    return (
        "\n".join(
            ["# LiteLLM drill", "", ABOUT, "", "| what | found |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
        )
        + "\n"
    )


def _told(campaign: dict[str, Any]) -> str:
    targets = ", ".join(f"{name} {share:.0%}" for name, share in list(campaign["targets"].items())[:4])
    bits = f"together {campaign['together_bits']:.1f} bits, taking {campaign['taking_bits']:.1f} bits"
    return f"{campaign['verdict']}; {bits}; {targets}"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    result = compared(place)
    page = as_table(result, sys.argv[2])
    (place / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (place / "result.md").write_text(page, encoding="utf-8")
    print(page)
