"""All accounts as arrays, made once a run.

In: the accounts table with the columns of `tables.ACCOUNTS` and `country`, the address country seen most. Out:
`Population`. A column that is absent reads as empty.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Case = Literal["as read", "lower", "upper"]

_CASES: Mapping[Case, Callable[[Any], Any]] = {
    "as read": lambda texts: texts,
    "lower": pc.utf8_lower,
    "upper": pc.utf8_upper,
}


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of repeated strings: `codes` index into `values`; -1 where nothing is known."""

    values: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    @property
    def known(self) -> Mask:
        """Whether each account has a value."""
        return self.codes >= 0

    def counts(self, rows: Mask) -> npt.NDArray[np.int64]:
        """Count the chosen rows by value."""
        chosen = self.codes[rows & self.known]
        return np.bincount(chosen, minlength=len(self.values))

    def among(self, wanted: Iterable[str]) -> Mask:
        """Tell which accounts have one of the values."""
        names = frozenset(wanted)
        flags = np.array([value in names for value in self.values] + [False])
        return flags[self.codes]


@dataclass(frozen=True, slots=True)
class Population:
    """Every account's identity, [n]. Domains are lower case, countries upper case."""

    account_ids: "pa.Array[pa.StringScalar]"
    organisation: Coded
    domain: Coded
    shape: Coded
    address_country: Coded
    declared_country: Coded
    phone_country: Coded

    def members(self, account_ids: Iterable[str]) -> Mask:
        """Tell which rows are the given accounts."""
        wanted = pa.array(sorted(account_ids), pa.string())
        return np.asarray(pc.is_in(self.account_ids, value_set=wanted).to_numpy(zero_copy_only=False), np.bool_)


def population(accounts: pa.Table) -> Population:
    """Make arrays of the accounts table."""
    ids = accounts["account_id"].combine_chunks()
    return Population(
        account_ids=ids,
        organisation=_coded(accounts, "org_id"),
        domain=_coded(accounts, "email_domain", "lower"),
        shape=_coded(accounts, "email_shape"),
        address_country=_coded(accounts, "country", "upper"),
        declared_country=_coded(accounts, "declared_country", "upper"),
        phone_country=_coded(accounts, "phone_country", "upper"),
    )


def _coded(accounts: pa.Table, name: str, case: Case = "as read") -> Coded:
    if name not in accounts.column_names:
        return Coded((), np.full(len(accounts), -1, np.int64))
    texts = _CASES[case](pc.utf8_trim_whitespace(accounts[name].cast(pa.string())))
    values = sorted(str(value) for value in pc.unique(texts).to_pylist() if value)
    codes = pc.index_in(texts, value_set=pa.array(values, pa.string())).cast(pa.int64())
    return Coded(tuple(values), pc.fill_null(codes, -1).to_numpy())
