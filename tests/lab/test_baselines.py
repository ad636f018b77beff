"""Each baseline on a case with a known answer."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from baselines import (
    co_sharing,
    evilcohort,
    fraudar,
    hourly_profile,
    keyword_list,
    linkage,
    mahalanobis,
    mmd_window,
    prada,
    rate_limit,
    similar_pairs,
    synchrotrap,
    weights_and_signals,
)
from baselines.log import Log
from baselines.mmd import kernel, mmd2, own_mean
from scipy.sparse import csr_array

Row = dict[str, object]
Maker = Callable[..., Log]
People = Callable[..., list[Row]]


def sent(account: str, hours: list[float], **columns: object) -> list[Row]:
    return [{"account_id": account, "hour": hour, **columns} for hour in hours]


def test_the_rate_limit_counts_any_sixty_minutes(log_of: Maker) -> None:
    """Five exchanges across a full hour's edge are five; spread over five hours they are one."""
    log = log_of([*sent("burst", [0.8, 0.9, 1.0, 1.1, 1.2]), *sent("slow", [0, 2, 4, 6, 8])])
    assert rate_limit.busiest_hour(log).tolist() == [5.0, 1.0]
    assert rate_limit.find(log, log_of(sent("usual", [0.1, 0.2]))) == [("burst",)]


def test_the_rate_limit_has_a_plain_limit_of_a_hundred(log_of: Maker) -> None:
    """A hundred exchanges in an hour are allowed, one more is not."""
    log = log_of([*sent("at", [n / 200 for n in range(100)]), *sent("above", [n / 200 for n in range(101)])])
    assert rate_limit.plain(log, log) == [("above",)]


def test_the_keyword_list_counts_exchanges_with_a_phrase(log_of: Maker) -> None:
    """Several phrases in one prompt are one hit, in any case of letters; a word alone is none."""
    log = log_of(
        [
            *sent("harvest", [1, 2, 3], prompt_text="Think STEP BY STEP and show your reasoning"),
            *sent("person", [1, 2, 3], prompt_text="the next step of my recipe"),
        ]
    )
    assert keyword_list.hits(log).tolist() == [3.0, 0.0]
    assert keyword_list.plain(log, log) == [("harvest",)]
    assert keyword_list.find(log, log_of(sent("usual", [1], prompt_text="hello"))) == [("harvest",)]


def test_the_published_weights_sum_to_one_and_are_all_used_or_named_absent() -> None:
    """A signal without a weight, or a weight forgotten, would change every sum."""
    assert pytest.approx(1.0) == sum(weights_and_signals.WEIGHTS.values())


def test_weighted_signals_add_up_as_published(log_of: Maker) -> None:
    """A phrase in every prompt is worth its whole weight, one exchange an hour little; one country counts 1.3 times."""
    log = log_of(
        [
            *sent("a", [1], prompt_text="reason step by step", country="US"),
            *sent("b", [9], prompt_text="reason step by step", country="CN"),
            *sent("c", [19], prompt_text="hello", country="US"),
        ]
    )
    assert pytest.approx([0.0906, 0.0906 * 1.3, 0.0006]) == weights_and_signals.fused(log).tolist()


def test_weighted_signals_group_the_accused_by_their_cluster(log_of: Maker) -> None:
    """Two accounts on one network are one group, a third elsewhere is its own."""
    rows = [*sent("a", [1], ip="10.0.0.1"), *sent("b", [2], ip="10.0.0.9"), *sent("c", [3], ip="10.0.1.1")]
    log = log_of(rows)
    assert weights_and_signals.grouped(log, np.ones(3, bool)) == [("a", "b"), ("c",)]


def test_prada_takes_the_least_distance_to_earlier_prompts() -> None:
    """At right angles the distance is the root of two; to an equal prompt it is nothing."""
    prompts = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    assert pytest.approx([np.sqrt(2), 0.0]) == prada.least_distances(prompts).tolist()


def test_prada_tells_normal_distances_from_two_heaps() -> None:
    """Shapiro and Wilk's W is near 1 for a normal sample and low for a sample of two values."""
    draw = np.random.default_rng(1)
    heaps = np.repeat([0.1, 0.9], 100) + draw.normal(0, 0.01, 200)
    assert prada.departure(draw.normal(0.5, 0.1, 200)) < 0.02
    assert prada.departure(heaps) > 1 - prada.PLAIN_W
    assert prada.departure(np.ones(100)) == 1.0


def test_prada_accuses_the_account_that_alternates_two_templates(log_of: Maker, strangers: People) -> None:
    """Half of its prompts repeat word for word and half are new: two heaps of distances."""
    odd = strangers(1, 120, 7, "odd")
    for row in odd[::2]:
        row["prompt_text"] = "always the same words"
    log = log_of([*strangers(4, 120, 8), *odd])
    assert prada.find(log, log_of(strangers(4, 120, 9))) == [("odd000",)]


def test_similar_pairs_counts_every_pair_of_one_prompt(log_of: Maker, strangers: People) -> None:
    """Thirty copies are 435 pairs; thirty different prompts are hardly any."""
    copies = sent("copy", [float(n) for n in range(30)], prompt_text="balem dotar fenil gakos")
    log, reference = log_of([*copies, *strangers(5, 30, 1)]), log_of(strangers(6, 30, 2))
    assert similar_pairs.similar(log, reference)[0][0] == 435.0
    assert similar_pairs.find(log, reference) == [("copy",)]
    assert similar_pairs.plain(log, reference) == [("copy",)]


@pytest.mark.parametrize("detector", [mahalanobis, mmd_window])
def test_other_words_than_the_reference_are_far_away(detector: object, log_of: Maker, strangers: People) -> None:
    """An account that always uses three words of its own is accused, accounts like the reference's are not."""
    other = sent("other", [float(n) for n in range(40)], prompt_text="zyx wvu tsr")
    log = log_of([*other, *strangers(8, 40, 3)])
    assert ("other",) in detector.find(log, log_of(strangers(30, 40, 4)))  # type: ignore[attr-defined]


def test_accounts_with_few_prompts_are_not_evaluated(log_of: Maker, strangers: People) -> None:
    """Fewer prompts than a window give no score, so nobody is accused of saying little."""
    log, reference = log_of(sent("few", [1.0, 2.0], prompt_text="zyx wvu tsr")), log_of(strangers(6, 40, 5))
    assert mahalanobis.plain(log, reference) == []
    assert mmd_window.plain(log, reference) == []


def test_the_discrepancy_of_two_points_is_what_the_formula_says() -> None:
    """Two equal prompts at right angles to two equal benign ones: 1 + 1 - 2 mean k, k the mean of four Gaussians."""
    window, pool = np.array([[1, 0], [1, 0]], np.float32), np.array([[0, 1], [0, 1]], np.float32)
    mean = np.mean([np.exp(-2.0 / (2 * s * s * 2.0)) for s in (0.5, 1, 2, 4)])
    assert pytest.approx(2 - 2 * mean, abs=1e-5) == mmd_window.discrepancy(
        window, mmd_window.Benign(pool, np.sqrt(2), 1.0)
    )


def test_the_discrepancy_of_a_window_is_the_two_sample_statistic() -> None:
    """Knowing the pool's own part beforehand changes nothing."""
    draw = np.random.default_rng(13)
    window, prompts = (draw.normal(size=(n, 6)).astype(np.float32) for n in (20, 50))
    within = float(own_mean(kernel(prompts, prompts, 3.0), np.ones((1, 50), np.float32))[0])
    pool = mmd_window.Benign(prompts, 3.0, within)
    assert pytest.approx(mmd2(window, prompts, 3.0), abs=1e-5) == mmd_window.discrepancy(window, pool)


def test_synchrotrap_weighs_a_pair_by_shared_actions(log_of: Maker) -> None:
    """Five common hours of seven at one address are a Jaccard index of 5 / 7; another address shares nothing."""
    rows = [
        *sent("a", [0.2, 5.2, 10.2, 15.2, 20.2, 25.2], ip="1.1.1.1"),
        *sent("b", [0.3, 5.3, 10.3, 15.3, 20.3, 30.3], ip="1.1.1.1"),
        *sent("c", [0.3, 5.3, 10.3, 15.3, 20.3, 30.3], ip="2.2.2.2"),
    ]
    pairs = synchrotrap.similarities(log_of(rows))
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1)]
    assert pytest.approx([5 / 7]) == pairs.weight.tolist()


def test_synchrotrap_sees_actions_on_both_sides_of_the_hour(log_of: Maker) -> None:
    """Two minutes apart is together, even where a full hour lies between."""
    rows = [*sent("a", [0.99, 4.99, 8.99, 12.99, 16.99], ip="1"), *sent("b", [1.01, 5.01, 9.01, 13.01, 17.01], ip="1")]
    assert synchrotrap.similarities(log_of(rows)).weight.tolist() == [1.0]


def test_synchrotrap_accuses_those_in_step(log_of: Maker, strangers: People) -> None:
    """Six accounts of one client act in the same hours; strangers do not."""
    hours = [[3.1 + 7 * k + n / 100 for k in range(9)] for n in range(6)]
    step = [row for n in range(6) for row in sent(f"s{n}", hours[n], user_agent="c")]
    log, reference = log_of([*step, *strangers(10, 9, 6)]), log_of(strangers(20, 9, 7))
    assert [tuple(f"s{n}" for n in range(6))] == synchrotrap.find(log, reference)
    assert [tuple(f"s{n}" for n in range(6))] == synchrotrap.plain(log, reference)


def test_evilcohort_separates_two_botnets_joined_by_one_account(log_of: Maker) -> None:
    """Communities, not components: two sets of twelve with own addresses, and one account that touches both."""
    rows = [
        row
        for net in "ab"
        for n in range(12)
        for ip in range(3)
        for row in sent(f"{net}{n:02}", [float(n)], ip=f"{net}.{ip}")
    ]
    rows += [*sent("a00", [50.0], ip="b.0"), *sent("lonely", [1.0], ip="own")]
    log = log_of(rows)
    names = [tuple(f"{net}{n:02}" for n in range(12)) for net in "ab"]
    assert names == evilcohort.plain(log, log)
    assert names == evilcohort.find(log, log_of(sent("x", [1.0], ip="1")))


def test_co_sharing_weighs_rare_objects_more(log_of: Maker) -> None:
    """What everybody shows links nobody; three accounts with one rare prompt are one group."""
    rows = [row for n in range(9) for row in sent(f"p{n}", [1.0], ip="all", prompt_text=f"own words {n}")]
    rows += [row for n in range(3) for row in sent(f"r{n}", [2.0], ip="all", prompt_text="the rare prompt")]
    pairs = co_sharing.cosines(log_of(rows))
    assert pytest.approx([1.0, 1.0, 1.0]) == pairs.weight.tolist()
    assert co_sharing.find(log_of(rows), log_of(rows[:9])) == [("r0", "r1", "r2")]


def test_declared_colleagues_are_linked_by_nobody(log_of: Maker) -> None:
    """Three seats of one declared organisation share a prompt: the fair setting leaves them alone."""
    seats = [{"account_id": f"r{n}", "org_id": "company"} for n in range(3)]
    rows = [row for n in range(3) for row in sent(f"r{n}", [2.0], prompt_text="the rare prompt")]
    rows += [row for n in range(9) for row in sent(f"p{n}", [1.0], prompt_text=f"own words {n}")]
    assert co_sharing.find(log_of(rows, seats), log_of(rows[3:])) == []


@pytest.mark.parametrize("seed", range(20))
def test_fraudar_is_at_least_half_as_dense_as_the_best(seed: int) -> None:
    """Theorem 2 of the paper, against every subset of a small graph."""
    draw = np.random.default_rng(seed)
    matrix = fraudar.weighted(csr_array((draw.random((7, 5)) < 0.4).astype(float)))
    dense = matrix.toarray()
    best = max(
        dense[np.ix_(rows, columns)].sum() / (len(rows) + len(columns))
        for r in range(1, 8)
        for rows in combinations(range(7), r)
        for c in range(1, 6)
        for columns in combinations(range(5), c)
    )
    assert best / 2 <= fraudar.densest(matrix).density <= best + 1e-9


def test_fraudar_finds_the_planted_block_through_camouflage(log_of: Maker, strangers: People) -> None:
    """Eight accounts share eight addresses and also show what everybody shows."""
    rows, usual = strangers(30, 3, 8), strangers(30, 3, 9)
    for row in [*rows[::2], *usual[::2]]:
        row["ip"] = "popular"
    planted = [(n, ip) for n in range(8) for ip in range(8)]
    rows += [row for n, ip in planted for row in sent(f"z{n}", [float(ip)], ip=f"bot{ip}")]
    rows += [row for n in range(8) for row in sent(f"z{n}", [9.0], ip="popular")]
    expected = [tuple(f"z{n}" for n in range(8))]
    assert expected == fraudar.plain(log_of(rows), log_of(rows))
    assert expected == fraudar.find(log_of(rows), log_of(usual))


def test_linkage_joins_accounts_of_one_card_and_address(log_of: Maker) -> None:
    """Four accounts agree on what only they have; two hundred others agree by chance on common values."""
    draw = np.random.default_rng(10)

    def people(prefix: str) -> list[Row]:
        return [
            {
                "account_id": f"{prefix}{n:03}",
                "email_domain": str(draw.choice(["one.example", "two.example", "three.example"])),
                "email_shape": str(draw.choice(["A4", "A5", "A6D2"])),
                "payment_fingerprint": f"{prefix}{n // 2 if n < 20 else n}",
                "declared_country": str(draw.choice(["US", "FR", "JP"])),
                "verification": str(draw.choice(["email", "card"])),
            }
            for n in range(200)
        ]

    same = {
        "email_domain": "rare.example",
        "email_shape": "A9D9",
        "payment_fingerprint": "card",
        "declared_country": "NZ",
    }
    accounts = [*people("p"), *({"account_id": f"z{n}", "verification": "email", **same} for n in range(4))]
    used = [row for n, a in enumerate(accounts) for row in sent(str(a["account_id"]), [n / 10], ip=f"own{min(n, 200)}")]
    assert ("z0", "z1", "z2", "z3") in linkage.plain(log_of(used, accounts), log_of(used, accounts))
    usual = people("q")
    reference = log_of([row for a in usual for row in sent(str(a["account_id"]), [1.0], ip=str(a))], usual)
    assert linkage.find(log_of(used, accounts), reference) == [("z0", "z1", "z2", "z3")]


def test_hourly_profiles_of_one_clock_correlate_fully(log_of: Maker, strangers: People) -> None:
    """Six accounts with the same hours, however busy, are one group; people with own hours are none."""
    hours = [float(h) for h in range(0, 240, 7)]
    rows = [row for n in range(6) for row in sent(f"z{n}", sorted(hours * (n + 1)))]
    log = log_of([*rows, *strangers(10, 40, 11)])
    expected = [tuple(f"z{n}" for n in range(6))]
    assert expected == hourly_profile.plain(log, log)
    assert expected == hourly_profile.find(log, log_of(strangers(20, 40, 12)))
