"""Exchanges that a wrong clock has dated: a handful, more than a year from all others. One of them would move the end
of the log, and squeeze the days of all others into one.

In: sketched rows. Out: `Believed`, which leaves them out. No clock of this machine is asked: a log of any year is read
alike on any day. Read `intake` for a scan, `watching` for a log that grows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from stillwatch.engine import Engine
from stillwatch.read import Tally

Seconds = npt.NDArray[np.int64]

DAY_SECONDS = 86_400
YEAR_SECONDS = 366 * DAY_SECONDS
NEVER = 2**62
_MOST_FRACTION = 0.001  # of all exchanges, at either end: more are no accident, and must not vanish
_FEWEST = 100  # exchanges of which a single one may be set aside
_NAMED = 1_000  # as many as a tally names
_ID_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Believed:
    """Which dates are believed: those between two seconds since 1970 that are not. last: the last that is; strays:
    exchanges that are set aside.
    """

    after: int = 0
    before: int = NEVER
    last: int = 0
    strays: int = 0

    def of(self, rows: ir.Table) -> ir.Table:
        """Give the rows whose dates are believed."""
        return rows.filter((rows.second > self.after) & (rows.second < self.before)) if self.strays else rows


def believed(engine: Engine, rows: ir.Table) -> Believed:
    """Tell a handful of exchanges at either end that lie more than a year from all others."""
    second = rows.second
    found = rows.group_by(day=second // DAY_SECONDS).agg(rows=rows.count(), first=second.min(), last=second.max())
    days = engine.run(found.order_by("day"))
    return believed_of(*(days[name].to_numpy() for name in ("rows", "first", "last")))


def believed_of(count: Seconds, first: Seconds, last: Seconds) -> Believed:
    """The same of days in order: exchanges, first and last second of each."""
    if not len(count):
        return Believed()
    total = int(count.sum())
    most = max(int(total * _MOST_FRACTION), int(total >= _FEWEST))
    gaps = np.flatnonzero(first[1:] - last[:-1] > YEAR_SECONDS) + 1
    until = np.cumsum(count)
    late = [gap for gap in gaps if total - until[gap - 1] <= most]
    early = [gap for gap in gaps if until[gap - 1] <= most]
    begin, end = max(early, default=0), min(late, default=len(count))
    return Believed(
        after=int(last[begin - 1]) if early else 0,
        before=int(first[end]) if late else NEVER,
        last=int(last[end - 1]),
        strays=int(count[:begin].sum() + count[end:].sum()),
    )


def set_aside(engine: Engine, rows: ir.Table, dates: Believed, tally: Tally) -> int:
    """Quarantine the rows whose dates are not believed, and give their number. Sketches know no file and no row: the
    exchange's id says which it is.
    """
    if not dates.strays:
        return 0
    strays = rows.filter((rows.second <= dates.after) | (rows.second >= dates.before))
    count = int(engine.run(strays.agg(rows=strays.count()))["rows"][0].as_py())
    named = strays.select("second", "exchange_id").order_by("second", "exchange_id").limit(_NAMED)
    for row in engine.run(named).to_pylist():
        at = datetime.fromtimestamp(row["second"], UTC)
        which = f"exchange {row['exchange_id'][:_ID_CHARACTERS]}"
        tally.quarantine("(dates)", 1, f"dated {at:%Y-%m-%d %H:%M} UTC, more than a year from all others: {which}")
    tally.rows_quarantined += max(count - _NAMED, 0)
    return count
