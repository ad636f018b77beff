"""The machine-readable result: `campaigns.json`, `coverage.json` and `--json`.

In: a `Scan`. Out: dictionaries of plain JSON values with the keys of docs/reference/output.md. Numbers that are
not finite become null. Times are event time, ISO 8601, UTC; equal scans give equal text.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from stillwatch.report.clean import storable
from stillwatch.report.words import STANDARD_IDS, VERDICT_MEANINGS, ranked
from stillwatch.types import Campaign, Coverage, RunCost, Scan

_COUNTED_NOT_LISTED = frozenset({"members"})


def scan_json(scan: Scan) -> dict[str, Any]:
    """Give the whole result for `--json`: `campaigns.json`, the coverage report, and what the run cost if known."""
    whole = campaigns_json(scan) | {"coverage": coverage_json(scan.coverage)}
    return whole | ({"cost": cost_json(scan.cost)} if scan.cost else {})


def cost_json(cost: RunCost) -> dict[str, Any]:
    """Give what a run cost, stage by stage, with the pace at which each got through the whole input."""
    stages = [
        _plain(stage)
        | {"rows_per_second": cost.rows_per_second(stage), "bytes_per_second": cost.bytes_per_second(stage)}
        for stage in cost.stages
    ]
    return {"rows": cost.rows, "bytes": cost.bytes, "stages": stages}


def campaigns_json(scan: Scan) -> dict[str, Any]:
    """Give what `campaigns.json` holds, campaigns ranked by verdict and size."""
    return {
        "version": storable(scan.version),
        "generated_at": _moment(scan.as_of),
        "input_fingerprint": storable(scan.input_fingerprint),
        "settings_hash": storable(scan.settings_hash),
        "calibration": {
            "groups_checked": scan.calibration.groups_checked,
            "exceedance": {str(e.bits): {**_plain(e), "excused": e.excused} for e in scan.calibration.exceedance},
            "ok": scan.calibration.ok,
            "source": storable(scan.calibration.source),
            "labelled_innocents": _plain(scan.calibration.labelled),
        },
        "groups_tested": scan.groups_tested,
        "threshold_bits": _plain(scan.threshold_bits),
        "campaigns": [_campaign(campaign) for campaign in ranked(scan)],
        "pools": _plain(scan.pools),
        "continued": _plain(scan.continued),
        "not_evaluated": _plain(scan.coverage.tests_off),
    }


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """Give what `coverage.json` holds: rows, columns, tests on and off."""
    plain: dict[str, Any] = _plain(coverage)
    return plain


def as_text(values: Mapping[str, Any]) -> str:
    """Write JSON as text: ASCII, so that no editor is fooled by what a log held; keys in the order given."""
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def _campaign(campaign: Campaign) -> dict[str, Any]:
    values: dict[str, Any] = {
        f.name: _plain(getattr(campaign, f.name)) for f in fields(campaign) if f.name not in _COUNTED_NOT_LISTED
    }
    values["accounts"] = len(campaign.members)
    values["meaning"] = VERDICT_MEANINGS[campaign.verdict]
    values["standard_ids"] = [name for name, _ in STANDARD_IDS.get(campaign.verdict, ())]
    values["examples"] = [
        {"exchange_id": storable(exchange_id), "excerpt": storable(excerpt)}
        for exchange_id, excerpt in campaign.examples
    ]
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {storable(str(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, datetime):
        return _moment(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
