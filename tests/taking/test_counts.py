"""Counted units become arrays: campaigns first, then the strangers that say something."""

import numpy as np
import pyarrow as pa

from stillwatch.taking.counts import Counts, counts
from stillwatch.taking.units import STRANGER_EXCHANGES, TARGET_COLUMNS

_SUMS = ("tasks", "once", "single", "turned", "elicits", "judged", *TARGET_COLUMNS)


def _parts(rows: list[tuple[str, int, str, int]]) -> pa.Table:
    names = ("campaign_id", "account_key", "part", "exchanges")
    filled = [dict(zip(names, row, strict=True)) | dict.fromkeys(_SUMS, row[3] // 2) for row in rows]
    return pa.Table.from_pylist(filled)


def _totals(rows: list[tuple[str, int, int]]) -> pa.Table:
    names = ("campaign_id", "account_key", "exchanges", "texted")
    return pa.Table.from_pylist([dict(zip(names, (*row, row[2] - 1), strict=True)) for row in rows])


def _multiplicities(rows: list[tuple[str, int, int, int]]) -> pa.Table:
    names = ("campaign_id", "account_key", "times", "tasks")
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    types = (pa.string(), pa.int64(), pa.int64(), pa.int64())
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=list(names))


def _counted() -> Counts:
    totals = _totals([("b", 0, 300), ("", 7, 50), ("", -5, 40), ("a", 0, 200), ("", 9, STRANGER_EXCHANGES - 1)])
    parts = _parts(
        [
            ("", 7, "whole", 50),
            ("a", 0, "whole", 199),
            ("", -5, "whole", 40),
            ("", 9, "whole", STRANGER_EXCHANGES - 1),
            ("b", 0, "whole", 299),
            ("a", 0, "head", 60),
            ("a", 0, "tail", 20),
            ("b", 0, "tail", 10),
            ("", 7, "head", 5),
            ("", 7, "tail", 30),
        ]
    )
    return counts(totals, parts, _multiplicities([("a", 0, 4, 10), ("a", 0, 2, 20), ("", 7, 3, 5), ("", 9, 2, 9)]))


def test_campaigns_stand_first_in_order_of_name_and_strangers_in_order_of_key() -> None:
    found = _counted()
    assert found.campaigns == ("a", "b")
    assert found.exchanges.tolist() == [200, 300, 40, 50]
    assert found.texted.tolist() == [199, 299, 39, 49]
    assert found.whole.exchanges.tolist() == [199, 299, 40, 50]


def test_strangers_with_few_exchanges_are_left_out() -> None:
    assert _counted().strangers == 2


def test_the_stream_is_under_the_first_or_last_words_whichever_covers_more() -> None:
    found = _counted()
    assert found.stream.exchanges.tolist() == [60, 10, 0, 30]
    assert found.stream.targets[:, 0].tolist() == [30, 5, 0, 15]


def test_a_stream_is_considered_alone_only_where_it_covers_a_fifth() -> None:
    assert _counted().considered.exchanges.tolist() == [60, 299, 40, 30]


def test_the_modal_multiplicity_holds_most_exchanges_and_ties_go_to_the_smaller() -> None:
    found = _counted()
    assert found.modal_times.tolist() == [2, 0, 0, 3]
    assert found.modal_exchanges.tolist() == [40, 0, 0, 15]


def test_a_log_without_strangers_or_text_is_no_fault() -> None:
    empty = _parts([("a", 0, "whole", 5)]).slice(0, 0)
    found = counts(_totals([("a", 0, 200)]), empty, _multiplicities([]))
    assert (found.campaigns, found.strangers) == (("a",), 0)
    assert np.array_equal(found.whole.exchanges, [0.0])
