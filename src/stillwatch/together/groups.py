"""Groups: the accounts that share a trait, two weak traits at once, or a habit. Each is a hypothesis to be tested.

In: rows of `tables.TRAITS`, profiles, accounts of alike habits (`habits`). Out: `Groups`, a sparse 0/1 matrix with one
or two traits a row.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from stillwatch.abreast import abreast, at_once
from stillwatch.lookup import rows_of
from stillwatch.loops import Counts, Mask, Places, compiled, cut, put_in_order
from stillwatch.types import Trait, TraitKind

_SHOWS_FRACTION = 0.1  # an account shows a trait that a tenth of its exchanges carry
_SHOWS_EXCHANGES = 2  # or that at least two of them carry
_REPEATED_FRACTION = 0.7  # of accounts in either group that are in both: above it, two groups are one hypothesis
_MOST_GROUPS = (
    6_000  # of one kind: beyond, those that the most exchanges carry; words of a busy log repeat by the million
)
_NUMBER_BITS = 63  # of a signed 64-bit number
MOST_VALUES = 60_000  # of one kind that likeness looks at, likewise
_ONCE_IS_ENOUGH = frozenset({TraitKind.TASK_LIST, TraitKind.ADDRESS, TraitKind.NETWORK})
_PAIRED = (
    (TraitKind.CLIENT, TraitKind.PARAMETERS),
    (TraitKind.CLIENT, TraitKind.ASN),
    (TraitKind.CLIENT, TraitKind.EMAIL_SHAPE),
    (TraitKind.CLIENT, TraitKind.SIGN_UP),
    (TraitKind.PARAMETERS, TraitKind.TOOL_SCHEMA),
    (TraitKind.PARAMETERS, TraitKind.EMAIL_SHAPE),
    (TraitKind.PARAMETERS, TraitKind.SYSTEM_PROMPT),
    (TraitKind.EMAIL_DOMAIN, TraitKind.EMAIL_SHAPE),
    (TraitKind.SIGN_UP, TraitKind.EMAIL_SHAPE),
    (TraitKind.SIGN_UP, TraitKind.EMAIL_DOMAIN),
)


@dataclass(frozen=True)
class Groups:
    """traits[g] are the one or two traits of group g; members: 0/1 [groups, accounts]."""

    traits: tuple[tuple[Trait, ...], ...]
    members: sp.csr_array

    def __len__(self) -> int:
        return len(self.traits)

    @cached_property
    def kinds(self) -> tuple[list[tuple[TraitKind, ...]], npt.NDArray[np.int64]]:
        """The combinations of kinds that groups are formed by, and which of them each group has."""
        places: dict[tuple[TraitKind, ...], int] = {}
        code = [places.setdefault(tuple([trait.kind for trait in one]), len(places)) for one in self.traits]
        return list(places), np.array(code, np.int64)

    def select(self, rows: npt.NDArray[np.int64]) -> "Groups":
        """Keep some groups."""
        return Groups(tuple(self.traits[r] for r in rows), self.members[rows])


@dataclass(frozen=True, slots=True)
class Shown:
    """Traits of one kind as arrays: account row, code of the value, exchanges; `values` names the codes."""

    kind: TraitKind
    rows: Places
    codes: Places
    exchanges: npt.NDArray[np.int64]
    values: pa.Array


def shown(traits: Iterable[pa.Table], keys: npt.NDArray[np.int64], most: int = MOST_VALUES) -> dict[TraitKind, Shown]:
    """Split trait rows by kind, table by table as they come; order of rows and tables does not matter.

    Words are coded and keys become rows at once: as they come, trait rows would be the largest thing in memory.

    Args:    most: values of one kind that are kept.
    """
    parts: dict[TraitKind, list[pa.Table]] = {kind: [] for kind in TraitKind if not kind.is_habit}
    for split in abreast(partial(_by_kind, keys=keys), traits, os.cpu_count() or 1):
        for kind, table in split:
            parts[kind].append(table)
    return {kind: _shown(kind, parts.pop(kind), most) for kind in list(parts)}


def shown_of(kind: TraitKind, rows: pa.Table, values: pa.Array) -> Shown:
    """Put traits of one kind in order that come as (code, row, exchanges); values: in their order, as codes say."""
    pieces = [tuple(batch[name].to_numpy() for name in ("code", "row", "exchanges")) for batch in rows.to_batches()]
    codes, places, exchanges = _in_order(pieces)
    return Shown(kind, places, codes, exchanges, values)


def _by_kind(table: pa.Table, keys: npt.NDArray[np.int64]) -> list[tuple[TraitKind, pa.Table]]:
    """Split one table of trait rows by kind."""
    parts, kinds = [], pc.unique(table["kind"]).to_pylist()
    for kind in kinds:
        some = table if len(kinds) == 1 else table.filter(pc.equal(table["kind"], kind))
        rows = rows_of(keys, some["account_key"].to_numpy()).astype(np.int32)
        columns = [some["value"].dictionary_encode(), pa.array(rows), some["exchanges"]]
        parts.append((TraitKind(kind), pa.table(columns, names=["value", "row", "exchanges"])))
    return parts


def _shown(kind: TraitKind, tables: list[pa.Table], most: int) -> Shown:
    """Traits of one kind, in order of value, account and exchanges; values beyond so many are left out."""
    if not tables:
        nothing = np.zeros(0, np.int32)
        return Shown(kind, nothing, nothing, nothing.astype(np.int64), pa.array([], pa.string()))
    table = pa.concat_tables(tables).unify_dictionaries()
    tables.clear()
    codes, names = _named(table["value"])
    rows, exchanges = table["row"].to_numpy(), table["exchanges"].to_numpy()
    del table
    if len(names) > most:
        kept = np.zeros(len(names), bool)
        kept[np.argsort(-np.bincount(codes, exchanges, minlength=len(names)), kind="stable")[:most]] = True
        some = kept[codes]
        codes, rows, exchanges = (np.cumsum(kept, dtype=np.int32) - 1)[codes[some]], rows[some], exchanges[some]
        names = names.filter(pa.array(kept))
    codes, rows, exchanges = _in_order([(codes, rows, exchanges)])
    return Shown(kind, rows, codes, exchanges, names)


def _named(values: pa.ChunkedArray) -> tuple[Places, pa.Array]:
    """Code words, of one dictionary, in their order; give the codes and the words."""
    coded = values.combine_chunks()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[coded.indices.to_numpy()], coded.dictionary.take(pa.array(order))


def _in_order(pieces: Sequence[tuple[npt.NDArray[np.integer], ...]]) -> tuple[Any, ...]:
    """Sort traits by value, account and exchanges: as one number each, an order of magnitude faster than as three.

    Parts of them that follow each other are sorted at once.

    Args:    pieces: codes, rows and exchanges, piece by piece as they came.
    """
    pieces = [*pieces, (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))]
    widths = [
        max(int(column.max(initial=0)) for column in columns).bit_length() for columns in zip(*pieces, strict=True)
    ]
    if sum(widths) > _NUMBER_BITS:
        codes, rows, exchanges = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        order = np.lexsort((exchanges, rows, codes))
        return codes[order], rows[order], exchanges[order]
    ends = np.cumsum([0, *(len(piece[0]) for piece in pieces)]).tolist()
    workers, runs, whole = os.cpu_count() or 1, cut(ends[-1]), np.empty(ends[-1], np.int64)
    in_order = *(np.empty(len(whole), column.dtype) for column in pieces[0][:2]), np.empty(len(whole), np.int64)

    def pack(place: int) -> None:
        number, (codes, *others) = whole[ends[place] : ends[place + 1]], pieces[place]
        number[:] = codes
        for column, width in zip(others, widths[1:], strict=True):
            number <<= width
            number |= column

    def unpack(part: slice) -> None:
        number = whole[part]
        put_in_order(number, sum(widths), in_order[2][part])
        for column, width in ((in_order[2], widths[2]), (in_order[1], widths[1])):
            np.bitwise_and(number, (1 << width) - 1, out=column[part], casting="unsafe")
            number >>= width
        in_order[0][part] = number

    list(abreast(pack, range(len(pieces)), workers))
    whole.partition(np.array([run.start for run in runs[1:]], np.intp))
    list(abreast(unpack, runs, workers))
    return in_order


def distinct(groups: Groups) -> Groups:
    """Leave out groups that nearly repeat a larger one of the same kinds: one hypothesis counts once.

    The words of one template give dozens of scaffold hashes with the same holders.
    """
    kinds = groups.kinds[1]
    size = np.asarray(groups.members.sum(axis=1)).ravel()
    kept: list[npt.NDArray[np.int64]] = []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        rows = rows[np.argsort(-size[rows], kind="stable")]
        kept.append(rows[_first_of_its_kind(groups.members[rows])])
    return groups.select(np.sort(np.concatenate(kept))) if kept else groups


def _first_of_its_kind(members: sp.csr_array) -> npt.NDArray[np.bool_]:
    """Whether each group (largest first) differs from every kept group before it."""
    first, by_account = np.ones(members.shape[0], bool), members.tocsc()
    _drop_repeats(members.indptr, members.indices, by_account.indptr, by_account.indices, first)
    return first


@compiled
def _drop_repeats(starts: Places, accounts: Places, places: Places, groups: Places, first: Mask) -> None:
    """Clear the mark of each group (largest first) that nearly repeats a marked one before it.

    Args:    accounts: of each group, from its start; groups: of each account, in order, from its place.
    """
    size, following = np.diff(starts), places[:-1].copy()
    shared, met = np.zeros(first.size, np.int32), np.empty(first.size, np.int32)
    nearest = 0  # groups before it are too large to be repeated
    for group in range(first.size):
        while _REPEATED_FRACTION * size[nearest] > size[group]:
            nearest += 1
        others = 0
        for account in accounts[starts[group] : starts[group + 1]]:
            while groups[following[account]] < nearest:
                following[account] += 1
            place = following[account]
            while groups[place] < group:
                other = groups[place]
                if shared[other] == 0:
                    met[others] = other
                    others += 1
                shared[other] += 1
                place += 1
        for other in met[:others]:
            union = size[group] + size[other] - shared[other]
            if first[other] and shared[other] >= _REPEATED_FRACTION * union:
                first[group] = False
            shared[other] = 0


def build(
    parts: Mapping[TraitKind, Shown],
    exchanges: npt.NDArray[np.int64],
    minimum: int,
    alike: Iterable[tuple[Trait, npt.NDArray[np.integer]]] = (),
) -> Groups:
    """Form every group of at least `minimum` accounts; groups with the very same members count once.

    Args:    alike: accounts of alike habits, each a group too. These all stay: they lie in each other, and a pure one
             that repeats most of its whole is the better hypothesis.
    """
    by_trait, by_habit = at_once(
        lambda: distinct(_gathered(_candidates(parts, exchanges, minimum), len(exchanges))),
        lambda: _gathered(_busiest(alike, exchanges, minimum), len(exchanges)),
    )
    matrix = sp.csr_array(sp.vstack([by_trait.members, by_habit.members]))
    return Groups(by_trait.traits + by_habit.traits, matrix)


def _gathered(candidates: Iterable[tuple[tuple[Trait, ...], npt.NDArray[np.integer]]], accounts: int) -> Groups:
    """Put groups into one matrix, without those of the same kinds and the very same members."""
    traits: list[tuple[Trait, ...]] = []
    members: list[npt.NDArray[np.integer]] = []
    seen: set[tuple[tuple[TraitKind, ...], bytes]] = set()  # kinds, and a hash of the members
    for trait, rows in candidates:
        identity = (tuple(t.kind for t in trait), hashlib.blake2b(rows.data, digest_size=16).digest())
        if identity not in seen:
            seen.add(identity)
            traits.append(trait)
            members.append(rows)
    indptr = np.cumsum([0, *(len(rows) for rows in members)])
    short = np.int32 if indptr[-1] <= np.iinfo(np.int32).max else np.int64  # half the memory, and no copies of it
    indptr = indptr.astype(short)
    indices = np.concatenate(members, dtype=short) if members else np.zeros(0, short)
    matrix = sp.csr_array((np.ones(len(indices)), indices, indptr), shape=(len(traits), accounts))
    return Groups(tuple(traits), matrix)


def _candidates(
    parts: Mapping[TraitKind, Shown], exchanges: npt.NDArray[np.int64], minimum: int
) -> Iterator[tuple[tuple[Trait, ...], npt.NDArray[np.integer]]]:
    for kind, part in parts.items():
        if kind is TraitKind.MODEL:
            continue  # everybody who uses a model is no hypothesis
        codes, rows, carried = _showing(part, exchanges, 1 if kind in _ONCE_IS_ENOUGH else _SHOWS_EXCHANGES)
        runs = sorted(_runs(codes, rows, minimum), key=lambda run: (-carried[run[0]], run[0]))
        for code, members in sorted(runs[:_MOST_GROUPS], key=lambda run: run[0]):
            yield (Trait(kind, part.values[code].as_py()),), members
    for first, second in _PAIRED:
        yield from _paired(parts[first], parts[second], len(exchanges), minimum)


def _showing(part: Shown, exchanges: Counts, floor: int) -> tuple[Places, Places, Counts]:
    """Give value and account of the traits that so many of an account's exchanges carry, or such a share of them that
    the account shows it; and how many exchanges carry each value.
    """

    def look(some: slice) -> tuple[Places, Places, Counts]:
        codes, rows, carrying = part.codes[some], part.rows[some], part.exchanges[some]
        enough, carried = np.empty(len(rows), bool), np.zeros(len(part.values), np.int64)
        _enough(rows, codes, carrying, exchanges, floor, enough, carried)
        return codes[enough], rows[enough], carried

    codes, rows, carried = zip(*abreast(look, cut(len(part.rows)), os.cpu_count() or 1), strict=True)
    return np.concatenate(codes), np.concatenate(rows), np.sum(carried, axis=0)


@compiled
def _enough(  # noqa: PLR0913, PLR0917 - what is told, and where
    rows: Places,
    codes: Places,
    carrying: Counts,
    exchanges: Counts,
    floor: int,
    enough: Mask,
    carried: Counts,
) -> None:
    for place in range(rows.size):
        some = carrying[place]
        enough[place] = some >= floor or some >= _SHOWS_FRACTION * exchanges[rows[place]]
        carried[codes[place]] += some


def _busiest(
    alike: Iterable[tuple[Trait, npt.NDArray[np.integer]]], exchanges: npt.NDArray[np.int64], minimum: int
) -> Iterator[tuple[tuple[Trait, ...], npt.NDArray[np.integer]]]:
    """Of each kind of habit the groups that the most exchanges are of; where they are too many, small ones go."""
    kinds: dict[TraitKind, list[tuple[Trait, npt.NDArray[np.integer]]]] = {}
    for trait, rows in alike:
        if len(rows) >= minimum:
            kinds.setdefault(trait.kind, []).append((trait, rows))
    for groups in kinds.values():
        groups.sort(key=lambda group: (-int(exchanges[group[1]].sum()), group[0].value))
        yield from (((trait,), rows) for trait, rows in groups[:_MOST_GROUPS])


def _paired(
    first: Shown, second: Shown, accounts: int, minimum: int
) -> Iterator[tuple[tuple[Trait, ...], npt.NDArray[np.integer]]]:
    """Groups of accounts whose commonest values of two kinds agree."""
    left, right = _commonest(first, accounts), _commonest(second, accounts)
    rows = np.flatnonzero((left >= 0) & (right >= 0))
    width = len(second.values) + 1
    for code, members in _runs(left[rows] * width + right[rows], rows, minimum):
        pair = divmod(code, width)
        yield (
            (
                Trait(first.kind, first.values[pair[0]].as_py()),
                Trait(second.kind, second.values[pair[1]].as_py()),
            ),
            members,
        )


def _commonest(part: Shown, accounts: int) -> npt.NDArray[np.int64]:
    """The value that each account shows most, -1 for none; ties go to the first in order of values."""
    best, most = np.full(accounts, -1, np.int64), np.full(accounts, -1, np.int64)
    _most(part.rows, part.codes, part.exchanges, best, most)
    return best


@compiled
def _most(rows: Places, codes: Places, exchanges: Counts, best: Counts, most: Counts) -> None:
    for place in range(rows.size):
        row, code, some = rows[place], codes[place], exchanges[place]
        if some > most[row] or (some == most[row] and code < best[row]):
            best[row], most[row] = code, some


def _runs(
    codes: npt.NDArray[np.integer], rows: npt.NDArray[np.integer], minimum: int
) -> Iterator[tuple[int, npt.NDArray[np.integer]]]:
    """Give (code, sorted account rows) for every code with enough accounts."""
    changes = codes[1:] != codes[:-1]
    if not np.all((codes[1:] > codes[:-1]) | (~changes & (rows[1:] >= rows[:-1]))):
        codes, rows, _ = _in_order([(codes, rows, np.zeros(len(codes), np.int64))])
        changes = codes[1:] != codes[:-1]
    bounds = np.flatnonzero(np.concatenate([[True], changes, [True]])) if len(codes) else np.zeros(0, int)
    for low, high in pairwise(bounds.tolist()):
        if high - low >= minimum:
            yield int(codes[low]), rows[low:high]
