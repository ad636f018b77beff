"""What each customer did, and when: the counts that the tests of a harvest's course read.

In: `sketched` and `members`. Out: expressions. A customer is a campaign, else a declared organisation, else an account:
whoever decides for its accounts counts once. Only answered exchanges count. Every result is bounded by customers.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from stillwatch.settings import Release
from stillwatch.taking.units import answered

CUSTOMER_EXCHANGES = 20  # answered exchanges; fewer show no course
MOST_CUSTOMERS = 20_000  # account keys are hashes, so the lowest are a random sample; more would add no bits
BLOCK_SECONDS = 6 * 3_600
DAY_SECONDS = 86_400
BEFORE_SECONDS = 7 * DAY_SECONDS  # what a customer used before a release: the week before, its weekend included
AFTER_HOURS = (2, 6, 24)  # after a release: the earliest useful moment, and the day within which campaigns moved
LONGEST_WORDS = 2_000  # of a prompt: one pasted book must not decide a day's mean


def customers(totals: ir.Table, members: ir.Table) -> ir.Table:
    """Name the customer of each account: (account_key, customer, accused, exchanges, first_second, last_second).

    Args:    totals: `units.answered_totals`.
    """
    belongs = members.group_by(member_key=members.account_key).agg(campaign_id=lambda t: t.campaign_id.min())
    joined = totals.left_join(belongs, totals.account_key == belongs.member_key)
    declared = ibis.coalesce(ibis.literal("o:").concat(joined.org_id), ibis.literal("a:").concat(joined.account_id))
    return joined.select(
        "account_key",
        "exchanges",
        "first_second",
        "last_second",
        customer=ibis.coalesce(joined.campaign_id, declared),
        accused=joined.campaign_id.notnull(),
    )


def chosen(people: ir.Table) -> ir.Table:
    """Keep the accounts of every campaign, and of a random sample of the other customers with enough exchanges."""
    sizes = people.group_by("customer", "accused").agg(
        total=lambda t: t.exchanges.sum(), key=lambda t: t.account_key.min()
    )
    others = sizes.filter(~sizes.accused & (sizes.total >= CUSTOMER_EXCHANGES))
    others = others.order_by("key").limit(MOST_CUSTOMERS).select("customer")
    return people.semi_join(ibis.union(others, sizes.filter(sizes.accused).select("customer")), "customer")


def block_counts(sketched: ir.Table, people: ir.Table) -> ir.Table:
    """Count each customer's exchanges in blocks of six hours: (customer, accused, block, exchanges)."""
    rows = _theirs(sketched, people)
    return rows.group_by("customer", "accused", block=rows.second // BLOCK_SECONDS).agg(exchanges=lambda t: t.count())


def spans(people: ir.Table) -> ir.Table:
    """Count each customer's accounts by the blocks of first and last exchange: (customer, first, last, accounts)."""
    first, last = (people[name] // BLOCK_SECONDS for name in ("first_second", "last_second"))
    return people.group_by("customer", first=first, last=last).agg(accounts=lambda t: t.count())


def release_counts(sketched: ir.Table, people: ir.Table, releases: Sequence[Release]) -> ir.Table:
    """Count each customer's exchanges around each release, and those with the released model.

    Returns: (release, customer, accused, before, new_before, and after_2, new_2 ... for each of `AFTER_HOURS`).
    """
    rows = _theirs(sketched, people)
    return ibis.union(*(_around(rows, number, release) for number, release in enumerate(releases)))


def grading_days(sketched: ir.Table, people: ir.Table) -> ir.Table:
    """Add up the length of each customer's grading prompts by day and opening words.

    Returns: (customer, accused, head_hash, day, prompts, words).
    """
    rows = _theirs(sketched, people)
    rows = rows.filter(rows.judges & rows.prompt_words.notnull())
    words = ibis.least(rows.prompt_words.cast("int64"), ibis.literal(LONGEST_WORDS, "int64"))
    return (
        rows.mutate(words=words)
        .group_by("customer", "accused", "head_hash", day=rows.second // DAY_SECONDS)
        .agg(prompts=lambda t: t.count(), words=lambda t: t.words.sum())
    )


def _theirs(sketched: ir.Table, people: ir.Table) -> ir.Table:
    return answered(sketched).inner_join(people.select("account_key", "customer", "accused"), "account_key")


def _around(rows: ir.Table, number: int, release: Release) -> ir.Table:
    moment = int(release.at.timestamp())
    near = rows.filter(rows.second.between(moment - BEFORE_SECONDS, moment + max(AFTER_HOURS) * 3_600 - 1))
    new = near.model.startswith(release.model)
    counted = {"before": near.second < moment}
    counted |= {"new_before": counted["before"] & new}
    for hours in AFTER_HOURS:
        within = (near.second >= moment) & (near.second < moment + hours * 3_600)
        counted |= {f"after_{hours}": within, f"new_{hours}": within & new}
    sums = {name: which.cast("int64").sum() for name, which in counted.items()}
    return near.group_by("customer", "accused").agg(**sums).mutate(release=ibis.literal(number, "int64"))
