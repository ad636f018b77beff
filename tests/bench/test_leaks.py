from stillwatch.bench import Found, Look, Truth
from stillwatch.bench.leaks import lost_before


def look(until: int, *accounts: str) -> Look:
    return Look(until, Found({"c": frozenset(accounts)} if accounts else {}))


def test_what_is_taken_by_the_look_that_flags_is_lost(truth: Truth) -> None:
    """A: three (two tasks) by 30, all five (four tasks) when a3 is flagged at 60; B: both, as b2 never is."""
    lost = lost_before(truth, [look(15, "i1"), look(30, "a1", "b1"), look(60, "a2", "a3")])
    assert (lost.first_exchanges, lost.first_tasks) == (3 + 1, 2 + 1)
    assert (lost.whole_exchanges, lost.whole_tasks) == (5 + 2, 4 + 2)
    assert lost.exchanges == 7


def test_an_operator_that_nobody_flags_loses_everything(truth: Truth) -> None:
    """Innocents accused do not stop it."""
    lost = lost_before(truth, [look(30, "i1"), look(60)])
    assert (lost.first_exchanges, lost.whole_exchanges) == (7, 7)


def test_an_account_flagged_once_stays_flagged(truth: Truth) -> None:
    """Its operator is whole when the last one has been, in whatever order the looks are given."""
    lost = lost_before(truth, [look(40, "a3", "b1", "b2"), look(30, "a1", "a2")])
    assert (lost.first_exchanges, lost.whole_exchanges) == (3 + 1, 4 + 1)
