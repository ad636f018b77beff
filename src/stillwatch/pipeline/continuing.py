"""Known campaigns that go on: they keep their id, and fresh accounts that continue them are named.

In: earlier reports, and what this run knows of its accounts. Out: `Continuing` before the campaigns are judged, and
what this run leaves for the next (`indicators.json`) after.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import known
from stillwatch.engine import Engine
from stillwatch.known import KnownCampaign
from stillwatch.pipeline.behaviour import Behaviour
from stillwatch.pipeline.joining import Named, elsewhere, kept_by, put_together
from stillwatch.profile import Profiles
from stillwatch.settings import Settings
from stillwatch.together import FoundCampaign
from stillwatch.together.membership import odds
from stillwatch.together.operators import seated_elsewhere
from stillwatch.together.returning import Returned, Sides, began_in_silence, returned
from stillwatch.together.trust import Trust
from stillwatch.types import (
    DISGUISED,
    AccountId,
    Campaign,
    CampaignId,
    Continuation,
    ContinuedAccount,
    Trait,
    TraitKind,
    Verdict,
)

Mask = npt.NDArray[np.bool_]

_YOUNG_SECONDS = 48 * 3600  # an account that began so shortly before the end cannot be told from a young member
_YOUNG_FRACTION = 1 / 3  # of the log's time, where that is less
_DECLARED: Mapping[TraitKind, str] = {
    TraitKind.PAYMENT: "payment_fingerprint",
    TraitKind.EMAIL_DOMAIN: "email_domain",
    TraitKind.EMAIL_SHAPE: "email_shape",
}


@dataclass(frozen=True, slots=True)
class Continuing:
    """campaigns: as found, each known one once, with the accounts named as continuing it; kept_ids: the known id, by
    place; suspects: accounts of known and found campaigns and those named, so that none of them counts as a stranger;
    accused: members of known campaigns that were accused, and those named; standing: by id, the verdict of those not
    seen since; of_found: by place of a found campaign, the place that it has here.
    """

    campaigns: tuple[FoundCampaign, ...]
    suspects: Mask
    kept_ids: Mapping[int, CampaignId] = field(default_factory=dict)
    continuation: Continuation | None = None
    accused: Mask | None = None
    standing: Mapping[CampaignId, Verdict] = field(default_factory=dict)
    of_found: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What this run sees: its engine, the `sketched` table, and its accounts."""

    engine: Engine
    sketched: ir.Table
    behaviour: Behaviour


def go_on(
    traffic: Traffic, found: Sequence[FoundCampaign], reports: Sequence[KnownCampaign], settings: Settings, trust: Trust
) -> Continuing:
    """Find known campaigns again and name the fresh accounts that continue them."""
    if not reports:
        nobody = np.zeros(len(traffic.behaviour.profiles), bool)
        return Continuing(tuple(found), _with(nobody, found), of_found=tuple(range(len(found))))
    profiles = traffic.behaviour.profiles
    ids, first, exchanges = profiles.ids, profiles.first_second, profiles.exchanges
    inside = [held_by(ids, campaign.members) for campaign in reports]
    followed = [n for n, campaign in enumerate(reports) if campaign.verdict in DISGUISED]
    fresh = {n: (first > reports[n].as_of.timestamp()) & ~inside[n] for n in followed}
    checked = np.any([*fresh.values(), np.zeros(len(ids), bool)], axis=0)
    suspects = _suspects(found, inside)
    index = known.index([_current(traffic.behaviour, reports[n], suspects) for n in followed])
    needed = known.needed_bits([reports[n] for n in followed], settings.continuing_false_fraction)
    passed = [replace(p, number=followed[p.number]) for p in _named(traffic, index, checked, needed)]
    passed = [p for p in passed if fresh[p.number][p.row]]
    outside = _with(suspects, found)
    accused = np.any([*(inside[n] for n in followed), np.zeros(len(ids), bool)], axis=0)
    for number in followed:
        seen = {p.row for p in passed}
        more = _returned(traffic.behaviour, inside[number], (accused, outside), trust, settings)
        passed += [Named(r.row, number, int(exchanges[r.row]), r.bits, r.reasons) for r in more if r.row not in seen]
    kept = kept_by(found, reports, inside, passed)
    named = [p for p in passed if not elsewhere(p, found, kept, reports)]
    joined = put_together(found, kept, reports, named, settings.minimum_accounts)
    for mask in (suspects, accused):
        mask[[name.row for name in named]] = True
    continuation = Continuation(
        known=tuple(campaign.campaign_id for campaign in reports),
        found_again=tuple(sorted(set(kept.values()))),
        accounts_checked=int(checked.sum()),
        false_fraction=settings.continuing_false_fraction,
        threshold_bits=round(min(needed, default=0.0), 3),
        accounts=tuple(_account(traffic.behaviour, name, reports) for name in named),
    )
    standing = {
        reports[n].campaign_id: reports[n].verdict for n in followed if _stopped(profiles, inside[n], reports[n])
    }
    kept_ids = {joined.of_place[place]: name for place, name in kept.items()}
    everybody = _with(suspects, joined.campaigns)
    return Continuing(joined.campaigns, everybody, kept_ids, continuation, accused, standing, joined.of_place)


def leave(  # noqa: PLR0913 - what the run found, and by what
    behaviour: Behaviour,
    campaigns: Sequence[Campaign],
    reports: Sequence[KnownCampaign],
    as_of: datetime,
    settings: Settings,
    *,
    trust: Trust,
    continued: Continuation | None,
) -> tuple[KnownCampaign, ...]:
    """Give what the next scan should know: this run's campaigns, and known ones that were not found again.

    Those are learnt anew, too, where fresh accounts continue them: an operator that words everything anew is known by
    its new words as soon as a few of its accounts are known by something else. Bits are of strangers, whoever the
    members are, so that an innocent account that was named makes nobody else look guiltier than strangers do.

    A stranger must be as surely none of the campaign as a member is surely one, and not so young that nobody
    can tell: a few of the operator's own accounts, too young to be found, would make its marks look common. Older
    strangers show more values than young ones, so leaving the young out makes nobody look guiltier.
    """
    earlier = {c.campaign_id: c for c in reports}
    now = {c.campaign_id: _found_now(c, earlier.get(c.campaign_id)) for c in campaigns}
    now |= {c.campaign_id: c for c in _grown(behaviour.profiles.ids, reports, continued) if c.campaign_id not in now}
    masks = {name: held_by(behaviour.profiles.ids, c.members) for name, c in now.items()}
    everybody = masks | {
        c.campaign_id: held_by(behaviour.profiles.ids, c.members) for c in reports if c.campaign_id not in masks
    }
    accusing = [everybody[name] for name, c in (earlier | now).items() if c.verdict in DISGUISED]
    nobody = np.zeros(len(behaviour.profiles), bool)
    neither = ~np.any([nobody, *accusing], axis=0) & _settled(behaviour)
    made = {}
    for name, campaign in now.items():
        inside = masks[name]
        sure = odds(behaviour.accounts, inside, ~inside, trust) <= -settings.membership_bits
        strangers = neither & ~inside & sure
        accuses = campaign.verdict in DISGUISED
        left = known.learn(behaviour.accounts.shown, inside, strangers) if accuses else known.Left((), ())
        made[name] = replace(
            campaign,
            as_of=as_of,
            accounts=int(inside.sum()),
            strangers=int(strangers.sum()),
            kinds=left.kinds,
            families=left.families,
        )
    return tuple((earlier | made).values())


def _found_now(campaign: Campaign, before: KnownCampaign | None) -> KnownCampaign:
    """A campaign of this run, known by all members that it ever had; what it leaves behind is not learnt yet."""
    return KnownCampaign(
        campaign_id=campaign.campaign_id,
        verdict=campaign.verdict,
        as_of=campaign.last_seen,
        first_seen=min(campaign.first_seen, before.first_seen) if before else campaign.first_seen,
        last_seen=max(campaign.last_seen, before.last_seen) if before else campaign.last_seen,
        members=frozenset(m.account_id for m in campaign.members) | (before.members if before else frozenset()),
        accounts=len(campaign.members),
        strangers=0,
        kinds=(),
        families=(),
    )


def _grown(ids: pa.Array, reports: Sequence[KnownCampaign], continued: Continuation | None) -> Iterator[KnownCampaign]:
    """Known campaigns with the accounts that were named as continuing them, where there are any; not those of which
    most members have left the log: what they left behind then is worth more than what the rest shows.
    """
    fresh: dict[CampaignId, list[ContinuedAccount]] = defaultdict(list)
    for account in continued.accounts if continued else ():
        fresh[account.campaign_id].append(account)
    for campaign in reports:
        more = fresh[campaign.campaign_id]
        if more and 2 * held_by(ids, campaign.members).sum() >= len(campaign.members):
            yield replace(
                campaign,
                members=campaign.members | {account.account_id for account in more},
                last_seen=max(campaign.last_seen, *(account.last_seen for account in more)),
            )


def _with(accounts: Mask, campaigns: Sequence[FoundCampaign]) -> Mask:
    """Accounts, and those of campaigns."""
    inside = accounts.copy()
    for campaign in campaigns:
        inside[campaign.rows] = True
    return inside


def _settled(behaviour: Behaviour) -> Mask:
    profiles = behaviour.profiles
    end, begin = int(profiles.last_second.max()), int(profiles.first_second.min())
    return np.asarray(profiles.first_second <= end - min(_YOUNG_SECONDS, (end - begin) * _YOUNG_FRACTION))


def held_by(ids: pa.Array, accounts: frozenset[AccountId]) -> Mask:
    """Which of these accounts are among those named, by row."""
    return np.asarray(pc.is_in(ids, value_set=pa.array(sorted(accounts), pa.string())).to_numpy(zero_copy_only=False))


def _stopped(profiles: Profiles, members: Mask, report: KnownCampaign) -> bool:
    """Whether most members were not seen since the report: nothing that they did can refute it."""
    return bool(np.mean(profiles.last_second[members] > report.as_of.timestamp()) < 0.5) if members.any() else False


def _current(behaviour: Behaviour, campaign: KnownCampaign, suspects: Mask) -> KnownCampaign:
    """The campaign without the values that long-standing innocent accounts show by now."""
    standing = (behaviour.profiles.first_second <= campaign.as_of.timestamp()) & ~suspects
    shown: dict[TraitKind, dict[str, int]] = {}
    for kind in campaign.kinds:
        part = behaviour.accounts.shown[kind.kind]
        counts = np.bincount(part.codes[standing[part.rows]], minlength=len(part.values))
        some = np.flatnonzero(counts)
        shown[kind.kind] = dict(zip(part.values.take(pa.array(some)).to_pylist(), counts[some].tolist(), strict=True))
    return known.publicised(campaign, shown, int(standing.sum()))


def _suspects(found: Sequence[FoundCampaign], inside: Sequence[Mask]) -> Mask:
    """Known members, and the accounts of found campaigns that consist mostly of them: no witnesses for innocence."""
    suspects: Mask = np.any(inside, axis=0)
    for campaign in found:
        if max(float(mask[campaign.rows].mean()) for mask in inside) > 0.5:
            suspects[campaign.rows] = True
    return suspects


def _named(traffic: Traffic, index: known.Index, checked: Mask, needed: Sequence[float]) -> Iterator[Named]:
    """Follow every fresh account through its first exchanges."""
    if not index.marks or not checked.any():
        return
    engine, behaviour = traffic.engine, traffic.behaviour
    fresh = engine.adopt(pa.table({"account_key": behaviour.profiles.keys[checked]}), "fresh_accounts")
    first = engine.keep(known.first_exchanges(traffic.sketched, fresh), "first_exchanges")
    wanted = pa.table({
        "kind": [str(trait.kind) for trait in index.marks], "value": [trait.value for trait in index.marks]
    })  # fmt: skip
    met = engine.run(known.met(first, engine.adopt(wanted, "known_values")))
    trails: dict[int, list[tuple[int, Trait]]] = defaultdict(list)
    rows = behaviour.profiles.rows_of(met["account_key"].to_numpy()).tolist()
    for row, kind, value, place in zip(
        rows, met["kind"].to_pylist(), met["value"].to_pylist(), met["place"].to_pylist(), strict=True
    ):
        trails[row].append((place, Trait(TraitKind(kind), value)))
    for row, trait in _declared(behaviour, index, checked):
        trails[row].append((1, trait))
    seats = behaviour.accounts.shown[TraitKind.ORGANISATION]
    of = dict(zip(seats.rows.tolist(), seats.values.take(pa.array(seats.codes)).to_pylist(), strict=True))
    for row in sorted(trails):
        organisation = of.get(row, "")
        passed = known.passed(index, trails[row], needed, organisation)
        if passed is not None:
            met_traits = [trait for _, trait in trails[row]]
            yield Named(row, *passed, known.reasons(index, passed[0], met_traits, organisation))


def _returned(
    behaviour: Behaviour, members: Mask, others: tuple[Mask, Mask], trust: Trust, settings: Settings
) -> Iterator[Returned]:
    """Who began after a known campaign had fallen silent, and behaves like it.

    Not tested are known members of accused campaigns, and seats of an organisation that is not the campaign's. To be in
    a group that was found and not accused is no alibi: the operator's fresh accounts soon are.

    Args:    others: known members of accused campaigns; and who is no stranger, members of all known and found ones.
    """
    if members.sum() < settings.minimum_accounts:
        return
    accused, outside = others
    late = began_in_silence(behaviour.accounts, members)
    newcomers = late & ~accused & ~seated_elsewhere(behaviour.accounts, members)
    strangers = ~late & ~outside & _settled(behaviour)
    signed_up = began_in_silence(behaviour.accounts, members, _signed_up(behaviour))
    classes = (newcomers & signed_up, newcomers & ~signed_up)
    yield from returned(
        behaviour.accounts, Sides(members, strangers, classes), trust, settings.false_discovery_fraction
    )


def _signed_up(behaviour: Behaviour) -> npt.NDArray[np.int64]:
    """When each account signed up, in seconds; long ago where nobody knows."""
    created: npt.NDArray[np.int64] = behaviour.table["created_at"].cast(pa.int64()).fill_null(0).to_numpy()
    return created // 1_000_000


def _declared(behaviour: Behaviour, index: known.Index, checked: Mask) -> Iterator[tuple[int, Trait]]:
    """What fresh accounts declared at sign-up, before their first exchange."""
    for kind, column in _DECLARED.items():
        values = [trait.value for trait in index.marks if trait.kind is kind]
        hit = pc.is_in(behaviour.table[column], value_set=pa.array(values, pa.string()))
        rows = np.flatnonzero(hit.to_numpy() & checked)
        for row, value in zip(rows.tolist(), behaviour.table[column].take(pa.array(rows)).to_pylist(), strict=True):
            yield row, Trait(kind, value)


def _account(behaviour: Behaviour, name: Named, reports: Sequence[KnownCampaign]) -> ContinuedAccount:
    profiles = behaviour.profiles
    return ContinuedAccount(
        account_id=AccountId(profiles.ids[name.row].as_py()),
        campaign_id=reports[name.number].campaign_id,
        first_seen=datetime.fromtimestamp(int(profiles.first_second[name.row]), UTC),
        last_seen=datetime.fromtimestamp(int(profiles.last_second[name.row]), UTC),
        exchanges=int(profiles.exchanges[name.row]),
        exchanges_until_named=name.exchanges,
        bits=name.bits,
        reasons=name.reasons,
    )
