"""One operator or two? Fragments of one operator behave alike; two operators on one pool of proxies do not.

In: cores of accounts. Out: fewer, larger cores. Two cores are one operator when their centres differ by a small share
of what two strangers differ by, on average over the tests of rhythm, content and application.
"""

import numpy as np

from stillwatch.together.dispersion import Features, Floats, Mask
from stillwatch.together.likeness import ALL, Accounts

_ALIKE_FRACTION = 0.05  # fragments of one operator lie below 0.01, different operators above 0.2 (docs/decisions)
_FAMILIES = ("rhythm", "content", "application")


def join_operators(accounts: Accounts, cores: list[Mask], strangers: Mask) -> list[Mask]:
    """Join the two most alike cores as long as they behave as one operator; largest core first."""
    features = [t.features(accounts) for t in ALL if t.family in _FAMILIES]
    cores = list(cores)
    while len(cores) > 1:
        apart = _distances(features, cores, strangers)
        first, second = np.unravel_index(np.argmin(apart), apart.shape)
        if apart[first, second] >= _ALIKE_FRACTION:
            break
        joined = cores[first] | cores[second]
        cores = [core for i, core in enumerate(cores) if i not in (first, second)] + [joined]
    return sorted(cores, key=lambda mask: (-int(mask.sum()), int(np.flatnonzero(mask)[0])))


def _distances(features: list[Features], cores: list[Mask], strangers: Mask) -> Floats:
    """Mean over tests of the squared distance between centres, as a share of that between two strangers."""
    parts = [part for f in features if (part := _apart(f, cores, strangers)) is not None]
    apart = np.mean(parts, axis=0) if parts else np.full((len(cores), len(cores)), np.inf)
    np.fill_diagonal(apart, np.inf)
    return apart


def _apart(features: Features, cores: list[Mask], strangers: Mask) -> Floats | None:
    """Squared distances between the centres of cores; None where a core or the strangers lack the aspect."""
    known = [np.flatnonzero(core & features.known) for core in cores]
    outside = np.flatnonzero(strangers & features.known)
    if min(len(rows) for rows in known) == 0 or len(outside) < 3:
        return None
    centres = np.vstack([_centre(features, rows) for rows in known])
    spread = features.squares[outside].mean() - float((_centre(features, outside) ** 2).sum())
    inner = centres @ centres.T
    squares = np.diag(inner)
    return (squares[:, None] + squares[None, :] - 2 * inner) / max(2 * spread, 1e-12)


def _centre(features: Features, rows: np.ndarray) -> Floats:
    return np.asarray(features.values[rows].mean(axis=0)).ravel()
