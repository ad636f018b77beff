"""Campaigns found in this run that continue known ones: which, and put together with the accounts named as such.

In: what was found, known campaigns, their members, accounts named. Out: the id that each keeps; `Joined`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillwatch.known import KnownCampaign
from stillwatch.together import FoundCampaign
from stillwatch.types import DISGUISED, CampaignId

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Named:
    """A fresh account (its row) that passed, which known campaign it continues, after how many exchanges."""

    row: int
    number: int
    exchanges: int
    bits: float
    reasons: tuple[str, ...]


def kept_by(
    found: Sequence[FoundCampaign], reports: Sequence[KnownCampaign], inside: Sequence[Mask], named: Sequence[Named]
) -> dict[int, CampaignId]:
    """By place of a found campaign: the id of the known one that it continues, the closest pairs first.

    It continues it if most of its accounts are known members or named as continuing it, however many others do, too;
    and one that no other continues so, if most members are in it.
    """
    pairs = []
    for number, campaign in enumerate(reports):
        stands = inside[number].copy()
        stands[[name.row for name in named if name.number == number]] = True
        present = max(int(inside[number].sum()), 1)
        for place, candidate in enumerate(found):
            share, held = float(stands[candidate.rows].mean()), inside[number][candidate.rows].sum() / present
            if max(share, held) > 0.5:
                size = int(stands[candidate.rows].sum())
                pairs.append((-max(share, held), -size, campaign.campaign_id, place, share > 0.5))
    kept: dict[int, CampaignId] = {}
    for _, _, name, place, mostly in sorted(pairs):
        if place not in kept and (mostly or name not in kept.values()):
            kept[place] = name
    return kept


def elsewhere(
    name: Named, found: Sequence[FoundCampaign], kept: Mapping[int, CampaignId], reports: Sequence[KnownCampaign]
) -> bool:
    """Whether an account is a member of a campaign that continues another accused one than it was named for."""
    others = accused(reports) - {reports[name.number].campaign_id}
    return any(name.row in campaign.rows and kept.get(place) in others for place, campaign in enumerate(found))


def accused(reports: Sequence[KnownCampaign]) -> frozenset[CampaignId]:
    """The known campaigns that were accused."""
    return frozenset(report.campaign_id for report in reports if report.verdict in DISGUISED)


@dataclass(frozen=True, slots=True)
class Joined:
    """campaigns: those found, each known one once; of_place: which of them each found one is in."""

    campaigns: tuple[FoundCampaign, ...]
    of_place: tuple[int, ...]


def put_together(
    found: Sequence[FoundCampaign],
    kept: Mapping[int, CampaignId],
    reports: Sequence[KnownCampaign],
    named: Sequence[Named],
    minimum_accounts: int,
) -> Joined:
    """Put campaigns that continue one known campaign together, each with the accounts named as continuing it.

    Those leave a campaign that was not accused, since to be found together with others is no alibi; they stay where it
    would be too small without.
    """
    places: dict[int | CampaignId, list[int]] = defaultdict(list)
    for place in range(len(found)):
        places[kept.get(place, place)].append(place)
    rows_named, guilty = np.array([n.row for n in named], np.int64), accused(reports)
    made, held = dict[int | CampaignId, FoundCampaign](), set[int]()
    for name, some in places.items():
        if name not in guilty:
            whole = _together([found[place] for place in some], [])
            stays = ~np.isin(whole.rows, rows_named)
            made[name] = _of_rows(whole, stays) if stays.sum() >= minimum_accounts else whole
            held.update(made[name].rows.tolist())
    for name, some in places.items():
        if name in guilty:
            own = [n for n in named if reports[n.number].campaign_id == name and n.row not in held]
            made[name] = _together([found[place] for place in some], own)
    numbers = {place: number for number, some in enumerate(places.values()) for place in some}
    return Joined(tuple(made[name] for name in places), tuple(numbers[place] for place in range(len(found))))


def _of_rows(campaign: FoundCampaign, some: Mask) -> FoundCampaign:
    reasons = tuple(campaign.reasons[i] for i in np.flatnonzero(some))
    return replace(campaign, rows=campaign.rows[some], bits=campaign.bits[some], reasons=reasons)


def _together(parts: Sequence[FoundCampaign], named: Sequence[Named]) -> FoundCampaign:
    """One campaign of all accounts, with the evidence of the part that has most."""
    said = {row: told for part in parts for row, *told in zip(part.rows.tolist(), part.bits, part.reasons, strict=True)}
    said = {name.row: [name.bits, name.reasons] for name in named} | said
    rows = sorted(said)
    return replace(
        max(parts, key=lambda part: part.together_bits),
        rows=np.array(rows, np.int64),
        bits=np.array([said[row][0] for row in rows]),
        reasons=tuple(said[row][1] for row in rows),
        scaffolds=tuple(sorted({value for part in parts for value in part.scaffolds})),
    )
