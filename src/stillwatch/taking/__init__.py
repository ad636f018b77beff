"""Is the traffic made to harvest a capability, and which one?

In: `sketched`, the campaigns' members and scaffolds. Out: expressions, and a `TakingFinding` a campaign.
Order: `units` counts, `counts` makes arrays of it, one file a harvest test reads them, `answer` judges; `taken`
says exchange by exchange what has gone; `course` looks at how the harvest goes along.
`targets` holds the classifier of capabilities.
"""

from stillwatch.taking.answer import TakingFinding, judge_taking
from stillwatch.taking.counts import Counts, counts
from stillwatch.taking.course import Course, judge_course
from stillwatch.taking.metadata import Silent, silent, unit_hours
from stillwatch.taking.taken import (
    SCAFFOLD_COLUMNS,
    marked,
    matched,
    member_counts,
    taken,
    taken_counts,
    target_counts,
    target_shares,
)
from stillwatch.taking.targets import TargetWeights, load_projection
from stillwatch.taking.units import (
    ANSWERED_KEYS,
    ANSWERED_LEAST,
    ANSWERED_MOST,
    ANSWERED_SUMS,
    STRANGER,
    TASK_KEYS,
    TASK_LEAST,
    TASK_SUMS,
    answered_totals,
    compared,
    task_counts,
    unit_multiplicities,
    unit_parts,
    unit_totals,
)

__all__ = [
    "ANSWERED_KEYS",
    "ANSWERED_LEAST",
    "ANSWERED_MOST",
    "ANSWERED_SUMS",
    "SCAFFOLD_COLUMNS",
    "STRANGER",
    "TASK_KEYS",
    "TASK_LEAST",
    "TASK_SUMS",
    "Counts",
    "Course",
    "Silent",
    "TakingFinding",
    "TargetWeights",
    "answered_totals",
    "compared",
    "counts",
    "judge_course",
    "judge_taking",
    "load_projection",
    "marked",
    "matched",
    "member_counts",
    "silent",
    "taken",
    "taken_counts",
    "target_counts",
    "target_shares",
    "task_counts",
    "unit_hours",
    "unit_multiplicities",
    "unit_parts",
    "unit_totals",
]
