"""The answer finds a harvest, spares its twins, keeps its promise on error, and says when it cannot tell."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.bits import calibrate_bits
from stillwatch.engine import DuckDBEngine
from stillwatch.settings import Settings
from stillwatch.taking.answer import FAMILY_BITS, TESTS, WEAKER_BITS, judge_taking, strangers_needed
from stillwatch.taking.counts import Counts, Part, counts
from stillwatch.taking.units import answered_totals, task_counts, unit_multiplicities, unit_parts, unit_totals

SEED = 5
Row = dict[str, Any]
Unit = Mapping[str, float]
Build = Callable[[Unit, Sequence[Unit]], Counts]

HARVEST: Unit = {
    "exchanges": 2_000,
    "tasks": 2_000,
    "single": 2_000,
    "turned": 2_000,
    "stream_exchanges": 1_980,
    "stream_tasks": 1_980,
    "stream_once": 1_980,
    "stream_single": 1_980,
    "stream_turned": 1_980,
    "stream_elicits": 1_200,
    "stream_target_reasoning": 1_980,
}


def _ordinary(count: int, seed: int = SEED) -> list[Unit]:
    """Draw customers: most chat, a few run batches; everything one does grows with how much one does."""
    pick = np.random.default_rng(seed)
    found: list[Unit] = []
    for _ in range(count):
        size = max(20, int(pick.lognormal(4, 1.0)))
        batch = pick.random() < 0.05
        single = int(size * (1 if batch else pick.beta(3, 5)))
        stream = int(size * (pick.beta(9, 1) if batch else pick.beta(1, 9)))
        shares = pick.dirichlet(np.full(4, 0.5))
        names = ("coding", "knowledge", "instruction_following", "other")
        found.append(
            {
                "exchanges": size,
                "tasks": int(size * 0.9),
                "single": single,
                "turned": size,
                "elicits": int(size * pick.beta(0.3, 9)),
                "judged": int(size * pick.beta(0.1, 9)),
                **{f"target_{name}": float(size * share) for name, share in zip(names, shares, strict=True)},
                "stream_exchanges": stream,
                "stream_tasks": int(stream * 0.8),
                "stream_once": int(stream * 0.7),
                "stream_single": min(stream, single),
                "stream_turned": stream,
                **{f"stream_target_{n}": float(stream * s) for n, s in zip(names, shares, strict=True)},
                "modal_times": 2,
                "modal_exchanges": int(size * pick.beta(0.5, 9)),
            }
        )
    return found


def test_a_harvest_is_taking(units: Build) -> None:
    finding = judge_taking(units(HARVEST, _ordinary(3_000)), "c", 1_980, Settings())
    assert finding.answer == "yes"
    assert finding.bits >= Settings().taking_bits
    assert finding.not_evaluated == ()


def test_a_relay_of_which_a_part_is_taken_is_mixed(units: Build) -> None:
    relay = {**HARVEST, "exchanges": 6_000, "tasks": 5_500, "single": 3_500, "turned": 6_000}
    assert judge_taking(units(relay, _ordinary(3_000)), "c", 1_980, Settings()).answer == "mixed"


def test_what_is_hardly_taken_is_no_harvest(units: Build) -> None:
    assert judge_taking(units(HARVEST, _ordinary(3_000)), "c", 50, Settings()).answer == "no"


def test_a_small_share_that_most_members_took_part_in_is_mixed(units: Build) -> None:
    """One exchange in forty by nearly all accounts is an operator among customers, not an accident."""
    counted = units(HARVEST, _ordinary(3_000))
    assert judge_taking(counted, "c", 50, Settings(), takers_fraction=0.9).answer == "mixed"
    assert judge_taking(counted, "c", 50, Settings(), takers_fraction=0.4).answer == "no"
    assert (
        judge_taking(units(_ordinary(30)[5], _ordinary(3_000)), "c", 50, Settings(), takers_fraction=1.0).answer == "no"
    )


def test_an_organisation_of_ordinary_people_is_not_taking_however_large(units: Build) -> None:
    strangers = _ordinary(3_000)
    people = [one for one in strangers if one["single"] < 0.6 * one["exchanges"]][:500]
    pooled = {name: sum(one.get(name, 0) for one in people) for name in people[0]}
    pooled |= {"modal_times": 2}
    finding = judge_taking(units(pooled, strangers), "c", int(pooled["exchanges"]), Settings())
    assert finding.answer == "no"
    assert min(one.bits for one in finding.evidence[:2]) < WEAKER_BITS  # extreme in what is asked, not in how


def test_a_lone_batch_job_is_not_taking(units: Build) -> None:
    strangers = _ordinary(3_000)
    batch = next(one for one in strangers if one["single"] == one["exchanges"] > 40)
    assert judge_taking(units(batch, strangers), "c", int(batch["exchanges"]), Settings()).answer == "no"


def test_family_bits_add_up_to_the_bits(units: Build) -> None:
    finding = judge_taking(units(HARVEST, _ordinary(3_000)), "c", 1_980, Settings())
    assert sum(one.bits for one in finding.evidence) == pytest.approx(finding.bits)
    assert [one.test for one in finding.evidence] == ["harvest content", "harvest structure", "harvest rank"]
    assert all(one.bits <= FAMILY_BITS for one in finding.evidence)
    assert "of 3,000 ordinary accounts harvest as much in content and structure together" in finding.evidence[-1].claim


def test_few_strangers_decide_by_rank_instead_of_silence(units: Build) -> None:
    finding = judge_taking(units(HARVEST, _ordinary(150)), "c", 1_980, Settings())
    assert finding.bits < Settings().taking_bits
    assert finding.rank_fraction == pytest.approx(1 / 151)
    assert finding.answer == "yes"


def test_too_few_strangers_are_said_to_be_too_few(units: Build) -> None:
    finding = judge_taking(units(HARVEST, _ordinary(15)), "c", 1_980, Settings())
    assert finding.answer == "not_evaluated"
    assert finding.not_evaluated[-1].missing == (
        f"at least {strangers_needed(Settings())} ordinary accounts with 20 exchanges or more to compare with; "
        "the log has 15"
    )


def test_an_ordinary_campaign_is_ordinary_among_few_strangers_too(units: Build) -> None:
    strangers = sorted(_ordinary(60), key=lambda one: one["exchanges"])
    assert judge_taking(units(strangers[5], strangers), "c", 10, Settings()).answer == "no"


def test_nobody_to_compare_with_is_not_a_no(units: Build) -> None:
    finding = judge_taking(units(HARVEST, []), "c", 1_980, Settings())
    assert finding.answer == "not_evaluated"


def test_without_text_the_question_is_not_answered(units: Build) -> None:
    silent = {"exchanges": 2_000, "texted": 0}
    finding = judge_taking(units(silent, _ordinary(500)), "c", 0, Settings())
    assert (finding.answer, finding.bits, finding.evidence) == ("not_evaluated", 0.0, ())
    assert {one.test for one in finding.not_evaluated} == {test.name for test in TESTS}


def test_a_campaign_that_was_never_answered_is_not_judged_by_its_answers(units: Build) -> None:
    finding = judge_taking(replace(units(HARVEST, _ordinary(500)), campaigns=()), "c", 0, Settings())
    assert (finding.answer, finding.bits, finding.evidence) == ("not_evaluated", 0.0, ())
    assert {one.missing for one in finding.not_evaluated} == {"an exchange that was answered"}


def test_without_turns_the_other_tests_go_on(units: Build) -> None:
    unturned = {**HARVEST, "turned": 0, "single": 0, "stream_turned": 0, "stream_single": 0}
    finding = judge_taking(units(unturned, _ordinary(3_000)), "c", 1_980, Settings())
    assert finding.answer == "yes"
    assert [(one.test, one.missing) for one in finding.not_evaluated] == [("no conversation", "turn")]


def test_added_families_would_be_honest_even_if_they_were_one_test() -> None:
    """P(both families give b / 2) <= P(one p-value gives b / 2), twice over, for every b from the threshold up."""
    log_p = np.linspace(np.log(1e-6), 0, 200_001)
    bits = calibrate_bits(log_p)
    for total in np.arange(Settings().taking_bits, 2 * FAMILY_BITS + 0.01, 0.1):
        half = np.exp(log_p[bits >= total / 2].max())
        at_cap = np.exp(log_p[bits >= total - FAMILY_BITS].max())
        assert min(2 * half, at_cap) <= 2.0**-total, f"{total} bits"


def _null(seed: int, strangers: int) -> Counts:
    """One more ordinary customer stands in the campaign's place."""
    pick = np.random.default_rng(seed)
    size = np.maximum(20, pick.lognormal(4, 1.3, strangers + 1).round())
    batch = pick.random(len(size)) < 0.06
    shares = {name: pick.beta(1, 5, len(size)) for name in ("tasks", "once", "elicits", "judged")}
    single = np.where(batch, 1.0, pick.beta(3, 4, len(size)))
    targets = pick.dirichlet(np.full(11, 0.3), len(size)) * size[:, None]
    columns = {name: np.round(size * np.where(batch, 1 - share, share)) for name, share in shares.items()}
    whole = Part(exchanges=size, single=np.round(size * single), turned=size, targets=targets, **columns)
    stream_share = np.where(batch, 0.95, pick.beta(1, 6, len(size)))
    stream = Part(
        **{name: np.round(getattr(whole, name) * stream_share) for name in (*columns, "exchanges", "single", "turned")},
        targets=targets * stream_share[:, None],
    )
    times, most = pick.integers(2, 6, len(size)).astype(float), np.round(size * pick.beta(0.3, 10, len(size)))
    return Counts(("c",), size, size, whole, stream, times, most)


@pytest.mark.parametrize("strangers", [120, 600])
def test_ordinary_customers_reach_b_bits_at_most_as_often_as_allowed(strangers: int) -> None:
    findings = [judge_taking(_null(SEED + n, strangers), "c", 10**9, Settings()) for n in range(600)]
    bits = np.array([finding.bits for finding in findings])
    for level in range(1, 8):
        allowed = 2.0**-level
        assert (bits >= level).mean() <= allowed + 3 * np.sqrt(allowed / len(bits)), f"seed {SEED}, level {level}"
    accused = np.mean([finding.answer == "yes" for finding in findings])
    allowed = 2 ** -Settings().taking_bits
    assert accused <= allowed + 3 * np.sqrt(allowed / len(findings)), f"seed {SEED}"


def test_ranks_are_those_of_a_conformal_test(units: Build) -> None:
    """Every stranger put in the campaign's place gets its own rank: p-values are uniform over the sample."""
    sample = _ordinary(150)
    ranks = []
    for place in range(len(sample)):
        rest = [*sample[:place], *sample[place + 1 :]]
        ranks.append(judge_taking(units(sample[place], rest), "c", 0, Settings()).rank_fraction or 0.0)
    for level in (0.02, 0.1, 0.3, 0.7):
        assert np.mean(np.array(ranks) <= level) <= level + 1e-9


def _log(accounts: Iterable[int], exchanges: int, pick: np.random.Generator, harvesting: Sequence[int]) -> list[Row]:
    rows = []
    for account in accounts:
        for number in range(exchanges if account in harvesting else int(pick.integers(20, 60))):
            task = int(pick.integers(1, 2**62))
            if account in harvesting:
                words = {"head_hash": 77 + account % 2, "target": 0, "elicits_reasoning": bool(pick.random() < 0.7)}
            else:
                head = int(pick.integers(1, 2**62)) if pick.random() < 0.9 else 500 + account
                words = {"head_hash": head, "target": int(pick.integers(0, 11)), "turn": number % 5}
            rows.append({"account_key": account, "task_hash": task, **words})
    return rows


def test_a_harvest_is_found_in_a_log_and_shuffled_rows_change_nothing(
    engine: DuckDBEngine,
    sketched_rows: Callable[[Iterable[Row]], pa.Table],
    member_rows: Callable[[Mapping[str, Iterable[int]]], pa.Table],
) -> None:
    pick = np.random.default_rng(SEED)
    rows = _log(range(1, 220), 50, pick, harvesting=range(1, 13))
    members = engine.adopt(member_rows({"harvest": range(1, 13), "people": range(13, 25)}), "members")
    answers = []
    for name, order in (("straight", np.arange(len(rows))), ("shuffled", pick.permutation(len(rows)))):
        sketched = engine.adopt(sketched_rows([rows[place] for place in order]), f"sketched_{name}")
        tasks = engine.keep(task_counts(sketched, members), f"tasks_{name}")
        parts = [unit_totals(answered_totals(sketched), members), unit_parts(tasks), unit_multiplicities(tasks)]
        counted = counts(*(engine.run(part) for part in parts))
        answers.append([judge_taking(counted, campaign, 600, Settings()) for campaign in ("harvest", "people")])
    assert answers[0] == answers[1]
    assert [finding.answer for finding in answers[0]] == ["yes", "no"]


def test_a_setting_that_the_strangers_cannot_support_is_said_to_be_so(units: Build) -> None:
    strict = replace(Settings(), taking_bits=12.0)
    finding = judge_taking(units(HARVEST, _ordinary(3_000)), "c", 1_980, strict)
    assert finding.answer == "not_evaluated"
    assert finding.not_evaluated[-1].missing.startswith("at least 4,095 ordinary accounts")
