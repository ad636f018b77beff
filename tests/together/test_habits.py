import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from stillwatch.profile import FACET_BINS
from stillwatch.settings import Settings
from stillwatch.together import Accounts, accounts_of, find, form_groups, load
from stillwatch.together.groups import Groups, Shown, build
from stillwatch.together.habits import habits
from stillwatch.together.likeness import ALL, HABITS
from stillwatch.together.score import exempted, score
from stillwatch.types import Trait, TraitKind

SETTINGS = Settings()


def bare(made: Accounts) -> Accounts:
    """The same accounts, which share nothing."""
    return replace(made, shown={kind: nothing(kind) for kind in made.shown})


def nothing(kind: TraitKind) -> Shown:
    rows = np.zeros(0, np.int32)
    return Shown(kind, rows, rows, rows.astype(np.int64), pa.array([], pa.string()))


def test_parts_are_nested_large_enough_and_of_accounts_that_have_habits(world) -> None:
    made = world(3, operators=(40,)).accounts
    found = {(trait.kind, trait.value): set(rows.tolist()) for trait, rows in habits(made)}
    assert {kind for kind, _ in found} == set(HABITS)
    assert len(found) > 50
    assert max(map(len, found.values())) <= len(made.exchanges) / 4
    for (kind, path), rows in found.items():
        assert len(rows) >= 10
        assert made.exchanges[list(rows)].min() >= 5
        assert rows <= found.get((kind, path[:-1]), rows)
        other = path[:-1] + str(1 - int(path[-1]))
        assert not rows & found.get((kind, other), set())


def test_the_operator_is_a_part_of_its_own(world) -> None:
    made = world(3, operators=(40,))
    for kind in HABITS:
        shares = [(made.operator[rows] > 0).mean() for trait, rows in habits(made.accounts) if trait.kind == kind]
        assert max(shares) == 1.0


def test_parts_do_not_depend_on_the_order_of_accounts(world) -> None:
    made = world(3, operators=(40,)).accounts
    order = np.random.default_rng(4).permutation(len(made.exchanges))
    turned = replace(
        made, exchanges=made.exchanges[order], facets={name: block[order] for name, block in made.facets.items()}
    )
    straight = {(trait.kind, tuple(rows.tolist())) for trait, rows in habits(made)}
    assert straight == {(trait.kind, tuple(sorted(order[rows].tolist()))) for trait, rows in habits(turned)}


def test_accounts_that_are_all_the_same_are_never_cut(world) -> None:
    made = world(3).accounts
    same = {name: np.ones_like(block) for name, block in made.facets.items()}
    assert list(habits(replace(made, facets=same))) == []


def test_whoever_was_not_read_is_in_no_part(world) -> None:
    made = world(3).accounts
    unread = made.facets["prompt"].copy()
    unread[::2] = 0
    topics = [
        rows
        for trait, rows in habits(replace(made, facets={**made.facets, "prompt": unread}))
        if trait.kind == TraitKind.TOPICS
    ]
    assert topics
    assert all((rows % 2 == 1).all() for rows in topics)


@pytest.mark.parametrize("kind", HABITS)
def test_a_part_is_tested_in_everything_but_what_formed_it_and_what_follows_from_that(world, kind: TraitKind) -> None:
    made = bare(world(3, operators=(40,)).accounts)
    groups = form_groups(made, SETTINGS)
    own = np.array([kinds[0].kind == kind for kinds in groups.traits])
    exempt = exempted(made, groups)
    left_out = {test.name for test in ALL if exempt[test.name][own].all()}
    assert left_out == {"target", "reply"}


def test_an_operator_whose_accounts_share_nothing_is_found_by_habits_alone(world) -> None:
    made = world(3, operators=(40,))
    (campaign,) = find(bare(made.accounts), load(), SETTINGS).campaigns
    assert (made.operator[campaign.rows] > 0).sum() >= 36
    assert (made.operator[campaign.rows] == 0).sum() == 0
    said = " ".join(evidence.claim for evidence in campaign.evidence)
    assert re.search(r"hypothesis: accounts alike in topics \(\d+ % of .*; part [01]+ of all accounts\)", said)


def test_innocent_accounts_that_share_nothing_are_no_campaign(world) -> None:
    assert find(bare(world(4).accounts), load(), SETTINGS).campaigns == ()


def test_a_whole_is_not_accused_for_the_sake_of_its_part(world) -> None:
    """Of an operator and some strangers a part is alike enough; the strangers are no part of what is accused."""
    made = world(3, operators=(40,))
    accounts = bare(made.accounts)
    own, strangers = np.flatnonzero(made.operator > 0), np.flatnonzero(made.operator == 0)[:5]
    parts = [("0", np.sort(np.concatenate([own, strangers]))), ("01", own), ("00", strangers)]
    alike = [(Trait(TraitKind.TOPICS, path), rows) for path, rows in parts]
    groups = build(accounts.shown, accounts.exchanges, SETTINGS.minimum_accounts, alike)
    scores = score(accounts, groups, load(), 0.01)
    judged = {
        groups.traits[row][0].value: (scores.choice.chosen[row], scores.accused[row], scores.outdone[row])
        for row in range(len(groups))
    }
    assert judged == {"0": (True, False, True), "01": (True, True, False), "00": (False, False, False)}


def test_groups_by_habit_are_no_smaller_than_the_setting_wants(world) -> None:
    made = bare(world(3, operators=(40,)).accounts)
    sizes = np.asarray(form_groups(made, replace(SETTINGS, minimum_accounts=50)).members.sum(axis=1))
    assert len(sizes)
    assert sizes.min() >= 50


def test_of_too_many_parts_those_with_the_most_exchanges_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.together.groups._MOST_GROUPS", 2)
    alike = [(Trait(TraitKind.TOPICS, f"{n}"), np.arange(10 * n, 10 * n + 10)) for n in range(4)]
    groups = build({kind: nothing(kind) for kind in TraitKind}, np.repeat([3, 9, 1, 7], 10), 5, alike)
    assert {traits[0].value for traits in groups.traits} == {"1", "3"}


def test_without_words_there_are_no_topics(world) -> None:
    made = world(3, operators=(40,)).accounts
    silent = {"target": np.zeros_like(made.facets["target"]), "prompt": np.zeros_like(made.facets["prompt"])}
    assert list(habits(replace(made, facets={**made.facets, **silent}))) == []


def test_an_operator_that_owns_a_third_of_the_log_is_found_whole(world) -> None:
    """Fragments of one operator are no strangers to each other."""
    made = world(100, operators=(400,), size=1200)
    (campaign,) = find(bare(made.accounts), load(), SETTINGS).campaigns
    assert (made.operator[campaign.rows] > 0).all()
    assert len(campaign.rows) >= 360


def test_a_few_exact_clones_do_not_free_the_others(world) -> None:
    """A decoy says more than the whole that it is in, and is a small part of it."""
    made = world(3, operators=(40,))
    own = np.flatnonzero(made.operator > 0)
    decoy = own[:6]
    facets = {name: block.copy() for name, block in bare(made.accounts).facets.items()}
    for block in facets.values():
        block[decoy] = block[decoy[0]]
    accounts = replace(bare(made.accounts), facets=facets)
    alike = [(Trait(TraitKind.TOPICS, "0"), own), (Trait(TraitKind.TOPICS, "01"), decoy)]
    groups = build(accounts.shown, accounts.exchanges, SETTINGS.minimum_accounts, alike)
    scores = score(accounts, groups, load(), 0.01)
    assert scores.accused[[one[0].value for one in groups.traits].index("0")]


def test_showing_any_value_is_no_likeness_beside_a_crowd_that_shows_none() -> None:
    """Accounts with a client of their choice are held against others that show one, however many show none."""
    rng, few, many = np.random.default_rng(5), 400, 4_000
    exchanges = np.full(few + many, 20)
    facets = {name: np.zeros((few + many, bins), np.float32) for name, bins in FACET_BINS.items()}
    kinds = pa.array(["client"] * few)
    values = pa.array([f"{value}" for value in rng.integers(0, 8, few)])
    table = pa.table(
        [kinds, values, np.arange(few), exchanges[:few]], names=["kind", "value", "account_key", "exchanges"]
    )
    seconds = (np.zeros(few + many, np.int64), np.full(few + many, 10**6))
    accounts = accounts_of(exchanges, seconds, facets, [table], np.arange(few + many))
    members = sp.csr_array((np.ones(100), np.arange(100), [0, 100]), shape=(1, few + many))
    scores = score(accounts, Groups(((Trait(TraitKind.SIGN_UP, "a day"),),), members), load(), 0.01)
    seen = scores.observed["client"]
    assert abs(float(seen.log_ratio[0])) < 0.1
