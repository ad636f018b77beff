"""What accounts share. A trait is a hypothesis, never a proof: a trait held by very many is kept and tested too.

In: the `sketched` table and the accounts table. Out: expressions and Arrow tables of `tables.TRAITS`.
One file a family: `columns` (read off an exchange's column), `scaffold` (words that stay), `declared` (from the
accounts table), `sign_up` (bursts), `task_list` (one list of tasks split or repeated over accounts).
"""

from stillwatch.traits.columns import COLUMN_KINDS, added_counts, column_counts, column_traits
from stillwatch.traits.declared import declared_traits
from stillwatch.traits.scaffold import (
    SCAFFOLD_COLUMNS,
    added_words,
    changed_tasks,
    coded,
    commonest,
    scaffolds,
    word_counts,
)
from stillwatch.traits.sign_up import sign_up_traits
from stillwatch.traits.task_list import asked_tasks, shared_tasks, task_list_traits, task_pairs

__all__ = [
    "COLUMN_KINDS",
    "SCAFFOLD_COLUMNS",
    "added_counts",
    "added_words",
    "asked_tasks",
    "changed_tasks",
    "coded",
    "column_counts",
    "column_traits",
    "commonest",
    "declared_traits",
    "scaffolds",
    "shared_tasks",
    "sign_up_traits",
    "task_list_traits",
    "task_pairs",
    "word_counts",
]
