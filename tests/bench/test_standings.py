from dataclasses import replace

from stillwatch.bench import (
    BenchRow,
    Found,
    Judgement,
    Look,
    Truth,
    breaking_points,
    broken_axes,
    exceedance_of,
    judge,
    standings_of,
)


def judged(truth: Truth, *accounts: str) -> Judgement:
    return judge(truth, [Look(60, Found({"c": frozenset(accounts)} if accounts else {}, None, {3: (10, 1)}))])


def row(judgement: Judgement | None, point: str = "", seed: int = 1, error: str = "") -> BenchRow:
    place = (("timing",), (point,)) if point else ((), ())
    return BenchRow("stillwatch", *place, seed, 2.0, 100, error, judgement)


def test_seeds_of_one_point_are_one_standing(truth: Truth) -> None:
    """Means over the runs that gave a result; the other's error is kept, and it counts in costs."""
    rows = [
        row(judged(truth, "a1", "a2", "a3", "b1", "b2"), "human"),
        row(judged(truth, "a1", "i1"), "human", 2),
        row(None, "human", 3, "took more than 5 seconds"),
    ]
    (standing,) = standings_of(rows)
    assert (standing.seeds, standing.errors) == (3, ("took more than 5 seconds",))
    assert standing.metrics["account_recall_fraction"].mean == (1.0 + 0.2) / 2
    assert standing.metrics["account_recall_fraction"].seeds == 2
    assert standing.metrics["seconds"].seeds == 3
    assert standing.innocents == {"classroom": 1}


def test_the_worst_point_comes_first(truth: Truth) -> None:
    """Below half the accounts, or one innocent: both break; the whole campaign and nobody else does not."""
    everyone = ("a1", "a2", "a3", "b1", "b2")
    rows = [
        row(judged(truth, *everyone), "scheduler"),
        row(judged(truth, *everyone, "i1"), "jittered"),
        row(judged(truth, "a1"), "human"),
        row(judged(truth), "replayed"),
    ]
    broken = breaking_points(standings_of(rows))
    assert [s.points for s in broken] == [("replayed",), ("human",), ("jittered",)]
    assert broken_axes(broken) == ("timing",)


def test_bits_are_checked_on_logs_without_campaigns_only(truth: Truth) -> None:
    """Groups of several logs add up; a log with a campaign says nothing about the innocent."""
    benign = replace(judged(truth), campaigns_true=0)
    rows = [row(benign), row(benign, seed=2), row(judged(truth))]
    assert exceedance_of(rows) == {"stillwatch": {3: (20, 2)}}
