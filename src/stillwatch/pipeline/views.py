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
from stillwatch.types import CampaignId, ExchangeId, HourCount, TraitKind

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
    """Count everything that is shown."""
    targets: dict[CampaignId, dict[str, int]] = defaultdict(dict)
    for row in engine.run(taking.target_counts(taken)).to_pylist():
        targets[row["campaign_id"]][row["target"]] = row["exchanges"]
    by_account: dict[CampaignId, dict[int, int]] = defaultdict(dict)
    for row in engine.run(taking.member_counts(taken)).to_pylist():
        by_account[row["campaign_id"]][row["account_key"]] = row["taking_exchanges"]
    volumes: dict[CampaignId, list[ModelVolume]] = defaultdict(list)
    for row in engine.run(leaked.leaked_volumes(taken)).to_pylist():
        volume = ModelVolume(row["model"], row["exchanges"], row["input_tokens"], row["output_tokens"])
        volumes[row["campaign_id"]].append(volume)
    tasks = engine.run(leaked.leaked_tasks(taken)).to_pylist()
    own = sketched.inner_join(members.select("campaign_id", "account_key"), "account_key")
    return Views(
        targets=targets,
        taking_exchanges=by_account,
        volumes={name: sorted(rows, key=lambda v: v.model) for name, rows in volumes.items()} | _empty(named, volumes),
        unique_tasks=defaultdict(int, {row["campaign_id"]: row["unique_tasks"] for row in tasks}),
        timeline=_timeline(engine, own),
        examples=_examples(engine, own),
        labels=_labels(engine, sketched, named),
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


def _examples(engine: Engine, own: ir.Table) -> Mapping[CampaignId, list[tuple[ExchangeId, str]]]:
    """One exchange for each of the commonest openings, the smallest id of each."""
    worded = own.filter(own.has_text & own.excerpt.notnull())
    openings = worded.group_by("campaign_id", "head_hash").agg(
        times=lambda t: t.count(), exchange_id=lambda t: t.exchange_id.min()
    )
    window = ibis.window(group_by="campaign_id", order_by=[openings.times.desc(), openings.exchange_id])
    ranked = openings.mutate(place=ibis.row_number().over(window))
    chosen = ranked.filter(ranked.place < _EXAMPLES).select("campaign_id", "exchange_id", "place")
    worded = worded.select("campaign_id", "exchange_id", "excerpt")
    rows = engine.run(worded.inner_join(chosen, ["campaign_id", "exchange_id"]))
    examples: dict[CampaignId, list[tuple[ExchangeId, str]]] = defaultdict(list)
    for row in rows.sort_by([("campaign_id", "ascending"), ("place", "ascending")]).to_pylist():
        examples[row["campaign_id"]].append((row["exchange_id"], row["excerpt"]))
    return examples


def _labels(engine: Engine, sketched: ir.Table, named: Mapping[CampaignId, FoundCampaign]) -> dict[str, str]:
    """An excerpt of a prompt that carries each shown scaffold."""
    shown = sorted(_shown_hashes(named.values()))
    if not shown:
        return {}
    parts = []
    for column in SCAFFOLD_COLUMNS:
        rows = sketched.filter(sketched[column].isin(shown) & sketched.excerpt.notnull())
        parts.append(rows.group_by(value=rows[column]).agg(excerpt=lambda t: t.excerpt.min()))
    rows = engine.run(ibis.union(*parts)).sort_by([("value", "ascending"), ("excerpt", "descending")])
    return {str(row["value"]): f"“{row['excerpt'][:80]}”" for row in rows.to_pylist()}


def _shown_hashes(found: Iterable[FoundCampaign]) -> set[int]:
    kinds = (TraitKind.SCAFFOLD, TraitKind.SYSTEM_PROMPT)
    return {int(s.trait.value) for campaign in found for s in campaign.traits if s.trait.kind in kinds}
