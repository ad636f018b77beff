import numpy as np
import scipy.sparse as sp

from stillwatch.together.telling import by_account, starts_of, unit_rows_of


def test_traits_stand_account_by_account_in_the_order_in_which_they_came() -> None:
    rows = np.array([2, 0, 2, 0, 1], np.int32)
    starts = starts_of(rows, 4)
    assert (starts.tolist(), by_account(rows, starts, np.arange(5, dtype=np.int32)).tolist()) == (
        [0, 2, 3, 5, 5],
        [1, 3, 4, 0, 2],
    )


def test_unit_rows_are_those_of_matrix_products_whatever_repeats() -> None:
    rng = np.random.default_rng(5)
    rows, codes = rng.integers(0, 40, 900).astype(np.int32), np.sort(rng.integers(0, 30, 900)).astype(np.int32)
    exchanges, whole = rng.integers(1, 9, 900), rng.integers(4, 300, 40)
    shares = np.minimum(exchanges / whole[rows], 1.0)
    plain = sp.csr_array((shares, (rows, codes)), shape=(40, 30)).toarray()
    length = np.sqrt((plain**2).sum(axis=1) + np.maximum(1 - plain.sum(axis=1), 0) ** 2)
    found = unit_rows_of(rows, codes, exchanges, whole, (40, 30)).toarray()
    np.testing.assert_allclose(found, plain / length[:, None], rtol=1e-12)
