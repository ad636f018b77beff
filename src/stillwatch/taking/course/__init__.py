"""How a harvest goes along: does it jump to a new model, grade one student that improves, probe before it scales?

In: `sketched`, the campaigns' members, the calendar of releases. Out: `Evidence`, one a test and campaign.
Order: `customers` counts, then one file a test: `pivot`, `student`, `probing`. What the counts are compared with:
`pivot` and `probing` rank a campaign among customers, `student` shuffles the days of its own grading.

These bits stand beside the campaign's `taking_bits` and are never added to them: what error the answer may make is
spent by what is asked and how (`taking.answer`), and each of these three has an honest twin.
"""

from stillwatch.taking.course.course import COURSE_TESTS, Course, judge_course
from stillwatch.taking.course.customers import (
    block_counts,
    chosen,
    customers,
    grading_days,
    release_counts,
    spans,
)

__all__ = [
    "COURSE_TESTS",
    "Course",
    "block_counts",
    "chosen",
    "customers",
    "grading_days",
    "judge_course",
    "release_counts",
    "spans",
]
