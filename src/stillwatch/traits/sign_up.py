"""Sign-up bursts: accounts created in the same hour or on the same day.

In: the accounts table. Out: rows of `tables.TRAITS`. Every hour and day is a hypothesis, quiet ones included: what
strangers who happened to sign up together look like is what a burst is tested against.
"""

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.traits.declared import value_traits
from stillwatch.types import TraitKind


def sign_up_traits(accounts: pa.Table) -> pa.Table:
    """Give (account, hour) and (account, day) of sign-up, for hours and days that two accounts share."""
    parts = [
        value_traits(accounts, TraitKind.SIGN_UP, pc.strftime(accounts["created_at"], form))
        for form in ("%Y-%m-%dT%H", "%Y-%m-%d")
    ]
    return pa.concat_tables(parts)
