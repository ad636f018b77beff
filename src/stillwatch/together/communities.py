"""From accused groups to campaigns: groups that overlap grow together; a weak bridge does not join two operators.

In: accused groups with their bits. Out: one account mask a core. Accounts and groups form a two-sided graph weighted
by bits; Leiden finds its communities. Read `operators` next: cores that behave as one are joined there.
"""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch import leiden
from stillwatch.together.dispersion import Floats, Mask

_RESOLUTION = 0.5  # below 1: prefer one large community to its fragments


def communities(members: sp.csr_array, bits: Floats, resolution: float = _RESOLUTION) -> list[Mask]:
    """Split the accounts of accused groups into cores, largest first.

    Args:    members: 0/1 [groups, accounts]; bits: [groups], positive; resolution: the lower, the fewer and larger.
    """
    if members.shape[0] == 0:
        return []
    weight = np.maximum(bits, 1.0) / np.maximum(np.asarray(members.sum(axis=1)).ravel(), 1.0)
    labels = _leiden(members, weight, resolution)
    found = [labels == label for label in np.unique(labels[labels >= 0])]
    return sorted(found, key=lambda mask: (-int(mask.sum()), int(np.flatnonzero(mask)[0])))


def _leiden(members: sp.csr_array, weight: Floats, resolution: float) -> npt.NDArray[np.int64]:
    """Community of every account, -1 for accounts in no group.

    Only accounts in a group are in the graph: to the method each of the others would be a community of its own.
    """
    labels = np.full(members.shape[1], -1, np.int64)
    inside = np.flatnonzero(np.asarray(members.sum(axis=0)).ravel())
    held = sp.csr_array(members[:, inside])
    rows, columns = held.nonzero()
    edges = np.column_stack([rows, held.shape[0] + columns])
    labels[inside] = leiden.communities(sum(held.shape), edges, weight[rows], resolution)[held.shape[0] :]
    return labels
