"""How every group and account was judged, as the declared tables: rows become account and campaign ids.

In: `together.Tested`, profiles, the ids of the campaigns. Out: Arrow tables by the name of their declaration.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.profile import Profiles
from stillwatch.schemas import arrow_schema
from stillwatch.tables import ACCOUNTS_TESTED, GROUP_TESTS, GROUPS_TESTED, Table
from stillwatch.together import Tested
from stillwatch.types import CampaignId


def tested_tables(tested: Tested, profiles: Profiles, names: Sequence[CampaignId]) -> Mapping[str, pa.Table]:
    """Give the tables that `explain` reads, one by the name of each declaration."""
    groups = dict(tested.groups) | {"campaign_id": _named(tested.groups["campaign"], names)}
    accounts = dict(tested.accounts) | {
        "account_id": profiles.ids,
        "first_seen": tested.accounts["first_second"] * 1_000_000,
        "last_seen": tested.accounts["last_second"] * 1_000_000,
        "nearest_campaign_id": _named(tested.accounts["nearest"], names),
    }
    whole = {GROUPS_TESTED.name: _table(GROUPS_TESTED, groups), GROUP_TESTS.name: tested.tests}
    return whole | {ACCOUNTS_TESTED.name: _table(ACCOUNTS_TESTED, accounts).sort_by("account_id")}


def _named(numbers: np.ndarray, names: Sequence[CampaignId]) -> pa.Array:
    return pa.array([*names], pa.string()).take(pa.array(numbers, mask=numbers < 0))


def _table(declared: Table, columns: Mapping[str, Any]) -> pa.Table:
    schema = arrow_schema(declared)
    return pa.table([_column(columns[f.name], f.type) for f in schema], schema=schema)


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    """Make an array of the declared type; NaN, which stands for nothing, becomes null."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return pa.array(values, kind, from_pandas=True)
    return values.cast(kind) if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, kind)
