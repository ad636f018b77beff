"""Values that others show by now: a prompt that became popular after the report no longer accuses its users.

In: a known campaign, and how many accounts that were there before its fresh ones show each value today. Out: the
campaign with the bits of such values lowered, never raised.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stillwatch.known.campaigns import CHANGED_FRACTION, Indicator, KindIndicators, KnownCampaign
from stillwatch.known.levels import bits_at, levels
from stillwatch.types import TraitKind


def publicised(
    campaign: KnownCampaign, shown_now: Mapping[TraitKind, Mapping[str, int]], accounts_now: int
) -> KnownCampaign:
    """Lower the bits of values that long-standing accounts show more often than strangers did in the report.

    Args:    shown_now: by kind and value, long-standing accounts outside the campaign that show it; others count 0;
             accounts_now: long-standing accounts outside the campaign.
    """
    kinds = (_lowered(campaign, kind, shown_now.get(kind.kind, {}), accounts_now) for kind in campaign.kinds)
    return replace(campaign, kinds=tuple(kind for kind in kinds if kind.values))


def _lowered(
    campaign: KnownCampaign, kind: KindIndicators, now: Mapping[str, int], accounts_now: int
) -> KindIndicators:
    kept = []
    for value in kind.values:
        bits = min(value.bits, _bits_now(campaign, kind, value, now.get(value.value, 0), accounts_now))
        if bits > 0:
            kept.append(replace(value, bits=bits))
    return replace(kind, values=tuple(kept))


def _bits_now(campaign: KnownCampaign, kind: KindIndicators, value: Indicator, now: int, accounts_now: int) -> float:
    if now == 0:
        return value.bits
    members = np.array([value.members])
    level = int(levels(members, campaign.accounts, np.array([now]), accounts_now)[0])
    matched = bits_at(level, kind.level_bits)
    return round(float(np.log2(CHANGED_FRACTION + (1 - CHANGED_FRACTION) * 2.0**matched)), 3) if matched > 0 else 0.0
