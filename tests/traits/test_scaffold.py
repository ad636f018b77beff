import ibis
import pyarrow as pa

from stillwatch.traits.scaffold import changed_tasks, coded, commonest, scaffolds, word_counts


def _traits(rows: list[tuple[int, int, int]], accounts: int = 2, values: int = 9) -> list[tuple[int, int, int]]:
    """(value, account, exchanges) of traits found in rows of (account, head hash, task hash)."""
    columns = zip(*rows, strict=True)
    table = pa.table(
        dict(zip(("account_key", "head_hash", "task_hash"), (pa.array(c, pa.int64()) for c in columns), strict=True))
    )
    words = word_counts(ibis.memtable(table), "head_hash")
    counts = words.semi_join(scaffolds(changed_tasks(words), accounts), "value")
    connection = ibis.duckdb.connect()
    kept = connection.to_pyarrow(commonest(counts, values))
    keys = table["account_key"].unique()
    codes = ibis.memtable(kept.append_column("code", [range(len(kept))]))
    places = ibis.memtable(pa.table({"account_key": keys, "row": range(len(keys))}))
    found = connection.to_pyarrow(coded(counts, codes, places)).to_pylist()
    names = kept["value"].to_pylist()
    return sorted((names[row["code"]], keys[row["row"]].as_py(), row["exchanges"]) for row in found)


def test_words_under_which_enough_accounts_change_their_task_are_a_scaffold() -> None:
    rows = [(1, 7, 100), (1, 7, 101), (2, 7, 102), (2, 7, 103), (2, 7, 104)]
    assert _traits(rows) == [(7, 1, 2), (7, 2, 3)]


def test_an_account_that_asks_one_task_under_a_scaffold_is_counted_with_the_rest() -> None:
    rows = [(1, 7, 100), (1, 7, 101), (2, 7, 102), (2, 7, 103), (3, 7, 100)]
    assert (7, 3, 1) in _traits(rows)


def test_words_that_come_back_only_with_their_own_task_are_no_scaffold() -> None:
    rows = [(account, 7, 100) for account in (1, 2, 3) for _ in range(4)]
    assert _traits(rows) == []


def test_texts_too_short_for_a_hash_share_nothing() -> None:
    assert _traits([(1, 0, 100), (1, 0, 101), (2, 0, 102), (2, 0, 103)]) == []


def test_of_too_many_scaffolds_those_that_the_most_exchanges_carry_are_kept_and_ties_go_by_value() -> None:
    rows = [(account, head, task) for account in (1, 2) for head in (8, 7, 10) for task in (100, 101)] + [(3, 8, 102)]
    assert {value for value, _, _ in _traits(rows, values=2)} == {8, 10}
