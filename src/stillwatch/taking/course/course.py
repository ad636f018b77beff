"""The three tests of a harvest's course, put to one campaign.

In: `Course`, the counts of `customers` brought here. Out: evidence, and what could not be evaluated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from stillwatch.settings import Release
from stillwatch.taking.course.pivot import judge_pivot
from stillwatch.taking.course.probing import Phase, judge_probing, phases
from stillwatch.taking.course.student import judge_student
from stillwatch.types import Evidence, NotEvaluated

PIVOT, STUDENT, PROBING = COURSE_TESTS = ("release pivot", "improving student", "probing before scaling")
_MISSING = {
    PIVOT: "a model in the calendar `releases` of the settings that appeared while the campaign was asking, two "
    "hours or more before the log's last exchange",
    STUDENT: "100 prompts with an answer to grade, on 5 days at least",
    PROBING: "20 answered exchanges",
}


@dataclass(frozen=True)
class Course:
    """moves: result of `release_counts`, or None without releases; grading: of `grading_days`; cuts: see `phases`."""

    moves: pa.Table | None
    grading: pa.Table
    cuts: dict[str, tuple[bool, Phase]]
    last_second: int
    releases: tuple[Release, ...] = field(default=())

    @classmethod
    def of(
        cls, tables: tuple[pa.Table | None, pa.Table, pa.Table, pa.Table], last_second: int, releases: Sequence[Release]
    ) -> "Course":
        """Take the results of `release_counts`, `grading_days`, `block_counts` and `spans`."""
        moves, grading, blocks, lives = tables
        return cls(moves, grading, phases(blocks, lives), last_second, tuple(releases))


def judge_course(course: Course, campaign: str) -> tuple[tuple[Evidence, ...], tuple[NotEvaluated, ...]]:
    """Put each test to a campaign."""
    moves = course.moves
    results = {
        PIVOT: None if moves is None else judge_pivot(moves, course.releases, course.last_second, campaign),
        STUDENT: judge_student(course.grading, campaign),
        PROBING: judge_probing(course.cuts, campaign),
    }
    said = [Evidence(test, "taking", one[0], f"{one[1]}.") for test, one in results.items() if one]
    silent = [NotEvaluated(test, "taking", _MISSING[test]) for test, one in results.items() if not one]
    return tuple(said), tuple(silent)
