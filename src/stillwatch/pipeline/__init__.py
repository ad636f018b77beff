"""READ FIRST: what Stillwatch does, in order. The only place where stages meet.

In: paths of logs. Out: `types.Scan`, and the files of DESIGN.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from stillwatch import __version__, hidden, known, report, together
from stillwatch.abreast import ahead
from stillwatch.engine import Engine, opened
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.continuing import Continuing, Traffic, go_on, held_by, leave
from stillwatch.pipeline.demonstration import Comparison, compare, simulate
from stillwatch.pipeline.intake import Intake, Source, read_accounts_listed, seen_columns, take_in
from stillwatch.pipeline.judging import Case, judge, listed
from stillwatch.pipeline.nulls import nulls_for
from stillwatch.pipeline.stages import Measure, Stages, Tell
from stillwatch.pipeline.summary import coverage
from stillwatch.pipeline.tested import tested_tables
from stillwatch.pipeline.uncollected import uncollected
from stillwatch.settings import Settings
from stillwatch.together import Found, Nulls
from stillwatch.types import AccountId, Calibration, RunCost, Scan

__all__ = ["Asked", "Comparison", "Measure", "Source", "Tell", "compare", "examine", "scan", "simulate"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for, checked before anything is read."""

    source: Source
    settings: Settings
    policy: hidden.Policy
    earlier: tuple[known.KnownCampaign, ...]
    innocents: frozenset[AccountId] | None

    @classmethod
    def of(cls, source: Source, settings: Settings) -> "Asked":
        """Read the policy, the earlier reports, and the accounts known innocent.

        Raises:  SettingsError: the policy is wrong; InputError: a folder of `known` holds no report, or the file of
                 innocents cannot be read.
        """
        policy, earlier = hidden.load_policy(settings.region_policy), known.read_known(source.known)
        return cls(source, settings, policy, earlier, read_accounts_listed(source.innocents))


def scan(source: Source, settings: Settings, out: Path, tell: Tell, measure: Measure = "seconds") -> Scan:
    """Find the campaigns in a log and write the report into `out`.

    Args:    measure: "everything" fills `Scan.cost`.
    Raises:  InputError: nothing can be read; SettingsError: a policy is wrong; EngineError: no disk or memory left;
             UsageError: `out` cannot be written to.
    """
    report.check_writable(out)
    asked = Asked.of(source, settings)
    with opened(settings) as engine:
        clock = Stages(tell, measure, lambda: engine.spilled_bytes)
        clock.start("learning what is normal")
        nulls = nulls_for(engine, source, settings)
        clock.start("reading and sketching")
        intake = take_in(engine, source, settings)
        result = examine(engine, intake, asked, nulls, out, clock)
        stages = clock.stop()
    if measure == "seconds":
        return result
    size = sum(path.stat().st_size for path in map(Path, intake.tally.files) if path.is_file())  # a table is none
    return replace(result, cost=RunCost(intake.tally.rows_read, size, stages))


@uncollected
def examine(  # noqa: PLR0913, PLR0917 - everything after reading, whoever has read
    engine: Engine, intake: Intake, asked: Asked, nulls: Nulls, out: Path, clock: Stages
) -> Scan:
    """Judge what was taken in and write the report into `out`."""
    settings = asked.settings
    clock.start("profiles and traits")
    profiled = behaviour(engine, intake, settings)
    clock.start("together?")
    found = together.find(profiled.accounts, nulls, settings)
    clock.start("known campaigns")
    traffic = Traffic(engine, intake.sketched, profiled)
    continuing = go_on(traffic, found.campaigns, asked.earlier, settings, nulls.trust)
    calibration = _calibration(found, continuing, asked, profiled.profiles.ids)
    found = replace(found, checked=None)  # all groups, not needed any more
    clock.start("hidden? taking? leaked?")
    columns = seen_columns((intake.tally, intake.account_tally))
    again = continuing.kept_ids, continuing.accused, continuing.standing
    case = Case(intake, profiled, columns, asked.policy, settings, *again)
    judged = judge(engine, case, continuing.campaigns)
    result = Scan(
        version=__version__,
        as_of=asked.source.as_of or datetime.fromtimestamp(int(profiled.profiles.last_second.max()), UTC),
        input_fingerprint=intake.tally.fingerprint(),
        settings_hash=asked.policy.with_settings(settings.fingerprint()),
        coverage=coverage(intake, profiled, found),
        calibration=calibration,
        groups_tested=found.groups_tested,
        campaigns=judged.campaigns,
        stage_seconds={cost.stage: cost.seconds for cost in clock.stop()},
        threshold_bits=found.threshold_bits,
        continued=continuing.continuation,
        pools=judged.pools,
    )
    clock.start("writing the report")

    def left() -> Iterator[str]:
        known_by, named = nulls.trust_of(profiled.accounts), continuing.continuation
        yield known.as_text(
            leave(profiled, result.campaigns, asked.earlier, result.as_of, settings, trust=known_by, continued=named)
        )

    with ahead(listed(engine, judged, profiled.profiles)) as rows, ahead(left(), 1) as indicators:
        names = [judged.names[place] for place in continuing.of_found]
        reasons = tested_tables(found.tested, profiled.profiles, names)
        report.write_scan(result, out, None if judged.taken is None else rows, reasons, indicators)
    return result


def _calibration(found: Found, continuing: Continuing, asked: Asked, ids: pa.Array) -> Calibration:
    """Check the bits with what is known by now: who continues a campaign, and who is innocent."""
    innocents = None if asked.innocents is None else held_by(ids, asked.innocents)
    return found.checked.calibration(continuing.suspects, innocents) if found.checked else found.calibration
