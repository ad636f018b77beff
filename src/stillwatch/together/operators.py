"""One operator or two? Fragments of one operator behave alike; two operators on one pool of proxies do not.

In: cores of accounts. Out: fewer, larger cores. Two cores are one operator when their centres differ by a small share
of what two strangers differ by in every test of rhythm, content and application but two: fragments may differ in the
traits that cut them apart. Cores that declare different organisations, or of which only one does, stay apart.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features, Floats, Mask
from stillwatch.together.likeness import ALL, Accounts
from stillwatch.types import TraitKind

_ALIKE_FRACTION = 0.02  # halves of one operator lie below 0.005, different operators above 0.1 (docs/decisions/0002)
_CUTTING_TESTS = 2  # tests in which fragments of one operator may differ
_SEATS = 3  # accounts that declare one organisation; two may be one person's
_FAMILIES = ("rhythm", "content", "application")


def join_operators(accounts: Accounts, cores: list[Mask], strangers: Mask) -> list[Mask]:
    """Join the two most alike cores as long as they behave as one operator; largest core first."""
    features = [t.features(accounts) for t in ALL if t.family in _FAMILIES]
    cores = list(cores)
    while len(cores) > 1:
        apart = np.where(_declared_apart(accounts, cores), np.inf, _distances(features, cores, strangers))
        first, second = np.unravel_index(np.argmin(apart), apart.shape)
        if apart[first, second] >= _ALIKE_FRACTION:
            break
        joined = cores[first] | cores[second]
        cores = [core for i, core in enumerate(cores) if i not in (first, second)] + [joined]
    return sorted(cores, key=lambda mask: (-int(mask.sum()), int(np.flatnonzero(mask)[0])))


def seated_elsewhere(accounts: Accounts, core: Mask) -> Mask:
    """Accounts that declare an organisation of several seats which is not that of half the core.

    Who declares its seats does not pose as a stranger: it is judged as that organisation, not as somebody's disguise.
    """
    part = accounts.shown[TraitKind.ORGANISATION]
    seats = np.bincount(part.codes, minlength=1)
    inside = np.bincount(part.codes[core[part.rows]], minlength=len(seats))
    apart = (seats >= _SEATS) & (2 * inside < core.sum())
    elsewhere = np.zeros(len(core), bool)
    elsewhere[part.rows[apart[part.codes]]] = True
    return elsewhere


def _declared_apart(accounts: Accounts, cores: list[Mask]) -> npt.NDArray[np.bool_]:
    """Whether two cores declare different organisations; no organisation is different from any."""
    part = accounts.shown[TraitKind.ORGANISATION]
    declared = np.full(len(cores), -1)
    for number, core in enumerate(cores):
        counts = np.bincount(part.codes[core[part.rows]], minlength=1)
        if 2 * counts.max() >= core.sum():
            declared[number] = counts.argmax()
    return np.asarray(declared[:, None] != declared[None, :])


def _distances(features: list[Features], cores: list[Mask], strangers: Mask) -> Floats:
    """Squared distance between centres as a share of that between two strangers, the largest but two of all tests."""
    parts = [part for f in features if (part := _apart(f, cores, strangers)) is not None]
    if len(parts) <= _CUTTING_TESTS:
        return np.full((len(cores), len(cores)), np.inf)
    apart = np.asarray(np.sort(parts, axis=0)[-1 - _CUTTING_TESTS])
    np.fill_diagonal(apart, np.inf)
    return apart


def _apart(features: Features, cores: list[Mask], strangers: Mask) -> Floats | None:
    """Squared distances between the centres of cores, less what sampling their members adds to it.

    None where a core or the strangers lack the aspect.
    """
    known = [np.flatnonzero(core & features.known) for core in cores]
    outside = np.flatnonzero(strangers & features.known)
    if min(len(rows) for rows in known) == 0 or len(outside) < 3:
        return None
    centres = np.vstack([_centre(features, rows) for rows in known])
    spread = features.squares[outside].mean() - float((_centre(features, outside) ** 2).sum())
    inner = centres @ centres.T
    squares = np.diag(inner)
    within = np.array([features.squares[rows].mean() for rows in known]) - squares
    chance = within / np.maximum([len(rows) - 1 for rows in known], 1)
    distance = squares[:, None] + squares[None, :] - 2 * inner - chance[:, None] - chance[None, :]
    return np.asarray(np.maximum(distance, 0) / max(2 * spread, 1e-12))


def _centre(features: Features, rows: np.ndarray) -> Floats:
    return np.asarray(features.values[rows].mean(axis=0)).ravel()
