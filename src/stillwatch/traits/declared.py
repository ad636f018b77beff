"""Traits of the account itself: payment, e-mail domain and shape, organisation.

In: the accounts table. Out: rows of `tables.TRAITS`, for values that two accounts share.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.schemas import arrow_schema
from stillwatch.tables import TRAITS
from stillwatch.types import TraitKind

DECLARED_KINDS: Mapping[TraitKind, str] = {
    TraitKind.PAYMENT: "payment_fingerprint",
    TraitKind.EMAIL_DOMAIN: "email_domain",
    TraitKind.EMAIL_SHAPE: "email_shape",
    TraitKind.ORGANISATION: "org_id",
}


def declared_traits(accounts: pa.Table) -> pa.Table:
    """Give the traits of accounts (columns of `tables.ACCOUNTS`, account_key and exchanges)."""
    parts = [value_traits(accounts, kind, accounts[column]) for kind, column in DECLARED_KINDS.items()]
    return pa.concat_tables(parts)


def value_traits(accounts: pa.Table, kind: TraitKind, values: pa.ChunkedArray) -> pa.Table:
    """Give the traits of one kind: (account, value) for values that two accounts share."""
    rows = pa.table({"value": values, "account_key": accounts["account_key"], "exchanges": accounts["exchanges"]})
    rows = rows.filter(pc.and_kleene(pc.is_valid(rows["value"]), pc.not_equal(rows["value"], "")))
    holders = rows.group_by("value").aggregate([("account_key", "count")])
    several = holders.filter(pc.greater_equal(holders["account_key_count"], 2))
    rows = rows.filter(pc.is_in(rows["value"], value_set=several["value"].combine_chunks()))
    kinds = pa.array([str(kind)] * len(rows), pa.string())
    return pa.table([kinds, rows["value"], rows["account_key"], rows["exchanges"]], schema=arrow_schema(TRAITS))
