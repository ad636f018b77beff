"""From accounts found together to campaigns: the other three questions, the verdict, and what a reader wants to see.

In: `Found` and the tables of the run. Out: `Campaign` values and the table of taken exchanges.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import leaked, taking
from stillwatch.decide import decide
from stillwatch.engine import Engine
from stillwatch.hidden import Policy, Population, judge_hidden, member_models, population
from stillwatch.pipeline import pointers, views
from stillwatch.pipeline.behaviour import Behaviour
from stillwatch.pipeline.counting import Afresh, Counting, Grouped
from stillwatch.pipeline.coursing import course_of
from stillwatch.pipeline.intake import Intake
from stillwatch.profile import Profiles
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import MEMBERS, SCAFFOLDS, TAKEN
from stillwatch.together import FoundCampaign, shared_networks
from stillwatch.types import (
    TARGETS,
    AccountId,
    Campaign,
    CampaignId,
    Evidence,
    Leak,
    Member,
    Pool,
    SharedTrait,
    TraitKind,
    Verdict,
)

Mask = npt.NDArray[np.bool_]
_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatch)

ANSWERED = Grouped(
    "all",
    taking.ANSWERED_KEYS,
    taking.answered_totals,
    taking.ANSWERED_SUMS,
    taking.ANSWERED_LEAST,
    taking.ANSWERED_MOST,
)

_DIGEST_DIGITS = 32  # of sixteen
_NUMBER_SHIFT = 4 * _DIGEST_DIGITS - 63  # leaves of a digest what a signed 64-bit column holds
_INDICATOR_LIFT = 8.0  # a trait is an indicator when members show it this many times as often as strangers


@dataclass(frozen=True, slots=True)
class Judged:
    """campaigns, and the exchanges counted as taken (None when there is no campaign).

    taken: an expression over the engine's `matched_exchanges`, worked out at each use; campaigns are numbers there,
    places in their sorted ids, by which engines group and sort far faster; names: ids in the order in which the
    campaigns were found; pools: which of them share networks.
    """

    campaigns: tuple[Campaign, ...]
    taken: ir.Table | None
    names: tuple[CampaignId, ...] = ()
    pools: tuple[Pool, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What the run knows beside the campaigns themselves."""

    intake: Intake
    behaviour: Behaviour
    seen_columns: frozenset[str]
    policy: Policy
    settings: Settings
    kept_ids: Mapping[int, CampaignId] = field(default_factory=dict)  # by place of a campaign that goes on: its id
    accused: Mask | None = None  # accounts of campaigns accused before: members or not, they are no ordinary customers
    standing: Mapping[CampaignId, Verdict] = field(
        default_factory=dict
    )  # of campaigns accused before and stopped since


@dataclass(frozen=True, slots=True)
class Others:
    """Everybody else, whom a campaign is judged against: accounts, models used by members, counted exchanges."""

    population: Population
    models: pa.Table | None
    counts: taking.Counts
    silent: taking.Silent | None
    course: taking.Course


def judge(engine: Engine, case: Case, found: Sequence[FoundCampaign]) -> Judged:
    """Answer the remaining questions for every campaign found."""
    if not found:
        return Judged((), None)
    names = [case.kept_ids.get(n) or _campaign_id(case.behaviour, campaign) for n, campaign in enumerate(found)]
    named = dict(zip(names, found, strict=True))
    belong = _members(case.behaviour, named)
    members = engine.adopt(belong, MEMBERS.name)
    counting = case.intake.counting or Afresh(engine, case.intake.sketched)
    taken = _taken(engine, case, belong, _scaffolds(named))
    neither = _accused_before(engine, case, found)
    sketched, totals = (
        _without(rows, neither) for rows in (case.intake.sketched, counting.grouped("answered", ANSWERED))
    )
    accounts = engine.keep(taking.compared(totals, members), "compared_accounts")
    compared = sketched.semi_join(accounts, "account_key")
    tasks, numbers = campaign_tasks(engine, counting, compared, belong)
    parts, repeats = (engine.run(count(tasks)) for count in (taking.unit_parts, taking.unit_multiplicities))
    unit_totals = engine.run(taking.unit_totals(totals.semi_join(accounts, "account_key"), members))
    counts = taking.counts(unit_totals, _named_units(parts, numbers), _named_units(repeats, numbers))
    silent = taking.silent(engine.run(taking.unit_hours(sketched, members))) if counts.wordless else None
    course = course_of(engine, sketched, totals, members, case.settings.releases)
    models = engine.run(member_models(sketched, members)) if case.policy.names_models else None
    others = Others(population(case.behaviour.table), models, counts, silent, course)
    view = views.views(engine, sketched, members, taken, named)
    shown = pointers.samples(engine, sketched, case.behaviour, named)
    campaigns = [_campaign(case, name, campaign, others, view) for name, campaign in named.items()]
    campaigns = [replace(c, evidence=pointers.pointed(c.evidence, shown[c.campaign_id])) for c in campaigns]
    pools = shared_networks(case.behaviour.accounts, {name: campaign.rows for name, campaign in named.items()})
    ordered = sorted(campaigns, key=lambda c: (-c.taking_exchanges, -len(c.members), c.campaign_id))
    return Judged(tuple(ordered), taken, tuple(named), pools)


def _accused_before(engine: Engine, case: Case, found: Sequence[FoundCampaign]) -> ir.Table | None:
    """The accounts that are neither members nor ordinary customers, None where there are none: (account_key)."""
    if case.accused is None:
        return None
    neither = case.accused.copy()
    for campaign in found:
        neither[campaign.rows] = False
    keys = pa.table({"account_key": case.behaviour.profiles.keys[neither]})
    return engine.adopt(keys, "accused_before") if len(keys) else None


def _without(rows: ir.Table, accounts: ir.Table | None) -> ir.Table:
    return rows if accounts is None else rows.anti_join(accounts, "account_key")


def listed(engine: Engine, judged: Judged, profiles: Profiles) -> Iterator[pa.RecordBatch]:
    """Give the taken exchanges as they are reported, in an order that does not change between runs.

    Names are looked up as they come out, so that they are not carried through the sort.
    """
    if judged.taken is None:
        return
    names, targets = pa.array(sorted(judged.names), pa.string()), pa.array(map(str, TARGETS), pa.string())
    rows = judged.taken.select("account_key", *(name for name in TAKEN.names if name != "account_id"))
    for batch in engine.stream(rows.order_by("campaign_id", "exchange_id")):
        named = {
            "campaign_id": names.take(batch["campaign_id"]),
            "account_id": profiles.ids.take(pa.array(profiles.rows_of(batch["account_key"].to_numpy()))),
            "target": targets.take(batch["target"]),
        }
        yield pa.RecordBatch.from_pydict({name: named[name] if name in named else batch[name] for name in TAKEN.names})


def _taken(engine: Engine, case: Case, belong: pa.Table, marks: pa.Table) -> ir.Table:
    """Give the taken exchanges, campaigns as places in their sorted ids: see `Judged.taken`."""
    names = pc.unique(belong["campaign_id"]).sort()
    members, scaffolds = (
        engine.adopt(_called(table, pc.index_in(table["campaign_id"], names).cast(pa.int64())), f"numbered_{name}")
        for name, table in ((MEMBERS.name, belong), (SCAFFOLDS.name, marks))
    )
    matched = engine.keep(taking.matched(case.intake.sketched, members, scaffolds), "matched_exchanges")
    return taking.taken(matched, engine.keep(taking.marked(matched), "marked"))


def _called(rows: _Rows, campaigns: pa.Array | pa.ChunkedArray) -> _Rows:
    """The same rows with other names, or numbers, of their campaigns."""
    return rows.set_column(rows.schema.get_field_index("campaign_id"), "campaign_id", campaigns)


def campaign_tasks(
    engine: Engine, counting: Counting, compared: ir.Table, belong: pa.Table
) -> tuple[ir.Table, Mapping[int, CampaignId]]:
    """Count the tasks of campaigns, which stay the same accounts from look to look, and of strangers, who do not.

    A campaign is counted under a number made of its accounts: its name changes with its words, too.

    Args:    belong: rows of `tables.MEMBERS`.
    Returns: `taking.task_counts`, and the names of the numbers there.
    """
    names: dict[int, CampaignId] = {}
    accounts = belong.group_by("campaign_id").aggregate([("account_key", "list")]).sort_by("campaign_id")
    for name, keys in zip(accounts["campaign_id"].to_pylist(), accounts["account_key_list"], strict=True):
        number = int(_digest(pa.table({"account_key": keys.values})), 16) >> _NUMBER_SHIFT
        while number in names:  # two campaigns of the same accounts
            number += 1
        names[number] = name
    numbers = pa.array(list(names)).take(pc.index_in(belong["campaign_id"], pa.array(list(names.values()))))
    members = engine.adopt(_called(belong, numbers), "members_by_accounts")

    def of_members(rows: ir.Table) -> ir.Table:
        return taking.task_counts(rows.semi_join(members, "account_key"), members)

    by = _digest(pa.table({"number": list(names)}))
    own = counting.grouped("tasks", Grouped(by, taking.TASK_KEYS, of_members, taking.TASK_SUMS, taking.TASK_LEAST))
    strangers = taking.task_counts(compared.anti_join(members, "account_key"), members)
    kept = engine.keep(strangers, "strangers_tasks")
    return ibis.union(*(part.cast(strangers.schema()) for part in (own, kept))), names  # sums may be wider


def _named_units(units: pa.Table, names: Mapping[int, CampaignId]) -> pa.Table:
    called = {taking.STRANGER: "", **names}
    return _called(units, pa.array([called[number] for number in units["campaign_id"].to_pylist()], pa.string()))


def _campaign(case: Case, name: CampaignId, found: FoundCampaign, others: Others, view: views.Views) -> Campaign:
    members = _member_values(case.behaviour, found, view.taking_exchanges[name])
    taken_exchanges = sum(view.targets[name].values())
    takers_fraction = sum(member.taking_exchanges > 0 for member in members) / len(members)
    finding = taking.judge_taking(others.counts, name, taken_exchanges, case.settings, others.silent, takers_fraction)
    course, course_missing = taking.judge_course(others.course, name)
    hidden, hidden_evidence, hidden_missing = judge_hidden(
        others.population,
        [member.account_id for member in members],
        case.seen_columns,
        case.settings,
        case.policy,
        models=_of(others.models, name),
    )
    traits = tuple(replace(t, label=view.labels.get(t.trait.value, t.label)) for t in found.traits)
    return Campaign(
        campaign_id=name,
        verdict=case.standing.get(name) or decide("yes", hidden.answer, finding.answer),
        together_bits=found.together_bits,
        taking_bits=finding.bits,
        hidden=hidden,
        taking=finding.answer,
        members=members,
        exchanges=sum(member.exchanges for member in members),
        taking_exchanges=taken_exchanges,
        first_seen=min(member.first_seen for member in members),
        last_seen=max(member.last_seen for member in members),
        targets=taking.target_shares(view.targets[name]),
        evidence=(*found.evidence, *hidden_evidence, *finding.evidence, *course, *_stands(case, name)),
        leak=_leak(case, name, view),
        indicators=tuple(_indicators(case, found, traits)),
        traits=traits,
        timeline=view.timeline[name],
        examples=tuple(view.examples[name]),
        not_evaluated=(*hidden_missing, *finding.not_evaluated, *course_missing),
    )


def _of(models: pa.Table | None, name: CampaignId) -> pa.Table | None:
    return None if models is None else models.filter(pc.equal(models["campaign_id"], name))


def _stands(case: Case, name: CampaignId) -> Iterator[Evidence]:
    if name in case.standing:
        claim = f"Accused as {case.standing[name]} before, and most members were not seen since: that verdict stands."
        yield Evidence("verdict before", "taking", 0.0, claim)


def _leak(case: Case, name: CampaignId, view: views.Views) -> Leak:
    return leaked.leak(view.volumes[name], view.unique_tasks[name], case.settings.prices)


def _campaign_id(behaviour: Behaviour, found: FoundCampaign) -> CampaignId:
    """Name a campaign by its members and scaffolds: the same in every run, order and engine."""
    ids = sorted(behaviour.profiles.ids.take(pa.array(found.rows)).to_pylist())
    digest = hashlib.sha256("\n".join([*ids, "", *map(str, found.scaffolds)]).encode())
    return CampaignId(f"c-{digest.hexdigest()[:12]}")


def _member_values(behaviour: Behaviour, found: FoundCampaign, taking_exchanges: dict[int, int]) -> tuple[Member, ...]:
    profiles = behaviour.profiles
    ids = profiles.ids.take(pa.array(found.rows)).to_pylist()
    members = [
        Member(
            account_id=AccountId(account),
            bits=round(float(bits), 3),
            first_seen=datetime.fromtimestamp(int(profiles.first_second[row]), UTC),
            last_seen=datetime.fromtimestamp(int(profiles.last_second[row]), UTC),
            exchanges=int(profiles.exchanges[row]),
            taking_exchanges=taking_exchanges.get(int(profiles.keys[row]), 0),
            top_reasons=reasons,
        )
        for account, row, bits, reasons in zip(ids, found.rows, found.bits, found.reasons, strict=True)
    ]
    return tuple(sorted(members, key=lambda member: (-member.exchanges, member.account_id)))


def _members(behaviour: Behaviour, named: dict[CampaignId, FoundCampaign]) -> pa.Table:
    schema = arrow_schema(MEMBERS)
    parts = [
        pa.table([pa.array([name] * len(c.rows)), behaviour.profiles.keys[c.rows], c.bits], schema=schema)
        for name, c in named.items()
    ]
    return pa.concat_tables(parts)


def _scaffolds(named: dict[CampaignId, FoundCampaign]) -> pa.Table:
    rows = [(name, value) for name, campaign in named.items() for value in campaign.scaffolds]
    columns = [pa.array([name for name, _ in rows], pa.string()), pa.array([value for _, value in rows], pa.int64())]
    return pa.table(columns, schema=arrow_schema(SCAFFOLDS))


def _digest(table: pa.Table) -> str:
    """Hash the rows of a table, in whatever order they come."""
    ordered = table.sort_by([(name, "ascending") for name in table.column_names])
    return hashlib.sha256(repr(ordered.to_pydict()).encode()).hexdigest()[:_DIGEST_DIGITS]


def _indicators(case: Case, found: FoundCampaign, traits: Sequence[SharedTrait]) -> Iterator[str]:
    """Traits that mark this campaign and hardly anybody else, for the next defender."""
    strangers = max(len(case.behaviour.profiles) - len(found.rows), 1)
    for shared in traits:
        background = (shared.strangers + 1) / (strangers + 1)
        if (
            shared.trait.kind is not TraitKind.ORGANISATION
            and shared.members / len(found.rows) >= _INDICATOR_LIFT * background
        ):
            yield f"{shared.trait.kind}: {shared.label}"
