"""The judge: what a detector found, against what a simulated log really held.

In: a log with labels, and the files a detector wrote. Out: rows, and standings over seeds. Nothing here runs a detector
(`pipeline.benchmark` does) or draws anything (`report` does). Read `judge` first.
"""

from stillwatch.bench.found import Found, found_folders, read_found
from stillwatch.bench.judge import judge
from stillwatch.bench.leaks import Look
from stillwatch.bench.row import BenchRow, Judgement, row_of
from stillwatch.bench.standings import breaking_points, broken_axes, exceedance_of, standings_of
from stillwatch.bench.truth import TAKEN_KIND, Truth, read_truth, truth_of

__all__ = [
    "TAKEN_KIND",
    "BenchRow",
    "Found",
    "Judgement",
    "Look",
    "Truth",
    "breaking_points",
    "broken_axes",
    "exceedance_of",
    "found_folders",
    "judge",
    "read_found",
    "read_truth",
    "row_of",
    "standings_of",
    "truth_of",
]
