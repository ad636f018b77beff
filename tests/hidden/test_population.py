"""Accounts become arrays without losing or inventing anything."""

import numpy as np
import pyarrow as pa

from stillwatch.hidden.population import population


def test_values_are_cleaned_and_unknown_ones_stay_unknown() -> None:
    table = pa.table(
        {
            "account_id": ["a", "b", "c", "d"],
            "email_domain": [" Example.ORG", "example.org", "", None],
            "country": ["de", "DE", "fr", None],
        }
    )
    found = population(table)
    assert found.domain.values == ("example.org",)
    assert found.domain.known.tolist() == [True, True, False, False]
    assert found.address_country.among(["DE"]).tolist() == [True, True, False, False]
    assert not found.organisation.known.any(), "an absent column is unknown for everybody"


def test_members_are_found_by_id_and_strangers_are_not() -> None:
    found = population(pa.table({"account_id": ["a", "b", "c"]}))
    assert found.members({"c", "a", "nobody"}).tolist() == [True, False, True]


def test_counts_are_of_the_chosen_rows() -> None:
    found = population(pa.table({"account_id": ["a", "b", "c"], "org_id": ["x", "y", "x"]}))
    assert found.organisation.counts(np.array([True, True, False])).tolist() == [1, 1]
