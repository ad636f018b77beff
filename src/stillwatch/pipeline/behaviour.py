"""From the `sketched` table to accounts as arrays: profiles and traits.

In: an `Intake`. Out: `Behaviour`: what `together` judges, and the accounts table completed by what the traffic shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import profile, traits
from stillwatch.abreast import ahead
from stillwatch.engine import Engine
from stillwatch.pipeline.counting import Afresh, Counting, Recurring, Telling
from stillwatch.pipeline.intake import Intake
from stillwatch.profile import Profiles
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS, TRAITS
from stillwatch.together import MOST_VALUES, Accounts, Shown, accounts_of, shown_of
from stillwatch.types import TraitKind

SHARED_TASKS = Recurring("task_hash", traits.asked_tasks, lambda parts: parts.distinct(), traits.shared_tasks)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """profiles and accounts (both in order of account key); table: ACCOUNTS plus account_key, exchanges, country."""

    profiles: Profiles
    accounts: Accounts
    table: pa.Table


def behaviour(engine: Engine, intake: Intake, settings: Settings, name: str = "") -> Behaviour:
    """Summarise every account."""
    counting = intake.counting or Afresh(engine, intake.sketched, name)
    totals = engine.run(counting.sums("totals", profile.totals, profile.added_totals))
    engine.expect(len(totals))
    with ahead(engine.stream(counting.facets())) as facets:
        profiles = profile.assemble(totals, facets)
    countries = engine.run(counting.sums("countries", countries_of, added_countries))
    table = account_table(profiles, intake.accounts, countries)
    counted = counting.told("scaffolds", [scaffolds_in(c, settings.minimum_accounts) for c in traits.SCAFFOLD_COLUMNS])
    scaffolds = coded_scaffolds(engine, ibis.union(*counted), profiles.keys, MOST_VALUES, name)
    rows, seconds = traits_of(engine, counting, table), (profiles.first_second, profiles.last_second)
    accounts = accounts_of(profiles.exchanges, seconds, profiles.facets, rows, profiles.keys, scaffolds)
    return Behaviour(profiles, accounts, table)


def traits_of(engine: Engine, counting: Counting, table: pa.Table) -> Iterator[pa.Table]:
    """Give the rows of `tables.TRAITS`, kind by kind; scaffolds, of which there are the most, are `coded_scaffolds`."""
    schema = arrow_schema(TRAITS)
    for kind in traits.COLUMN_KINDS:
        counts = counting.sums(str(kind), partial(traits.column_counts, kind=kind), traits.added_counts)
        yield engine.run(traits.column_traits(counts, kind)).cast(schema)
    shared = counting.recurring("shared_tasks", SHARED_TASKS)
    yield traits.task_list_traits(engine.run(traits.task_pairs(shared)))
    yield traits.declared_traits(table)
    yield traits.sign_up_traits(table)


def scaffolds_in(column: str, accounts: int) -> Telling:
    """Tell how the scaffolds of one hash column are counted."""
    return Telling(
        column,
        ("task_hash",),
        partial(traits.word_counts, column=column),
        traits.added_words,
        traits.changed_tasks,
        partial(traits.scaffolds, accounts=accounts),
    )


def coded_scaffolds(
    engine: Engine, counts: ir.Table, keys: npt.NDArray[np.int64], values: int, name: str = ""
) -> Shown:
    """Give the traits of the so many commonest scaffolds, coded in the order of the words that hashes are written as.

    Args:    keys: of accounts, in order; name: tells several logs apart.
    """
    hashes = engine.run(traits.commonest(counts, values))["value"].combine_chunks()
    words = hashes.cast(pa.string())
    order = pc.sort_indices(words)
    codes = pa.table({"value": hashes.take(order), "code": np.arange(len(order), dtype=np.int32)})
    places = pa.table({"account_key": keys, "row": np.arange(len(keys), dtype=np.int32)})
    adopted = engine.adopt(codes, f"scaffold_codes{name}"), engine.adopt(places, f"account_rows{name}")
    return shown_of(TraitKind.SCAFFOLD, engine.run(traits.coded(counts, *adopted)), words.take(order))


def countries_of(sketched: ir.Table) -> ir.Table:
    """Count each account's exchanges by country of address."""
    rows = sketched.filter(sketched.country.notnull())
    return rows.group_by("account_key", "country").agg(seen=lambda t: t.count())


def added_countries(parts: ir.Table) -> ir.Table:
    """Give the counts of several logs together from the rows of each."""
    return parts.group_by("account_key", "country").agg(seen=lambda t: t.seen.sum().cast("int64"))


def account_table(profiles: Profiles, declared: pa.Table, countries: pa.Table) -> pa.Table:
    """One row an account with traffic, in order of key: declared columns, exchanges, and the country seen most.

    An account that was not declared, or declared no organisation, has the organisation that its exchanges name.
    """
    place = pc.index_in(profiles.ids, value_set=declared["account_id"].combine_chunks())
    columns = {c.name: declared[c.name].combine_chunks().take(place) for c in ACCOUNTS.columns}
    columns["account_id"] = profiles.ids
    columns["org_id"] = pc.coalesce(columns["org_id"], profiles.organisations)
    columns["account_key"] = pa.array(profiles.keys)
    columns["exchanges"] = pa.array(profiles.exchanges)
    columns["country"] = _commonest(profiles, countries)
    return pa.table(columns)


def _commonest(profiles: Profiles, countries: pa.Table) -> pa.Array:
    ordered = countries.sort_by([("seen", "ascending"), ("country", "descending")])
    last = np.full(len(profiles), -1)
    last[profiles.rows_of(ordered["account_key"].to_numpy())] = np.arange(len(ordered))
    return ordered["country"].combine_chunks().take(pa.array(last, mask=last < 0))
