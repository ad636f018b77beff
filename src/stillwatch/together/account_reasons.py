"""Why each account was counted or cleared: the groups it was in, how each was judged, the campaign it came nearest to.

In: accounts, groups, their scores and nulls, and the campaigns with everybody's odds. Out: `Tested`, rows that
`explain` reads. Nothing here decides; it keeps what the other files decided by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from scipy import stats

from stillwatch.abreast import at_once
from stillwatch.schemas import arrow_schema
from stillwatch.tables import GROUP_TESTS
from stillwatch.together.dispersion import Floats, Mask
from stillwatch.together.groups import Groups
from stillwatch.together.likeness import ALL, FAMILIES, Accounts
from stillwatch.together.membership import family_weights, weigh
from stillwatch.together.null import TAIL_FREEDOM, Null, Nulls, size_class
from stillwatch.together.score import Scores, null_labels
from stillwatch.together.trust import Trust

_STRONGEST = 5  # groups kept of each account
_REASONS = 3  # tests kept of each account, for and against
_VALUE_CHARACTERS = 120
_PER_TEST = 2**20  # tenths of a bit fit below
_RARE = 0.01  # "one in a hundred innocent groups"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reach:
    """One campaign as everybody relates to it.

    core: accounts that everybody is weighed against; members: its accounts; bits: log2 odds of every account; seated:
    accounts kept out because they declare an organisation of their own; leading: row of the group that its evidence is
    about.
    """

    core: Mask
    members: Mask
    bits: Floats
    seated: Mask
    leading: int


@dataclass(frozen=True, slots=True)
class Tested:
    """Columns of `tables.GROUPS_TESTED`, `GROUP_TESTS` and `ACCOUNTS_TESTED`, by name; account and campaign ids are
    still rows: `campaign` and `nearest` index the run's campaigns, -1 for none; rows of accounts are in their order.
    """

    groups: Mapping[str, Any]
    tests: pa.Table
    accounts: Mapping[str, Any]


def tested(
    accounts: Accounts,
    groups: Groups,
    scores: Scores,
    nulls: Nulls,
    reach: Sequence[Reach],
) -> Tested:
    """Keep how every group and account was judged."""
    order = np.lexsort((np.arange(len(groups)), -scores.total))
    strongest, nearest = at_once(
        lambda: _strongest(groups.members[order]), lambda: _nearest(accounts, reach, nulls.trust)
    )
    shown = np.zeros(len(groups), bool)
    shown[strongest[strongest[:, 0] >= 0, 0]] = True
    shown |= scores.accused[order]
    return Tested(
        _groups(groups, scores, reach, order),
        _tests(accounts, groups, scores, nulls, order, np.flatnonzero(shown)),
        _accounts(accounts, groups, strongest) | nearest,
    )


def _strongest(ranked: sp.csr_array) -> Rows:
    """Rank of the first few groups of every account, -1 beyond its last; rows are groups, strongest first."""
    held = sp.csr_array(ranked.T)
    held.sort_indices()
    places = held.indptr[:-1, None] + np.arange(_STRONGEST)
    inside = places < held.indptr[1:, None]
    ranks = np.full(places.shape, -1, np.int64)
    ranks[inside] = held.indices[places[inside]]
    return ranks


def _groups(groups: Groups, scores: Scores, reach: Sequence[Reach], order: Rows) -> dict[str, Any]:
    size = np.asarray(groups.members.sum(axis=1)).ravel()
    owned = np.zeros((len(reach) + 1, len(groups)))
    leads = np.zeros(len(groups), bool)
    for number, one in enumerate(reach):
        owned[number] = groups.members @ one.members.astype(float)
        leads[one.leading] = True
    largest = owned[:-1].argmax(axis=0) if reach else np.zeros(len(groups), np.int64)
    half = 2 * owned[largest, np.arange(len(groups))] >= np.maximum(size, 1)
    traits = [groups.traits[row] for row in order.tolist()]
    return {
        "group": np.arange(len(order)),
        "kinds": [[str(trait.kind) for trait in one] for one in traits],
        "values": [[trait.value[:_VALUE_CHARACTERS] for trait in one] for one in traits],
        "accounts": size[order].astype(np.int64),
        "bits": np.round(scores.total[order], 3),
        "needed_bits": np.round(scores.choice.needed(scores.accused, len(reach))[order], 3),
        "accused": scores.accused[order],
        "outdone": scores.outdone[order],
        "campaign": np.where(half, largest, -1)[order],
        "campaign_accounts": owned.sum(axis=0)[order].astype(np.int64),
        "leads": leads[order],
    }


def _tests(  # noqa: PLR0913, PLR0917 - everything a group was judged by
    accounts: Accounts, groups: Groups, scores: Scores, nulls: Nulls, order: Rows, shown: Rows
) -> pa.Table:
    labels = null_labels(accounts, groups)
    rows = order[shown]
    parts = [_test_rows(likeness.name, likeness.family, scores, nulls, labels, rows, shown) for likeness in ALL]
    return pa.concat_tables(parts).sort_by([("group", "ascending"), ("family", "ascending"), ("test", "ascending")])


def _test_rows(  # noqa: PLR0913, PLR0917 - one test of the groups
    test: str, family: str, scores: Scores, nulls: Nulls, labels: Sequence[str], rows: Rows, numbers: Rows
) -> pa.Table:
    """Give what one test said about each group, and the null it was held against."""
    ran = np.isfinite(scores.tests[test][rows])
    rows, numbers = rows[ran], numbers[ran]
    seen = scores.observed[test]
    sizes = size_class(seen.accounts).tolist()
    used = [_null_of(nulls, test, labels[row], sizes[row]) for row in rows.tolist()]
    mean = np.array([null.mean for _, null in used])
    scatter = np.array([null.scatter for _, null in used])
    usual = mean + seen.mean[rows]
    rare = usual + stats.t.ppf(_RARE, TAIL_FREEDOM) * np.sqrt(scatter**2 + seen.variance[rows])
    return pa.table(
        {
            "group": numbers,
            "test": [test] * len(rows),
            "family": [family] * len(rows),
            "accounts": seen.accounts[rows].astype(np.int64),
            "bits": np.round(scores.tests[test][rows], 2),
            "family_bits": np.round(scores.families[family][rows], 3),
            "alike_fraction": _figures(np.exp(seen.log_ratio[rows])),
            "usual_fraction": _figures(np.exp(usual)),
            "rare_fraction": _figures(np.exp(rare)),
            "null_kind": [kind for kind, _ in used],
            "null_mean": np.round(mean, 3),
            "null_scatter": np.round(scatter, 3),
            "null_groups": [null.groups for _, null in used],
        },
        schema=arrow_schema(GROUP_TESTS),
    )


def _null_of(nulls: Nulls, test: str, label: str, size: int) -> tuple[str, Null]:
    """The null a group was held against and the kind of groups it was learnt from, "*" where its own kind was rare."""
    own = nulls.of(test, label)
    if own is None:
        raise KeyError(test)
    return own[0], own[1][size]


def _figures(values: Floats) -> Floats:
    """Round to three significant figures: what a reader can use, and what compresses."""
    size = np.floor(np.log10(np.maximum(values, 1e-12)))
    scale = 10.0 ** (2 - size)
    return np.asarray(np.round(values * scale) / scale)


def _accounts(accounts: Accounts, groups: Groups, strongest: Rows) -> dict[str, Any]:
    counts = np.asarray(groups.members.sum(axis=0)).ravel().astype(np.int64)
    listed = strongest >= 0
    offsets = np.concatenate([[0], np.cumsum(listed.sum(axis=1))]).astype(np.int32)
    return {
        "exchanges": accounts.exchanges,
        "first_second": accounts.first_second,
        "last_second": accounts.last_second,
        "groups": counts,
        "strongest": pa.ListArray.from_arrays(pa.array(offsets), pa.array(strongest[listed].astype(np.int32))),
    }


def _nearest(accounts: Accounts, reach: Sequence[Reach], trust: Trust) -> dict[str, Any]:
    """Give the columns that say which campaign each account came nearest to, and why."""
    size = len(accounts.exchanges)
    columns: dict[str, Any] = {
        "nearest": np.full(size, -1),
        "membership_bits": np.full(size, np.nan),
        "prior_bits": np.full(size, np.nan),
        **{f"{family}_bits": np.full(size, np.nan) for family in FAMILIES},
        "speaks_for": pa.nulls(size, pa.list_(pa.string())),
        "speaks_against": pa.nulls(size, pa.list_(pa.string())),
        "declares_seats": np.zeros(size, bool),
    }
    if reach:
        _fill_nearest(accounts, reach, columns, trust)
    return columns


def _fill_nearest(accounts: Accounts, reach: Sequence[Reach], columns: dict[str, Any], trust: Trust) -> None:
    """Find for every account the campaign it is likeliest to belong to, its own one if it is a member."""
    bits = np.vstack([np.where(one.members, np.inf, one.bits) for one in reach])
    nearest = bits.argmax(axis=0)
    columns["nearest"] = nearest
    speaking, opposing = np.full((2, len(nearest), _REASONS), -1)
    for number, one in enumerate(reach):
        rows = np.flatnonzero(nearest == number)
        weights = weigh(accounts, one.core, ~one.core, trust)
        families = family_weights(weights)
        columns["membership_bits"][rows] = np.round(one.bits[rows], 2)
        for family in FAMILIES:
            columns[f"{family}_bits"][rows] = np.round(families[family][rows], 2)
        rest = one.bits[rows] - np.sum([families[family][rows] for family in FAMILIES], axis=0)
        columns["prior_bits"][rows] = np.round(rest, 2)
        columns["declares_seats"][rows] = one.seated[rows] & ~one.members[rows]
        table = np.vstack([weights[test.name][rows] for test in ALL])
        speaking[rows], opposing[rows] = _loudest(table), _loudest(-table)
    columns["speaks_for"], columns["speaks_against"] = _worded(speaking, "+"), _worded(opposing, "-")


def _loudest(table: Floats) -> Rows:
    """Find the tests with the largest positive weights of each account, largest first: [accounts, 3].

    Each is the number of the test times 2**20 plus tenths of a bit; -1 where there is none.
    """
    found = np.full((table.shape[1], _REASONS), -1)
    left, every = table.copy(), np.arange(table.shape[1])
    for place in range(_REASONS):
        test = left.argmax(axis=0)
        tenths = np.rint(np.round(left[test, every], 1) * 10).astype(np.int64)
        found[:, place] = np.where(tenths > 0, test * _PER_TEST + tenths, -1)
        left[test, every] = -np.inf
    return found


def _worded(found: Rows, sign: str) -> pa.ListArray:
    """Write numbers of `_loudest` as words, each different one once."""
    codes, places = np.unique(found, return_inverse=True)
    words = pa.array([f"{ALL[code // _PER_TEST].name} {sign}{code % _PER_TEST / 10:.1f}" for code in codes.tolist()])
    listed = found >= 0
    offsets = np.concatenate([[0], np.cumsum(listed.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(places.reshape(found.shape)[listed])))
