import numpy as np
import pytest
import scipy.sparse as sp

from stillwatch.together.dispersion import Features, dispersion, measure

WIDE, NARROW, CROWD = 4.0, 1.0, 400


@pytest.mark.parametrize(("alike", "expected"), [(200, NARROW**2), (2, None)])
def test_strangers_are_those_of_the_stratum_unless_they_are_few(alike: int, expected: float | None) -> None:
    """A group whose accounts are of a rare sort is held against all strangers, since few say nothing."""
    rng, group = np.random.default_rng(1), 50
    stratum = np.repeat([1, 1, 0], [group, alike, CROWD])
    values = (rng.normal(size=len(stratum)) * np.where(stratum == 1, NARROW, WIDE))[:, None]
    strangers = np.arange(len(stratum)) >= group
    nothing = np.zeros(len(stratum))
    features = Features(values, values[:, 0] ** 2, np.ones(len(stratum), bool), stratum, nothing)
    members = sp.csr_array((np.ones(group), (np.zeros(group, int), np.arange(group))), shape=(1, len(stratum)))
    found = dispersion(measure(features, members), strangers)
    wanted = expected or float(values[strangers].var())
    assert found.strangers[0] == pytest.approx(wanted, rel=0.15 if expected else 1e-9)
