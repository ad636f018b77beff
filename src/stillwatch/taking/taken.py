"""Which exchanges were taken, and for which capability.

In: `sketched`, `members` and `tables.SCAFFOLDS` (campaign_id, value). Out: expressions: `matched`, members' exchanges
with the words that they carry; `marked`, those counted; `taken`, which of them were taken, by the counts; and counts of
what was taken.
Rule A: an exchange is taken if it carries a scaffold of its campaign, in whatever column. Rule B: if it is of a kind
that the exchanges with those words are of, and likelier harvest than a customer's (`kinds`). Rule C, for campaigns with
hardly any words, where rule B has nothing to learn from: if it opens a conversation and aims at a capability.
Unanswered exchanges are never taken.
"""

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from stillwatch.taking.kinds import FEWEST_WORDED, harvest_kinds, kind_of
from stillwatch.taking.units import answered
from stillwatch.types import TARGETS, Target, TargetShare

# The order in which an exchange is assigned to a stream of equal scaffolds: the most specific words first.
SCAFFOLD_COLUMNS = (
    "head_hash",
    "tail_hash",
    "any_hash_0",
    "any_hash_1",
    "any_hash_2",
    "any_hash_3",
    "system_hash",
)
SHINGLE_COLUMNS = tuple(name for name in SCAFFOLD_COLUMNS if name.startswith("any_"))
COVERAGE_DIVISOR = 5  # rule C is for campaigns whose scaffolds cover less than one exchange in five
STREAM_MAJORITY = (3, 5)  # share of a stream's votes that makes its target that of all its exchanges
SHOWN_SHARE_FRACTION = 0.01  # smaller targets are classifier noise
_VOTE_SCALE = 1000  # votes are summed as whole thousandths: sums of floats differ between engines
_COPIED = ("account_key", "exchange_id", "model", "task_hash", "input_tokens", "output_tokens")
_JUDGED = ("kind", "turn", "target", "target_fraction")
_BARE = -1  # the stream of exchanges without a campaign's words


def matched(sketched: ir.Table, members: ir.Table, scaffolds: ir.Table) -> ir.Table:
    """Name the campaign of each member's answered exchange, and the scaffold column and value it carries, if any.

    As large as what campaigns asked, so keep it.

    Returns: (campaign_id, stream, stream_value, kind, turn, target, target_fraction, `_COPIED`, any_hash_*).
    """
    rows = answered(sketched)
    belongs = members.select("campaign_id", "account_key").distinct()
    rows = rows.mutate(kind=kind_of(rows)).select(*_COPIED, *_JUDGED, *SCAFFOLD_COLUMNS)
    rows = rows.inner_join(belongs, "account_key")
    known = scaffolds.filter(scaffolds["value"] != 0).select("campaign_id", "value").distinct()
    for index, column in enumerate(SCAFFOLD_COLUMNS):
        shared = known.select(**{f"owner_{index}": known.campaign_id, f"shared_{index}": known["value"]})
        same = (rows.campaign_id == shared[f"owner_{index}"]) & (rows[column] == shared[f"shared_{index}"])
        rows = rows.left_join(shared, same)
    carried = [rows[f"shared_{index}"] for index in range(len(SCAFFOLD_COLUMNS))]
    stream = ibis.cases(*((value.notnull(), index) for index, value in enumerate(carried)))
    named = rows.mutate(stream=stream.cast("int64"), stream_value=ibis.coalesce(*carried))
    return named.select("campaign_id", *_COPIED, *_JUDGED, *SHINGLE_COLUMNS, "stream", "stream_value")


def marked(matched_rows: ir.Table) -> ir.Table:
    """Count members' answered exchanges by the words they carry, their kind and target.

    Votes are how sure the targets are, in thousandths; `stream` is -1 and `stream_value` 0 without words.

    Returns: (campaign_id, stream, stream_value, kind, target, exchanges, votes). Keep it.
    """
    rows = matched_rows.mutate(
        stream=matched_rows.stream.fill_null(_BARE),
        stream_value=matched_rows.stream_value.fill_null(0),
        vote=(matched_rows.target_fraction.cast("float64") * _VOTE_SCALE).round().cast("int64").fill_null(0),
        target=matched_rows.target.cast("int64"),
    )
    keys = ("campaign_id", "stream", "stream_value", "kind", "target")
    return rows.group_by(*keys).agg(exchanges=lambda t: t.count(), votes=lambda t: t.vote.sum().cast("int64"))


def taken(matched_rows: ir.Table, counted: ir.Table) -> ir.Table:
    """Give the taken exchanges of each campaign.

    Args:    counted: what `marked` gives for the same.
    Returns: (campaign_id, account_key, exchange_id, model, task_hash, input_tokens, output_tokens, target,
             target_fraction, scaffold, any_hash_*), one row an exchange and campaign; see `tables.TAKEN`. A target is
             its place in `TARGETS`: names take longer to group, sort and write.
    """
    joined = matched_rows.left_join(_stream_targets(counted), ["campaign_id", "stream", "stream_value"])
    joined = joined.mutate(decided=ibis.coalesce(joined.winner, joined.target.cast("int64")))
    joined = joined.inner_join(_coverage(counted), "campaign_id")
    likely = harvest_kinds(counted.mutate(worded=counted.stream != _BARE))
    joined = joined.left_join(likely, (joined.campaign_id == likely.owner) & (joined.kind == likely.likely))
    capable = (joined.target >= 0) & (joined.target != TARGETS.index(Target.OTHER))
    opening = joined.turn.isnull() | (joined.turn == 0)
    by_rule = joined.stream.notnull() | (capable & (joined.likely.notnull() | (joined.sparse & opening)))
    kept = joined.filter(by_rule)
    return kept.select(
        "campaign_id",
        *_COPIED,
        *SHINGLE_COLUMNS,
        target=_place(kept.decided),
        target_fraction=ibis.coalesce(kept.winner_fraction, kept.target_fraction.round(2).cast("float32")),
        scaffold=kept.stream_value,
    )


def taken_counts(taken_rows: ir.Table) -> ir.Table:
    """Count the taken exchanges and their tokens by member, target and model, for `target_counts` and others: keep it.

    Returns: (campaign_id, account_key, target, model, exchanges, input_tokens, output_tokens).
    """
    tokens = {name: taken_rows[name].sum().cast("int64") for name in ("input_tokens", "output_tokens")}
    return taken_rows.group_by("campaign_id", "account_key", "target", "model").agg(
        exchanges=taken_rows.count(), **tokens
    )


def target_counts(counted: ir.Table) -> ir.Table:
    """Count the taken exchanges by what they take: (campaign_id, target, exchanges)."""
    return counted.group_by("campaign_id", "target").agg(exchanges=lambda t: t.exchanges.sum().cast("int64"))


def member_counts(counted: ir.Table) -> ir.Table:
    """Count the taken exchanges by member: (campaign_id, account_key, taking_exchanges)."""
    keys = ("campaign_id", "account_key")
    return counted.group_by(*keys).agg(taking_exchanges=lambda t: t.exchanges.sum().cast("int64"))


def target_shares(exchanges: Mapping[str, int] | Iterable[tuple[str, int]]) -> tuple[TargetShare, ...]:
    """Give a campaign's targets with at least 1 % of what it took, the largest first.

    >>> [(share.target.value, share.exchanges) for share in target_shares({"coding": 995, "reasoning": 5})]
    [('coding', 995)]
    """
    counted = {Target(name): count for name, count in dict(exchanges).items()}
    total = sum(counted.values())
    shares = [TargetShare(target, count, count / total) for target, count in counted.items() if count]
    shown = [share for share in shares if share.share_fraction >= SHOWN_SHARE_FRACTION]
    return tuple(sorted(shown, key=lambda share: (-share.exchanges, share.target)))


def _stream_targets(counted: ir.Table) -> ir.Table:
    """Let each stream of equal words vote on its target; a system prompt is no stream, it serves many tasks."""
    words = counted.stream.between(0, SCAFFOLD_COLUMNS.index("system_hash") - 1)
    keys = ["campaign_id", "stream", "stream_value"]
    voting = counted.filter(words & (counted.target >= 0))
    votes = voting.group_by([*keys, "target"]).agg(votes=lambda t: t.votes.sum().cast("int64"))
    best = votes.group_by(keys).agg(most=lambda t: t.votes.max(), total=lambda t: t.votes.sum())
    share, whole = STREAM_MAJORITY
    clear = votes.inner_join(best.filter(best.most * whole >= best.total * share), keys)
    best = clear.filter(clear.votes == clear.most)
    return best.group_by(keys).agg(
        winner=lambda t: t.target.min().cast("int64"),
        winner_fraction=lambda t: (t.most.max() / t.total.max()).round(2).cast("float32"),
    )


def _coverage(counted: ir.Table) -> ir.Table:
    worded = (counted.stream != _BARE).ifelse(counted.exchanges, 0)
    covered = (
        counted.mutate(worded=worded)
        .group_by("campaign_id")
        .agg(carrying=lambda t: t.worded.sum().cast("int64"), exchanges=lambda t: t.exchanges.sum().cast("int64"))
    )
    return covered.select(
        "campaign_id",
        sparse=(covered.carrying * COVERAGE_DIVISOR < covered.exchanges) & (covered.carrying < FEWEST_WORDED),
    )


def _place(target: ir.IntegerColumn) -> ir.Value:
    """The place of a target; what has none is `other`."""
    return target.between(0, len(TARGETS) - 1).ifelse(target, TARGETS.index(Target.OTHER))
