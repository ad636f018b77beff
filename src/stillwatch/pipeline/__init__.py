"""READ FIRST: what Stillwatch does, in order. The only place where stages meet.

In: paths of logs. Out: `types.Scan`, and the files of DESIGN.md section 7.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from stillwatch import __version__, hidden, known, report, together
from stillwatch.engine import opened
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.continuing import Traffic, go_on, leave
from stillwatch.pipeline.demonstration import Comparison, compare, simulate
from stillwatch.pipeline.intake import Source, seen_columns, take_in
from stillwatch.pipeline.judging import Case, judge
from stillwatch.pipeline.nulls import nulls_for
from stillwatch.pipeline.summary import coverage
from stillwatch.pipeline.tested import tested_tables
from stillwatch.settings import Settings
from stillwatch.types import Scan

__all__ = ["Comparison", "Source", "Tell", "compare", "scan", "simulate"]

Tell: TypeAlias = Callable[[str], None]
"""Told the name of each stage as it starts."""


def scan(source: Source, settings: Settings, out: Path, tell: Tell) -> Scan:
    """Find the campaigns in a log and write the report into `out`.

    Raises:  InputError: nothing can be read; SettingsError: a policy is wrong; EngineError: no disk or memory left.
    """
    clock = _Clock(tell)
    policy = hidden.load_policy(settings.region_policy)
    earlier = known.read_known(source.known)
    with opened(settings) as engine:
        clock.start("learning what is normal")
        nulls = nulls_for(engine, source, settings)
        clock.start("reading and sketching")
        intake = take_in(engine, source, settings)
        clock.start("profiles and traits")
        profiled = behaviour(engine, intake, settings)
        clock.start("together?")
        found = together.find(profiled.accounts, nulls, settings)
        clock.start("known campaigns")
        continuing = go_on(Traffic(engine, intake.sketched, profiled), found.campaigns, earlier, settings)
        clock.start("hidden? taking? leaked?")
        columns = seen_columns((intake.tally, intake.account_tally))
        judged = judge(
            engine, Case(intake, profiled, columns, policy, settings, continuing.kept_ids), continuing.campaigns
        )
        result = Scan(
            version=__version__,
            as_of=source.as_of or datetime.fromtimestamp(int(profiled.profiles.last_second.max()), UTC),
            input_fingerprint=intake.tally.fingerprint(),
            settings_hash=settings.fingerprint(),
            coverage=coverage(intake, profiled, found),
            calibration=found.calibration,
            groups_tested=found.groups_tested,
            campaigns=judged.campaigns,
            stage_seconds=clock.stop(),
            threshold_bits=found.threshold_bits,
            continued=continuing.continuation,
        )
        tell("writing the report")
        ordered = None if judged.taken is None else judged.taken.order_by("campaign_id", "exchange_id")
        reasons = tested_tables(found.tested, profiled.profiles, judged.names)
        indicators = known.as_text(leave(profiled, result.campaigns, earlier, result.as_of, settings))
        report.write_scan(result, out, None if ordered is None else engine.stream(ordered), reasons, indicators)
    return result


class _Clock:
    """Tells which stage runs and remembers how long each took."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._seconds, self._stage, self._began = tell, dict[str, float](), "", 0.0

    def start(self, stage: str) -> None:
        self.stop()
        self._tell(stage)
        self._stage, self._began = stage, time.perf_counter()

    def stop(self) -> dict[str, float]:
        if self._stage:
            self._seconds[self._stage] = round(time.perf_counter() - self._began, 3)
        self._stage = ""
        return self._seconds
