"""Chance makes small groups alike more often than large ones: what likeness is worth depends on the accounts."""

import numpy as np

from stillwatch.together.dispersion import Dispersion
from stillwatch.together.null import bits_of, fit

GROUPS = 2_000


def groups(log_ratio: np.ndarray, accounts: np.ndarray) -> Dispersion:
    nothing = np.zeros(len(log_ratio))
    return Dispersion(log_ratio, nothing, nothing + 0.01, accounts.astype(float), nothing, nothing)


def benign(seed: int) -> tuple[Dispersion, list[str]]:
    """Groups of 5 accounts scatter five times as far as groups of 40."""
    random = np.random.default_rng(seed)
    accounts = np.where(random.random(GROUPS) < 0.5, 5, 40)
    return groups(random.standard_t(8, GROUPS) * np.where(accounts == 5, 0.75, 0.15), accounts), ["client"] * GROUPS


def test_the_same_likeness_says_more_of_many_accounts_than_of_few() -> None:
    nulls = fit({"reply": benign(1)[0]}, benign(1)[1], "made")
    few, many = bits_of(groups(np.array([-2.0, -2.0]), np.array([5, 40])), "reply", ["client"] * 2, nulls)
    assert few < 2
    assert many > 8


def test_neither_size_reaches_more_bits_than_promised() -> None:
    nulls = fit({"reply": benign(1)[0]}, benign(1)[1], "made")
    judged, kinds = benign(2)
    bits = bits_of(judged, "reply", kinds, nulls)
    for accounts in (5, 40):
        of_size = bits[judged.accounts == accounts]
        assert (of_size >= 3).mean() <= 1 / 8
        assert (of_size >= 5).mean() <= 1 / 32


def test_a_size_that_the_reference_hardly_has_leans_on_all_sizes() -> None:
    observed, kinds = benign(1)
    nulls = fit({"reply": observed}, kinds, "made")
    _, sizes = nulls.of("reply", "client") or ("", ())
    assert sizes[1] == sizes[2]
    assert sizes[1].groups == GROUPS
    assert sizes[0].groups < GROUPS


def test_a_provider_all_of_whose_large_groups_are_more_alike_accuses_none_of_them() -> None:
    nulls = fit({"reply": benign(1)[0]}, benign(1)[1], "made")
    judged, kinds = benign(3)
    large = judged.accounts == 40
    judged.log_ratio[large] = 2 * judged.log_ratio[large] - 0.3
    bits = bits_of(judged, "reply", kinds, nulls)
    assert (bits[large] >= 3).mean() <= 1 / 8
    assert (bits[large] >= 6).mean() <= 1 / 64


def test_a_campaign_that_owns_two_fifths_of_the_large_groups_does_not_hide_behind_itself() -> None:
    nulls = fit({"reply": benign(1)[0]}, benign(1)[1], "made")
    judged, kinds = benign(4)
    large = np.flatnonzero(judged.accounts == 40)
    judged.log_ratio[large[: len(large) * 2 // 5]] = -1.5
    bits = bits_of(judged, "reply", kinds, nulls)
    assert np.median(bits[large[: len(large) * 2 // 5]]) > 6
