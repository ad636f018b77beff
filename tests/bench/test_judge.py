from dataclasses import fields

import pytest

from stillwatch.bench import BenchRow, Found, Judgement, Look, Truth, judge, row_of
from stillwatch.tables import BENCH_ROWS

EVERYTHING = Found({"x": frozenset({"a1", "a2", "a3"}), "y": frozenset({"b1", "b2", "i1"})})


def test_every_measure_is_of_the_last_look_but_what_leaked(truth: Truth) -> None:
    """The first look sees one account of A."""
    judged = judge(truth, [Look(60, EVERYTHING), Look(20, Found({"x": frozenset({"a1"})}))])
    assert (judged.account_recall_fraction, judged.account_precision_fraction) == (1.0, 5 / 6)
    assert (judged.campaigns_found, judged.purity_fraction, judged.innocents) == (2, 5 / 6, 1)
    assert (judged.looks, judged.taken_exchanges, judged.leaked_first_exchanges) == (2, 7, 2 + 2)
    assert judged.leaked_first_fraction == 4 / 7


def test_who_never_looked_is_not_judged(truth: Truth) -> None:
    """It is no result at all."""
    with pytest.raises(ValueError, match="never looked"):
        judge(truth, [])


def test_a_row_survives_its_line(truth: Truth) -> None:
    """With a judgement, and with an error of a stranger's making."""
    good = BenchRow("ours", ("dilution",), ("25 %",), 3, 1.5, 2**30, "", judge(truth, [Look(60, EVERYTHING)]))
    bad = BenchRow("theirs", (), (), 3, error="exit code 1: \u2028<b>\n")
    assert [row_of(row.to_json()) for row in (good, bad)] == [good, bad]
    assert "\n" not in bad.to_json()


def test_a_line_of_another_file_is_refused() -> None:
    """Not guessed at."""
    with pytest.raises(ValueError, match="not a row"):
        row_of('{"detector": "x"}')


def test_the_columns_of_a_row_are_declared() -> None:
    """In the order of the table."""
    names = [f.name for kind in (BenchRow, Judgement) for f in fields(kind) if f.name != "judged"]
    assert tuple(names) == BENCH_ROWS.names
