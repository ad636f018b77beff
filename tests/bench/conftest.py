"""Small logs whose truth is known, and what a detector might say about them."""

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pytest

from stillwatch.bench import Truth, truth_of

Rows = Sequence[tuple[str, str, str, str, int, str]]

ACCOUNTS = {"a1": "A", "a2": "A", "a3": "A", "b1": "B", "b2": "B", "i1": "", "i2": "", "i3": ""}
KINDS = {"i1": "classroom", "i2": "classroom", "i3": "rag_backfill"}


@pytest.fixture
def exchanges() -> Rows:
    """(account, operator, target, kind, ts, task): A takes five, one of them twice; B takes two; the rest is not."""
    return [
        ("a1", "A", "reasoning", "campaign", 10, "p1"),
        ("a1", "A", "reasoning", "campaign", 20, "p2"),
        ("a2", "A", "coding", "campaign", 30, "p1"),
        ("a2", "A", "other", "cover", 35, "c1"),
        ("a3", "A", "coding", "campaign", 40, "p3"),
        ("a3", "A", "coding", "campaign", 50, "p4"),
        ("a1", "A", "reasoning", "probe", 5, "q1"),
        ("b1", "B", "grading", "campaign", 25, "g1"),
        ("b2", "B", "grading", "campaign", 60, "g2"),
        ("i1", "", "other", "classroom", 15, "x"),
        ("i3", "", "other", "rag_backfill", 55, "y"),
    ]


@pytest.fixture
def make_truth() -> Callable[[Mapping[str, str], Rows], Truth]:
    """Label accounts by operator and their exchanges e0, e1, ..."""

    def made(owner: Mapping[str, str], rows: Rows) -> Truth:
        accounts = pa.table(
            {
                "account_id": list(owner),
                "operator": list(owner.values()),
                "kind": [KINDS.get(account, "campaign") for account in owner],
            }
        )
        names = ("account_id", "operator", "target", "kind", "ts", "task")
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return truth_of(accounts, pa.table({"exchange_id": [f"e{i}" for i in range(len(rows))], **columns}))

    return made


@pytest.fixture
def truth(make_truth: Callable[[Mapping[str, str], Rows], Truth], exchanges: Rows) -> Truth:
    """Two operators of three and two accounts, three innocents."""
    return make_truth(ACCOUNTS, exchanges)
