"""A slow first phase before the burst is found; growth, silence and an uneven week are not."""

import numpy as np
import pyarrow as pa

from stillwatch.taking.course.probing import best_cut, judge_probing, phases

SEED = 13


def test_the_cut_lies_where_the_burst_begins() -> None:
    phase = best_cut(np.array([2.0] * 6 + [100.0] * 20), np.full(26, 10.0))
    assert (phase.before, phase.after, phase.hours, phase.faster) == (12.0, 2_000.0, 36.0, 50.0)


def test_a_pool_that_grows_at_one_pace_scales_nothing_up() -> None:
    """Ten times the accounts ask ten times as much: no phase is slower for each account."""
    alive = np.array([10.0] * 6 + [100.0] * 20)
    assert best_cut(3.0 * alive, alive).harvest == 0.0


def test_silence_is_no_probing() -> None:
    assert (
        best_cut(np.array([1.0, 0, 0, 0, 0, 0] + [100.0] * 20), np.ones(26)).harvest
        < best_cut(np.array([5.0, 5, 5, 5, 5, 5] + [100.0] * 20), np.ones(26)).harvest
    )
    assert best_cut(np.array([1.0, 0, 0, 100.0]), np.ones(4)).harvest == 0.0


def _log(campaign: list[int], others: int = 300) -> tuple[pa.Table, pa.Table]:
    """One campaign among customers whose weeks are uneven."""
    pick = np.random.default_rng(SEED)
    rows = [{"customer": "campaign", "accused": True, "block": b, "exchanges": n} for b, n in enumerate(campaign) if n]
    for customer in range(others):
        pace = pick.lognormal(1.0, 1.0) * pick.gamma(1.0, 1.0, len(campaign))
        counted = pick.poisson(pace).tolist()
        rows += [
            {"customer": f"a:{customer}", "accused": False, "block": b, "exchanges": n}
            for b, n in enumerate(counted)
            if n
        ]
    names = dict.fromkeys(row["customer"] for row in rows)
    whole = [{"customer": name, "first": 0, "last": len(campaign) - 1, "accounts": 1} for name in names]
    return pa.Table.from_pylist(rows), pa.Table.from_pylist(whole)


def test_a_campaign_that_probes_first_stands_out() -> None:
    found = judge_probing(phases(*_log([3] * 6 + [300] * 30)), "campaign")
    assert found is not None
    assert found[0] > 3
    assert "18 exchanges in the first 36 hours, then 9,000, 100.0 times as fast for each account" in found[1]


def test_a_campaign_that_starts_at_full_speed_does_not() -> None:
    found = judge_probing(phases(*_log([300] * 36)), "campaign")
    assert found is not None
    assert found[0] <= 0
    assert "without a slow first phase" in found[1]


def test_a_customer_in_the_campaigns_place_gets_an_honest_e_value() -> None:
    cuts = {name: cut for name, cut in phases(*_log([300] * 36)).items() if name != "campaign"}
    found = [judge_probing(cuts | {name: (True, cut)}, name) for name, (_, cut) in cuts.items()]
    assert np.mean([2 ** one[0] for one in found if one]) <= 1.0, f"seed {SEED}"
