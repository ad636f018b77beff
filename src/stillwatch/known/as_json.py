"""indicators.json: known campaigns as a file, written by one scan and read by the next.

In: `KnownCampaign` values, or the folders of earlier reports. Out: text, or the values again. Equal values, equal text.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.known.campaigns import FAMILIES, FamilyOdds, Indicator, KindIndicators, KnownCampaign
from stillwatch.types import AccountId, CampaignId, TraitKind, Verdict

FILE = "indicators.json"
_VERSION = 1


def as_text(campaigns: Sequence[KnownCampaign]) -> str:
    """Write known campaigns as JSON, in order of id."""
    ordered = sorted(campaigns, key=lambda campaign: campaign.campaign_id)
    return json.dumps({"version": _VERSION, "campaigns": [_campaign(c) for c in ordered]}, indent=1) + "\n"


def read_known(folders: Sequence[Path]) -> tuple[KnownCampaign, ...]:
    """Read the campaigns of earlier reports; of one id, the report that looked furthest counts.

    Raises:  InputError: a folder has no such file, or it is not as a scan writes it.
    """
    known: dict[CampaignId, KnownCampaign] = {}
    for folder in folders:
        for campaign in _read(folder / FILE if folder.is_dir() else folder):
            held = known.get(campaign.campaign_id)
            if held is None or held.as_of <= campaign.as_of:
                known[campaign.campaign_id] = campaign
    return tuple(known[name] for name in sorted(known))


def _read(path: Path) -> list[KnownCampaign]:
    try:
        text = path.read_text("utf-8")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror}); give the folder that a scan wrote") from fault
    except ValueError as fault:
        raise InputError(f"{path}: not as stillwatch scan writes it ({type(fault).__name__})") from fault
    return of_text(text, str(path))


def of_text(text: str, name: str) -> list[KnownCampaign]:
    """Read known campaigns from the text of the file called `name`.

    Raises:  InputError: it is not as a scan writes it.
    """
    try:
        content = json.loads(text)
        if content["version"] != _VERSION:
            raise InputError(f"{name}: written by another version; scan that log again")
        return [_campaign_of(values) for values in content["campaigns"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise InputError(f"{name}: not as stillwatch scan writes it ({type(fault).__name__})") from fault


def _campaign(campaign: KnownCampaign) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id,
        "verdict": campaign.verdict.value,
        "as_of": _moment(campaign.as_of),
        "first_seen": _moment(campaign.first_seen),
        "last_seen": _moment(campaign.last_seen),
        "accounts": campaign.accounts,
        "strangers": campaign.strangers,
        "families": [{"family": f.family, "absent_bits": f.absent_bits, "steps": f.steps} for f in campaign.families],
        "kinds": [_kind(kind) for kind in campaign.kinds],
        "members": sorted(campaign.members),
    }


def _kind(kind: KindIndicators) -> dict[str, Any]:
    return {
        "kind": kind.kind.value,
        "values": [_indicator(v) for v in kind.values],
    }


def _indicator(value: Indicator) -> list[Any]:
    told = [value.value, value.members, value.strangers, value.lift_bits]
    return [*told, value.organisations] if value.organisations else told


def _campaign_of(values: dict[str, Any]) -> KnownCampaign:
    return KnownCampaign(
        campaign_id=CampaignId(_text(values["campaign_id"])),
        verdict=Verdict(values["verdict"]),
        as_of=datetime.fromisoformat(values["as_of"]),
        first_seen=datetime.fromisoformat(values["first_seen"]),
        last_seen=datetime.fromisoformat(values["last_seen"]),
        members=frozenset(AccountId(_text(account)) for account in values["members"]),
        accounts=int(values["accounts"]),
        strangers=int(values["strangers"]),
        kinds=tuple(_kind_of(kind) for kind in values["kinds"]),
        families=tuple(_family_of(family) for family in values["families"]),
    )


def _kind_of(values: dict[str, Any]) -> KindIndicators:
    return KindIndicators(
        kind=TraitKind(values["kind"]),
        values=tuple(_indicator_of(*told) for told in values["values"]),
    )


def _indicator_of(value: Any, members: Any, strangers: Any, lift_bits: Any, organisations: Any = ()) -> Indicator:
    seats = tuple(_text(organisation) for organisation in organisations)
    return Indicator(_text(value), int(members), int(strangers), float(lift_bits), seats)


def _family_of(values: dict[str, Any]) -> FamilyOdds:
    (family,) = {known for known in FAMILIES.values() if known == values["family"]}
    steps = tuple((float(score), float(bits)) for score, bits in values["steps"])
    return FamilyOdds(family, float(values["absent_bits"]), steps)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("an id or a value is no text")
    return value


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
