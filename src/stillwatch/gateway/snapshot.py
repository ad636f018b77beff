"""Decisions in one immutable, memory-mapped file: written whole, swapped by renaming, looked up without a copy.

In: what stands in the ledger. Out: a file; opened, a pure look-up: `Snapshot.look_up(targets, now)`.

Layout, little endian: a header, then sections padded to 8 bytes: sorted 64-bit hashes of (scope, value); where each
one's record begins; records, JSON; sorted hashes of accounts that are long known; follow-ups, JSON; known campaigns,
JSON; the scopes that have a record, the caps and when words are decided on, JSON. The SHA-256 of everything behind the
header is checked when the file is opened. Where a record is found, the value in it is compared, so a collision of
hashes hits nobody.
"""

import json
import mmap
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from itertools import accumulate
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

from stillwatch.pipeline.acting import follow_up_of, follow_up_text
from stillwatch.types import ActId, Action, Decision, Exemption, FollowUp, Scope, Trait
from stillwatch.whole import write_whole

Target = tuple[str, str]
"""A scope and its value."""

CHOSEN = frozenset({Scope.CLIENT.value, Scope.SCAFFOLD.value})
"""Scopes whose value a request itself chooses: an exemption ends decisions about it, and frees nobody of others."""

_MAGIC = b"SWSNAP5\n"
_SECTIONS = 7
_HEADER = Struct(f"<8s32s2Q{_SECTIONS}Q")  # magic, digest, version, made at (seconds), bytes of each section unpadded


class Order(NamedTuple):
    """A decision as it is served; times are seconds since 1970."""

    decision_id: str
    scope: str
    value: str
    action: str
    reason_code: str
    campaign_id: str
    bits: float
    start: float
    end: float
    requests: int
    message: str
    enforced: bool


class Found(NamedTuple):
    """What a look-up gives: whether an exemption beats everything, and the orders that hold now."""

    exempt: bool
    orders: tuple[Order, ...]


NOTHING = Found(exempt=False, orders=())
_EXEMPT = Found(exempt=True, orders=())


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot is made of. settled: accounts that were there before; indicators: the text of indicators.json;
    caps: by action, the accounts an hour that decisions of a scope other than account or key may touch.
    """

    version: int
    made_at: float
    decisions: Sequence[Decision]
    exemptions: Sequence[Exemption] = ()
    follow_ups: Sequence[tuple[ActId, FollowUp]] = ()
    settled: Sequence[str] = ()
    indicators: str = ""
    caps: Mapping[Action, int] = field(default_factory=dict)


def write_snapshot(contents: Contents, path: Path) -> None:
    """Write a snapshot, whole or not at all: readers meet the old or the new one."""
    records: dict[int, list[Any]] = {}
    for decision in contents.decisions:
        records.setdefault(_hash(decision.scope, decision.value), []).append(list(order_of(decision)))
    for exemption in contents.exemptions:
        records.setdefault(_hash(exemption.scope, exemption.value), []).append([exemption.scope, exemption.value])
    hashes = sorted(records)
    blobs = [json.dumps(records[h]).encode() for h in hashes]
    caps = {action.value: most for action, most in contents.caps.items()}
    scopes = sorted({d.scope for d in contents.decisions} | {e.scope for e in contents.exemptions})
    sections = (
        array("Q", hashes).tobytes(),
        array("Q", accumulate((len(blob) for blob in blobs), initial=0)).tobytes(),
        b"".join(blobs),
        array("Q", sorted({_hash(Scope.ACCOUNT, account) for account in contents.settled})).tobytes(),
        json.dumps([(act, follow_up_text(f)) for act, f in contents.follow_ups]).encode(),
        contents.indicators.encode(),
        json.dumps([scopes, caps, _worded(contents)]).encode(),
    )
    body = b"".join(section + bytes(-len(section) % 8) for section in sections)
    sizes = (len(section) for section in sections)
    header = _HEADER.pack(_MAGIC, sha256(body).digest(), contents.version, int(contents.made_at), *sizes)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, header + body)


def version_of(path: Path) -> int:
    """Give the version in a snapshot's header, without reading or checking the rest; -1 if there is no such file."""
    try:
        with path.open("rb") as source:
            head = source.read(_HEADER.size)
    except OSError:
        return -1
    return int(_HEADER.unpack(head)[2]) if len(head) == _HEADER.size and head[:8] == _MAGIC else -1


class Snapshot:
    """An open snapshot. It never changes; a newer one is another file.

    Raises:  ValueError: the file is no snapshot, was cut short or was changed; OSError: it cannot be read.
    """

    __slots__ = (
        "_begins", "_hashes", "_map", "_records", "_settled", "_worded", "caps", "follow_ups", "indicators", "made_at",
        "scopes", "version",
    )  # fmt: skip

    def __init__(self, path: Path) -> None:
        with path.open("rb") as source:
            self._map = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        whole = memoryview(self._map)
        if len(whole) < _HEADER.size or whole[:8] != _MAGIC:
            raise ValueError(f"{path}: not a snapshot of decisions")
        _, digest, self.version, self.made_at, *sizes = _HEADER.unpack_from(whole)
        if sha256(whole[_HEADER.size :]).digest() != digest:
            raise ValueError(f"{path}: the snapshot was cut short or changed")
        parts, at = [], _HEADER.size
        for size in sizes:
            parts.append(whole[at : at + size])
            at += size + -size % 8
        self._hashes, self._begins, self._records = parts[0].cast("Q"), parts[1].cast("Q"), parts[2]
        self._settled = parts[3].cast("Q")
        self.follow_ups = tuple((ActId(act), follow_up_of(text)) for act, text in json.loads(bytes(parts[4])))
        self.indicators = bytes(parts[5]).decode()
        scopes, caps, self._worded = json.loads(bytes(parts[6]))
        self.scopes: frozenset[str] = frozenset(scopes)
        self.caps: dict[str, int] = caps

    def __bool__(self) -> bool:
        """A snapshot without decisions is one, too."""
        return True

    def __len__(self) -> int:
        """How many scopes and values have a record."""
        return len(self._hashes)

    def look_up(self, targets: Iterable[Target], now: float) -> Found:
        """Give what holds for a request that shows these scopes and values; an exemption of who asks beats all, one of
        what is `CHOSEN` the orders about just that.
        """
        orders: list[Order] = []
        for scope, value in targets:
            if scope not in self.scopes:
                continue
            rows = self._rows(_hash(scope, value))
            if [scope, value] in rows:
                if scope not in CHOSEN:
                    return _EXEMPT
                continue
            held = (row for row in rows if len(row) > 2 and row[1] == scope and row[2] == value)
            orders += [Order(*row) for row in held if row[7] <= now < row[8]]
        return Found(exempt=False, orders=tuple(orders)) if orders else NOTHING

    def telling(self, traits: Iterable[Trait]) -> Iterable[Trait]:
        """Give the traits that say something about who sends them: not what a request chooses and is exempt."""
        if CHOSEN.isdisjoint(self.scopes):
            return traits
        return (trait for trait in traits if not self._exempts(trait.kind, trait.value))

    def _exempts(self, scope: str, value: str) -> bool:
        return scope in CHOSEN and scope in self.scopes and [scope, value] in self._rows(_hash(scope, value))

    def decides_on_words(self, now: float) -> bool:
        """Whether some scaffold is more than watched: a simulated decision, or one that an exemption beats, is not."""
        return any(start <= now < end for start, end in self._worded)

    def links_by_words(self) -> bool:
        """Whether more than watching follows for a fresh account that is seen to continue a campaign."""
        return any(f.approval is not None and f.action is not Action.WATCH for _, f in self.follow_ups)

    def settled(self, account: str) -> bool:
        """Whether an account was there before the known campaigns were learnt, so that it is not fresh."""
        wanted = _hash(Scope.ACCOUNT, account)
        at = bisect_left(self._settled, wanted)
        return at < len(self._settled) and self._settled[at] == wanted

    def orders(self) -> Iterator[Order]:
        """Give every order that no exemption of the same value beats, whenever it holds."""
        for at in range(len(self._hashes)):
            rows = self._read(at)
            exempt = {tuple(row) for row in rows if len(row) == 2}
            yield from (Order(*row) for row in rows if len(row) > 2 and (row[1], row[2]) not in exempt)

    def _rows(self, wanted: int) -> list[Any]:
        at = bisect_left(self._hashes, wanted)
        return self._read(at) if at < len(self._hashes) and self._hashes[at] == wanted else []

    def _read(self, at: int) -> list[Any]:
        rows: list[Any] = json.loads(bytes(self._records[self._begins[at] : self._begins[at + 1]]))
        return rows


def order_of(decision: Decision) -> Order:
    """Give a decision as it is served."""
    return Order(
        decision.decision_id,
        decision.scope.value,
        decision.value,
        decision.action.value,
        decision.reason_code,
        decision.campaign_id,
        decision.bits,
        decision.start.timestamp(),
        decision.end.timestamp(),
        decision.requests,
        decision.message,
        decision.enforced,
    )


def _worded(contents: Contents) -> list[tuple[float, float]]:
    """Give the spans of time in which enforced decisions about scaffolds do more than watch; each span once."""
    exempt = {e.value for e in contents.exemptions if e.scope is Scope.SCAFFOLD}
    return sorted(
        {
            (d.start.timestamp(), d.end.timestamp())
            for d in contents.decisions
            if d.scope is Scope.SCAFFOLD and d.enforced and d.action is not Action.WATCH and d.value not in exempt
        }
    )


def _hash(scope: str, value: str) -> int:
    return int.from_bytes(blake2b(f"{scope}\0{value}".encode("utf-8", "surrogatepass"), digest_size=8).digest())
