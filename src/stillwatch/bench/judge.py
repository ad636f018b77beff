"""One detector against the truth, by every measure. READ FIRST in this folder.

In: `Truth` and the looks of one detector. Out: a `Judgement`.
"""

from collections.abc import Sequence

from stillwatch.bench.accuracy import (
    account_hits,
    declared_hits,
    exchange_hits,
    innocent_accounts_by_kind,
    innocents_by_kind,
)
from stillwatch.bench.aims import target_macro_f1
from stillwatch.bench.leaks import Look, lost_before
from stillwatch.bench.partition import account_partition_index, compare_campaigns
from stillwatch.bench.row import Judgement
from stillwatch.bench.truth import Truth


def judge(truth: Truth, looks: Sequence[Look]) -> Judgement:
    """Measure what the last look found, and what had gone before earlier ones spoke.

    Raises:  ValueError: there is no look.
    """
    if not looks:
        raise ValueError("a detector that never looked cannot be judged")
    found = max(looks, key=lambda look: look.until).found
    accounts, exchanges = account_hits(truth, found), exchange_hits(truth, found)
    campaigns = compare_campaigns(truth.owner, found.campaigns)
    innocents, lost = innocents_by_kind(truth, found), lost_before(truth, looks)
    return Judgement(
        accounts_true=accounts.true,
        accounts_accused=accounts.accused,
        account_precision_fraction=accounts.precision_fraction,
        account_recall_fraction=accounts.recall_fraction,
        exchange_precision_fraction=exchanges.precision_fraction,
        exchange_recall_fraction=exchanges.recall_fraction,
        exchanges_listed=found.exchanges is not None,
        campaigns_true=len(truth.operators),
        campaigns_found=campaigns.found,
        purity_fraction=campaigns.purity_fraction,
        splits=campaigns.splits,
        merges=campaigns.merges,
        adjusted_rand_index=account_partition_index(truth.owner, found.campaigns),
        declared_recall_fraction=declared_hits(truth, found).recall_fraction,
        innocents=sum(innocents.values()),
        innocents_by_kind=innocents,
        target_macro_f1=target_macro_f1(truth, found),
        looks=len(looks),
        taken_exchanges=lost.exchanges,
        leaked_first_exchanges=lost.first_exchanges,
        leaked_first_tasks=lost.first_tasks,
        leaked_whole_exchanges=lost.whole_exchanges,
        leaked_whole_tasks=lost.whole_tasks,
        leaked_first_fraction=lost.first_exchanges / lost.exchanges if lost.exchanges else None,
        exceedance={str(bits): counts for bits, counts in sorted((found.exceedance or {}).items())},
        innocent_accounts_by_kind=innocent_accounts_by_kind(truth),
    )
