"""What is normal in this run: the shipped nulls, or nulls learnt from reference traffic.

In: reference traffic believed benign, read with the map and identities of the log, or none. Out: `Nulls`.
"""

from dataclasses import replace

from stillwatch.engine import Engine
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import Source, take_in
from stillwatch.settings import Settings
from stillwatch.together import Nulls, learn, load, looked_again


def nulls_for(engine: Engine, source: Source, settings: Settings) -> Nulls:
    """Learn nulls from the reference, else load the shipped ones; a log seen as of a moment may be looked at again."""
    nulls = _nulls(engine, source, settings)
    return nulls if source.as_of is None else looked_again(nulls)


def _nulls(engine: Engine, source: Source, settings: Settings) -> Nulls:
    if source.reference is None:
        return load()
    reference = Source((source.reference,), column_map=source.column_map, identity=source.identity)
    accounts = behaviour(engine, take_in(engine, reference, settings, "_reference"), settings, "_reference").accounts
    learnt = learn([accounts], settings, f"reference {source.reference.name}")
    shipped = load()  # one reference has too few groups to measure how sums fall, and no campaign to learn from
    return replace(shipped, tests=learnt.tests, source=learnt.source)
