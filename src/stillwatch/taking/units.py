"""What each campaign and each stranger asked, counted: the units that the harvest tests compare.

In: `sketched` and `members`. Out: expressions. A unit is a campaign (all its members pooled: its accounts are one
operator, hence one draw) or one account that is in no campaign. Only answered exchanges count: a refused request
takes nothing. Keep `compared` and `task_counts` with the engine; what the others give is bounded by accounts.
"""

import ibis
import ibis.expr.types as ir

from stillwatch.types import TARGETS, Target

SHORT_REPLY_TOKENS = 300  # a verdict with a reason fits; an answer that teaches a skill rarely does
STREAM_TASKS = 3  # distinct tasks under the same first (or last) words that make those words a scaffold
MOST_SAMPLES = 64  # re-asked more often than this is a monitor or a greeting, not sampling of answers
STRANGER_EXCHANGES = 20  # answered exchanges with text; shares of fewer say nothing about a habit
MOST_STRANGERS = 20_000  # account keys are hashes, so the lowest are a random sample; more would add no bits
PARTS = ("whole", "head", "tail")
STRANGER = -1  # the campaign of who is in none, where campaigns are numbers
ANSWERED_KEYS = ("account_key",)
ANSWERED_SUMS = ("exchanges", "texted")
ANSWERED_LEAST = ("account_id", "org_id", "first_second")
ANSWERED_MOST = ("last_second",)
TASK_KEYS = ("campaign_id", "account_key", "task_hash")
TASK_SUMS = ("exchanges", "single", "turned", "elicits", "judged")
TASK_LEAST = ("head_hash", "tail_hash", "target")
TARGET_COLUMNS = tuple(f"target_{target}" for target in TARGETS)
TASKLESS_TARGET = TARGETS.index(Target.OTHER)


def answered(sketched: ir.Table) -> ir.Table:
    """Keep the exchanges that were answered: HTTP status below 400, or none recorded."""
    return sketched.filter(sketched.status.isnull() | (sketched.status < 400))


def answered_totals(sketched: ir.Table) -> ir.Table:
    """Count each account's answered exchanges, those with a task beside them: bounded by accounts, whoever is a member.

    Returns: (account_key, account_id, org_id, exchanges, texted, first_second, last_second); see `ANSWERED_SUMS`.
    """
    rows = answered(sketched).mutate(texted=lambda t: _has_task(t).cast("int64"))
    return rows.group_by(*ANSWERED_KEYS).agg(
        account_id=lambda t: t.account_id.min(),
        org_id=lambda t: t.org_id.min(),
        exchanges=lambda t: t.count(),
        texted=lambda t: t.texted.sum().cast("int64"),
        first_second=lambda t: t.second.min(),
        last_second=lambda t: t.second.max(),
    )


def compared(totals: ir.Table, members: ir.Table) -> ir.Table:
    """List the accounts of campaigns and of the strangers that they are compared with: (account_key). Keep it.

    The other strangers need not be counted task by task.

    Args:    totals: `answered_totals`.
    """
    own = members.select("account_key").distinct()
    enough = totals.anti_join(own, "account_key").filter(totals.texted >= STRANGER_EXCHANGES).select("account_key")
    return ibis.union(own, enough.order_by("account_key").limit(MOST_STRANGERS))


def unit_totals(totals: ir.Table, members: ir.Table) -> ir.Table:
    """Add up the answered exchanges of each unit: (campaign_id, account_key, exchanges, texted).

    Args:    totals: `answered_totals`.
    """
    rows = with_units(totals.select("account_key", *ANSWERED_SUMS), members)
    sums = {name: rows[name].sum().cast("int64") for name in ANSWERED_SUMS}
    return rows.group_by("campaign_id", "account_key").agg(**sums)


def task_counts(sketched: ir.Table, members: ir.Table) -> ir.Table:
    """Count how each unit asked each of its tasks; one row a task, so as large as the log. Keep it."""
    rows = with_units(_with_task(answered(sketched)), members)
    short = rows.output_tokens.isnull() | (rows.output_tokens <= SHORT_REPLY_TOKENS)
    rows = rows.mutate(
        judged=(rows.judges & short).cast("int64"),
        elicits=rows.elicits_reasoning.cast("int64"),
        single=(rows.turn == 0).fill_null(False).cast("int64"),  # noqa: FBT003 - Ibis names no such argument
        turned=rows.turn.notnull().cast("int64"),
    )
    return rows.group_by(*TASK_KEYS).agg(
        **{name: rows[name].min() for name in TASK_LEAST},
        exchanges=lambda t: t.count(),
        **{name: rows[name].sum() for name in TASK_SUMS[1:]},
    )


def unit_parts(tasks: ir.Table) -> ir.Table:
    """Add up each unit three times: all of it, and its streams of many tasks under the same head or tail words.

    Returns: (campaign_id, account_key, part, exchanges, tasks, once, single, turned, elicits, judged, target_*).
    """
    parts = (
        _summed(tasks, "whole"),
        _summed(_stream(tasks, "head_hash"), "head"),
        _summed(_stream(tasks, "tail_hash"), "tail"),
    )
    return ibis.union(*parts)


def unit_multiplicities(tasks: ir.Table) -> ir.Table:
    """Count each unit's tasks by how often they were asked: (campaign_id, account_key, times, tasks)."""
    asked = tasks.filter(tasks.exchanges <= MOST_SAMPLES)
    counted = asked.group_by("campaign_id", "account_key", times=asked.exchanges).agg(tasks=lambda t: t.count())
    return counted.filter(counted.times >= 2)


def _with_task(rows: ir.Table) -> ir.Table:
    return rows.filter(_has_task(rows))


def _has_task(rows: ir.Table) -> ir.BooleanValue:
    return rows.has_text & (rows.task_hash != 0)


def with_units(rows: ir.Table, members: ir.Table) -> ir.Table:
    """Name the unit of each exchange: a campaign and key 0, or none ("", `STRANGER`) and the account's key."""
    belongs = members.select("campaign_id", member_key="account_key").distinct()
    joined = rows.left_join(belongs, rows.account_key == belongs.member_key)
    return joined.mutate(
        campaign_id=joined.campaign_id.fill_null("" if belongs.campaign_id.type().is_string() else STRANGER),
        account_key=ibis.ifelse(joined.campaign_id.isnull(), joined.account_key, ibis.literal(0, "int64")),
    )


def _stream(tasks: ir.Table, column: str) -> ir.Table:
    """Keep the tasks whose words recur: counted first, because nearly all words of most people are their own."""
    keys = ["campaign_id", "account_key", column]
    worded = tasks.filter(tasks[column] != 0)
    recurring = worded.group_by(keys).agg(same=lambda t: t.count())
    return worded.semi_join(recurring.filter(recurring.same >= STREAM_TASKS), keys)


def _summed(tasks: ir.Table, part: str) -> ir.Table:
    """Add up each unit's tasks."""
    sums = {name: tasks[name].sum() for name in TASK_SUMS}
    nothing = ibis.literal(0, "int64")
    targets = {
        name: tasks.target.cases((index, tasks.exchanges), else_=nothing).sum()
        for index, name in enumerate(TARGET_COLUMNS)
    }
    once = (tasks.exchanges == 1).cast("int64").sum()
    added = tasks.group_by("campaign_id", "account_key").agg(tasks=tasks.count(), once=once, **sums, **targets)
    return added.mutate(part=ibis.literal(part))
