from stillwatch.bench import Found, Truth
from stillwatch.bench.accuracy import account_hits, exchange_hits, innocent_accounts_by_kind, innocents_by_kind


def campaign(*accounts: str) -> dict[str, frozenset[str]]:
    return {"c": frozenset(accounts)}


def test_accounts_are_counted_once_however_many_campaigns_hold_them(truth: Truth) -> None:
    """Three of five guilty accounts and one innocent: precision 3/4, recall 3/5."""
    found = Found({"c": frozenset({"a1", "a2"}), "d": frozenset({"a2", "b1", "i1"})})
    hits = account_hits(truth, found)
    assert (hits.true, hits.accused, hits.right) == (5, 4, 3)
    assert (hits.precision_fraction, hits.recall_fraction) == (0.75, 0.6)


def test_nobody_accused_has_no_precision_and_nobody_guilty_no_recall(truth: Truth) -> None:
    """Nothing to divide by is not a zero."""
    nobody = account_hits(truth, Found({}))
    assert (nobody.precision_fraction, nobody.recall_fraction) == (None, 0.0)
    innocent = Truth(dict.fromkeys(truth.owner, ""), truth.kind, truth.exchanges.slice(0, 0))
    assert account_hits(innocent, Found(campaign("i1"))).recall_fraction is None


def test_a_detector_that_lists_no_exchange_accuses_all_of_its_accounts(truth: Truth) -> None:
    """a2 took one and covered one; probing counts neither for nor against."""
    hits = exchange_hits(truth, Found(campaign("a1", "a2")))
    assert (hits.true, hits.accused, hits.right) == (7, 4, 3)


def test_listed_exchanges_are_judged_one_by_one(truth: Truth) -> None:
    """e0 was taken, e3 was cover, e6 a probe, e9 an innocent's."""
    hits = exchange_hits(truth, Found(campaign("a1", "a2", "i1"), {"e0": "", "e3": "", "e6": "", "e9": ""}))
    assert (hits.true, hits.accused, hits.right) == (7, 3, 1)


def test_innocents_are_told_by_what_they_are(truth: Truth) -> None:
    """The guilty are left out."""
    assert innocents_by_kind(truth, Found(campaign("a1", "i1", "i2", "i3"))) == {"classroom": 2, "rag_backfill": 1}


def test_every_innocent_account_is_counted_by_what_it_is(truth: Truth) -> None:
    """Whoever accuses nobody is still told how many innocents there were."""
    counted = innocent_accounts_by_kind(truth)
    assert sum(counted.values()) == sum(owner == "" for owner in truth.owner.values())
    assert counted["rag_backfill"] == 1
