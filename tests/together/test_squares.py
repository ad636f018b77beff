import numpy as np
import scipy.sparse as sp

from stillwatch.together.squares import squared_sums


def test_squared_lengths_of_sums_are_those_of_the_product() -> None:
    rng = np.random.default_rng(1)
    picked = sp.csr_array(rng.random((40, 30)) * (rng.random((40, 30)) < 0.2))
    values = sp.csr_array(rng.random((30, 500)) * (rng.random((30, 500)) < 0.1))
    picked.data[:3] = np.nan
    np.testing.assert_allclose(((picked @ values).toarray() ** 2).sum(axis=1), squared_sums(picked, values), rtol=1e-12)


def test_a_sum_of_nothing_has_no_length() -> None:
    assert squared_sums(sp.csr_array((2, 3)), sp.csr_array((3, 4))).tolist() == [0.0, 0.0]
