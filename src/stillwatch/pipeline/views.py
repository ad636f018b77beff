"""What the report shows of each campaign, counted by the engine in a few passes over all campaigns at once.

In: `sketched`, members and taken exchanges. Out: `Views`, small values by campaign.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import ibis.expr.types as ir

from stillwatch import leaked, taking
from stillwatch.engine import Engine
from stillwatch.leaked import ModelVolume
from stillwatch.taking import SCAFFOLD_COLUMNS
from stillwatch.together import FoundCampaign
from stillwatch.types import TARGETS, CampaignId, ExchangeId, HourCount, TraitKind

_EXAMPLES = 8  # excerpts shown for a campaign, of its commonest opening words


@dataclass(frozen=True, slots=True)
class Views:
    """By campaign: exchanges taken by target and by account key, volumes by model, unique tasks, hours, excerpts.

    labels: words of a scaffold by its hash.
    """

    targets: Mapping[CampaignId, dict[str, int]]
    taking_exchanges: Mapping[CampaignId, dict[int, int]]
    volumes: Mapping[CampaignId, list[ModelVolume]]
    unique_tasks: Mapping[CampaignId, int]
    timeline: Mapping[CampaignId, tuple[HourCount, ...]]
    examples: Mapping[CampaignId, list[tuple[ExchangeId, str]]]
    labels: Mapping[str, str]


def views(
    engine: Engine,
    sketched: ir.Table,
    members: ir.Table,
    taken: ir.Table,
    named: Mapping[CampaignId, FoundCampaign],
) -> Views:
    """Count everything that is shown.

    Args:    taken: its campaigns are numbers, places in their sorted ids.
    """
    names = sorted(named)
    counted = engine.keep(taking.taken_counts(taken), "taken_counts")
    targets: dict[CampaignId, dict[str, int]] = defaultdict(dict)
    for row in engine.run(taking.target_counts(counted)).to_pylist():
        targets[names[row["campaign_id"]]][TARGETS[row["target"]]] = row["exchanges"]
    by_account: dict[CampaignId, dict[int, int]] = defaultdict(dict)
    for row in engine.run(taking.member_counts(counted)).to_pylist():
        by_account[names[row["campaign_id"]]][row["account_key"]] = row["taking_exchanges"]
    volumes: dict[CampaignId, list[ModelVolume]] = defaultdict(list)
    for row in engine.run(leaked.leaked_volumes(counted)).to_pylist():
        volume = ModelVolume(row["model"], row["exchanges"], row["input_tokens"], row["output_tokens"])
        volumes[names[row["campaign_id"]]].append(volume)
    texts = engine.keep(leaked.leaked_texts(taken), "taken_texts")
    tasks = engine.run(leaked.leaked_tasks(texts)).to_pylist()
    own = sketched.inner_join(members.select("campaign_id", "account_key"), "account_key")
    opened = engine.run(_opened(own)).sort_by([("campaign_id", "ascending"), ("place", "ascending")]).to_pylist()
    carrying = _carrying(engine, sketched, _shown_hashes(named.values()))
    excerpts = _excerpts(engine, sketched, [*(row["exchange_key"] for row in opened), *carrying.values()])
    examples: dict[CampaignId, list[tuple[ExchangeId, str]]] = defaultdict(list)
    for row in opened:
        exchange, excerpt = excerpts[row["exchange_key"]]
        if excerpt is not None:
            examples[row["campaign_id"]].append((ExchangeId(exchange), excerpt))
    labels = {str(value): excerpts[key][1] for value, key in carrying.items()}
    return Views(
        targets=targets,
        taking_exchanges=by_account,
        volumes={name: sorted(rows, key=lambda v: v.model) for name, rows in volumes.items()} | _empty(named, volumes),
        unique_tasks=defaultdict(int, {names[row["campaign_id"]]: row["unique_tasks"] for row in tasks}),
        timeline=_timeline(engine, own),
        examples=examples,
        labels={value: f"“{excerpt[:80]}”" for value, excerpt in labels.items() if excerpt is not None},
    )


def _empty(
    named: Mapping[CampaignId, FoundCampaign], volumes: Mapping[CampaignId, list[ModelVolume]]
) -> dict[CampaignId, list[ModelVolume]]:
    return {name: [] for name in named if name not in volumes}


def _timeline(engine: Engine, own: ir.Table) -> Mapping[CampaignId, tuple[HourCount, ...]]:
    counted = own.group_by("campaign_id", hour=own.second // 3600).agg(exchanges=lambda t: t.count())
    hours: dict[CampaignId, list[HourCount]] = defaultdict(list)
    for row in engine.run(counted).sort_by([("campaign_id", "ascending"), ("hour", "ascending")]).to_pylist():
        moment = datetime.fromtimestamp(row["hour"] * 3600, UTC)
        hours[row["campaign_id"]].append(HourCount(moment, row["exchanges"]))
    return {name: tuple(rows) for name, rows in hours.items()}


def _opened(own: ir.Table) -> ir.Table:
    """Give an exchange for each of a campaign's commonest openings: (campaign_id, place, exchange_key)."""
    openings = (
        own.filter(own.has_text)
        .group_by("campaign_id", "head_hash")
        .agg(times=lambda t: t.count(), exchange_key=lambda t: t.exchange_key.min())
    )
    window = ibis.window(group_by="campaign_id", order_by=[openings.times.desc(), openings.exchange_key])
    ranked = openings.mutate(place=ibis.row_number().over(window))
    return ranked.filter(ranked.place < _EXAMPLES).select("campaign_id", "place", "exchange_key")


def _carrying(engine: Engine, sketched: ir.Table, shown: Iterable[int]) -> Mapping[int, int]:
    """Give by each scaffold that is shown an exchange that carries it."""
    wanted = sorted(shown)
    if not wanted:
        return {}
    parts = []
    for column in SCAFFOLD_COLUMNS:
        rows = sketched.filter(sketched[column].isin(wanted) & sketched.has_text)
        parts.append(rows.group_by(value=rows[column]).agg(exchange_key=lambda t: t.exchange_key.min()))
    found = engine.run(ibis.union(*parts).group_by("value").agg(exchange_key=lambda t: t.exchange_key.min()))
    return dict(zip(found["value"].to_pylist(), found["exchange_key"].to_pylist(), strict=True))


def _excerpts(engine: Engine, sketched: ir.Table, keys: Iterable[int]) -> Mapping[int, tuple[str, str]]:
    """Fetch the id and the excerpt of a few exchanges: excerpts are most of what lies on disk, so only here."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = sketched.filter(sketched.exchange_key.isin(wanted)).select("exchange_key", "exchange_id", "excerpt")
    return {row["exchange_key"]: (row["exchange_id"], row["excerpt"]) for row in engine.run(rows).to_pylist()}


def _shown_hashes(found: Iterable[FoundCampaign]) -> set[int]:
    kinds = (TraitKind.SCAFFOLD, TraitKind.SYSTEM_PROMPT)
    return {int(s.trait.value) for campaign in found for s in campaign.traits if s.trait.kind in kinds}
