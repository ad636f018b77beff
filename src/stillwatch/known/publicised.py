"""Values that others show by now: a prompt that became popular after the report no longer accuses its users.

In: a known campaign, and how many accounts that were there before its fresh ones show each value today. Out: the
campaign with the lifts of such values lowered, never raised.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stillwatch.known.campaigns import Indicator, KnownCampaign
from stillwatch.known.lifts import lifts
from stillwatch.types import TraitKind


def publicised(
    campaign: KnownCampaign, shown_now: Mapping[TraitKind, Mapping[str, int]], accounts_now: int
) -> KnownCampaign:
    """Lower the lifts of values that long-standing accounts show more often than strangers did in the report.

    Args:    shown_now: by kind and value, long-standing accounts outside the campaign that show it; others count 0;
             accounts_now: long-standing accounts outside the campaign.
    """
    kinds = []
    for kind in campaign.kinds:
        now = shown_now.get(kind.kind, {})
        lowered = (_lowered(campaign, value, now.get(value.value, 0), accounts_now) for value in kind.values)
        kinds.append(replace(kind, values=tuple(value for value in lowered if value.lift_bits > 0)))
    return replace(campaign, kinds=tuple(kind for kind in kinds if kind.values))


def _lowered(campaign: KnownCampaign, value: Indicator, now: int, accounts_now: int) -> Indicator:
    if now == 0:
        return value
    lift = lifts(np.array([value.members]), campaign.accounts, np.array([now]), accounts_now)
    return replace(value, lift_bits=min(value.lift_bits, round(float(lift[0]), 3)))
