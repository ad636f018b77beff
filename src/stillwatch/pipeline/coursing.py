"""How campaigns went along in time, beside everybody else: the counts behind `taking.course`.

In: the engine, the sketched log, members. Out: `taking.Course`.
"""

from collections.abc import Sequence

import ibis.expr.types as ir

from stillwatch import taking
from stillwatch.engine import Engine
from stillwatch.settings import Release
from stillwatch.taking import course


def course_of(
    engine: Engine, sketched: ir.Table, totals: ir.Table, members: ir.Table, releases: Sequence[Release]
) -> taking.Course:
    """Count what campaigns and other customers did, and when; `totals` are the `answered_totals` of the same."""
    everybody = engine.keep(course.customers(totals, members), "customers")
    people = engine.keep(course.chosen(everybody), "chosen_customers")
    moves = engine.run(course.release_counts(sketched, people, releases)) if releases else None
    tables = (
        moves,
        engine.run(course.grading_days(sketched, people)),
        engine.run(course.block_counts(sketched, people)),
        engine.run(course.spans(people)),
    )
    last = engine.run(everybody.aggregate(last=everybody.last_second.max()))["last"][0].as_py()
    return taking.Course.of(tables, int(last or 0), releases)
