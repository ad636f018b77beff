"""Pools: campaigns that stay separate and yet send through the same networks, as customers of one proxy service do.

In: accounts, the campaigns found. Out: `Pool` values, each with its bits and a sentence. The hypothesis that says
"chance": a network of one campaign is also another's as often as a network of an account outside any campaign is.
Popular networks count once for every stranger on them, so what everybody uses says little. A pool is no reason to
join campaigns; `operators` decides that by behaviour.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy import stats
from scipy.sparse.csgraph import connected_components

from stillwatch.bits import calibrate_bits
from stillwatch.together.dispersion import Floats
from stillwatch.together.groups import Shown
from stillwatch.together.likeness import Accounts
from stillwatch.types import CampaignId, Pool, TraitKind

_ERROR_FRACTION = 0.01  # of runs in which two campaigns at most are wrongly said to share a pool
_LEAST_LOG_P = -600.0  # beyond, a p-value says nothing more
Rows = npt.NDArray[np.int64]


def shared_networks(accounts: Accounts, campaigns: Mapping[CampaignId, Rows]) -> tuple[Pool, ...]:
    """Find the campaigns that share networks far more often than chance has it.

    Args:    campaigns: account rows of each.
    """
    kind = next((k for k in (TraitKind.NETWORK, TraitKind.ADDRESS) if len(accounts.shown[k].values)), None)
    if kind is None or len(campaigns) < 2:
        return ()
    part = accounts.shown[kind]
    owner = np.full(len(accounts.exchanges), -1)
    for place, rows in enumerate(campaigns.values()):
        owner[rows] = place
    used = _used(part, owner, len(campaigns))
    bits, chance = _links(used, np.bincount(part.codes[owner[part.rows] < 0], minlength=len(part.values)))
    pairs = len(campaigns) * (len(campaigns) - 1) / 2
    linked = bits >= np.log2(pairs / _ERROR_FRACTION)
    _, pool = connected_components(sp.csr_array(linked), directed=False)
    found = [np.flatnonzero(pool == one) for one in range(pool.max() + 1)]
    ids = tuple(campaigns)
    return tuple(_pool(ids, part, owner, used, members, bits, chance) for members in found if len(members) > 1)


def _used(part: Shown, owner: Rows, campaigns: int) -> sp.csr_array:
    """Which campaign uses which value, 0/1."""
    inside = owner[part.rows] >= 0
    place = (owner[part.rows[inside]], part.codes[inside])
    counts = sp.csr_array((np.ones(inside.sum()), place), shape=(campaigns, len(part.values)))
    counts.sum_duplicates()
    counts.data[:] = 1
    return counts


def _links(used: sp.csr_array, strangers: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Bits of each pair of campaigns, the less sure direction; and the share of strangers on the networks of each."""
    overlap = np.asarray((used @ used.T).todense())
    size = np.diag(overlap)
    chance = (used @ strangers + 1) / (strangers.sum() + 1)
    log_p = stats.binom.logsf(overlap - 1, size[None, :], np.minimum(chance, 1)[:, None])
    one_way = calibrate_bits(np.clip(log_p, _LEAST_LOG_P, 0.0))
    bits = np.minimum(one_way, one_way.T)
    np.fill_diagonal(bits, -np.inf)
    return np.asarray(bits), np.asarray(chance)


def _pool(  # noqa: PLR0913, PLR0917 - one pool, and all that its sentence says
    ids: tuple[CampaignId, ...],
    part: Shown,
    owner: Rows,
    used: sp.csr_array,
    members: Rows,
    bits: Floats,
    chance: Floats,
) -> Pool:
    own = used[members]
    shared = np.flatnonzero(np.asarray(own.sum(axis=0)).ravel() >= 2)
    behind = np.isin(part.codes, shared) & np.isin(owner[part.rows], members)
    least = int(np.asarray(own[:, shared].sum(axis=1)).ravel().min())
    smallest = int(np.asarray(own.sum(axis=1)).ravel().min())
    noun = "networks of 256 addresses" if part.kind is TraitKind.NETWORK else "addresses"
    claim = (
        f"{len(members)} campaigns send through {len(shared):,} {noun} in common: the one that shares least has "
        f"{least:,} of them, the one with the fewest has {smallest:,} in all; of what accounts outside campaigns use, "
        f"{100 * chance[members].max():.1f} % lies there"
    )
    links = np.where(np.isfinite(bits[np.ix_(members, members)]), bits[np.ix_(members, members)], -np.inf)
    return Pool(
        campaign_ids=tuple(ids[place] for place in members),
        kind=part.kind,
        values=tuple(str(part.values[int(code)].as_py()) for code in shared),
        accounts=len(np.unique(part.rows[behind])),
        bits=float(links.max(axis=1).min()),
        claim=claim,
    )
