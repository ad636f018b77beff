"""Every point of every axis can be simulated, and what the axis says can be read off the log."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import SettingsError
from stillwatch.simulate import PromptPool, Scenario, at, axes, axis_of, load_scenario, simulate
from stillwatch.simulate.scenario import Operator

SEED = 17
HOUR = 3_600_000_000
POINTS = [(axis.name, point.label) for axis in axes() for point in axis.points if point.label != "10000"]


@dataclass(frozen=True)
class Campaign:
    """One operator's side of a simulated log."""

    scenario: Scenario
    exchanges: pa.Table
    labels: pa.Table
    accounts: list[dict[str, Any]]
    totals: dict[str, Any]

    def column(self, name: str, kind: str = "campaign") -> np.ndarray:
        mine = np.array(self.labels["kind"].to_pylist()) == kind
        table = self.labels if name in self.labels.column_names else self.exchanges
        return np.array(table[name].to_pylist(), object)[mine]

    def hours(self, kind: str = "campaign") -> np.ndarray:
        start = self.scenario.start.timestamp()
        return np.array([(moment.timestamp() - start) / 3600 for moment in self.column("ts", kind)])


Look = Callable[[str, str], Campaign]


@pytest.fixture(scope="module")
def base() -> Scenario:
    """A tenth of the benchmark's innocents, and enough of the operator to count."""
    small = load_scenario("bench").scaled(0.1)
    return replace(small, operators=(replace(small.operators[0], accounts=40, exchanges=3_000),))


@pytest.fixture(scope="module")
def look(base: Scenario, pool: PromptPool, tmp_path_factory: pytest.TempPathFactory) -> Look:
    known: dict[tuple[str, str], Campaign] = {}

    def once(axis: str, label: str) -> Campaign:
        if (axis, label) not in known:
            scenario = at(base, {axis: label})
            known[axis, label] = _read(scenario, pool, tmp_path_factory.mktemp("axis") / "log")
        return known[axis, label]

    return once


def _read(scenario: Scenario, pool: PromptPool, out: Path) -> Campaign:
    written = simulate(scenario, out, SEED, pool)
    labels = pq.ParquetFile(written.labels_path / "exchanges.parquet").read()
    parts = pa.concat_tables([pq.ParquetFile(path).read() for path in sorted(written.exchanges_path.iterdir())])
    mine = np.array(labels["operator"].to_pylist()) != ""
    truth = pq.ParquetFile(written.labels_path / "accounts.parquet").read().to_pylist()
    accounts = pq.ParquetFile(written.accounts_path).read().to_pylist()
    return Campaign(
        scenario,
        parts.filter(pa.array(mine)),
        labels.filter(pa.array(mine)),
        [row for row, label in zip(accounts, truth, strict=True) if label["operator"]],
        pq.ParquetFile(written.labels_path / "operators.parquet").read().to_pylist()[0],
    )


@pytest.mark.parametrize(("axis", "label"), POINTS)
def test_every_point_is_simulated_with_its_accounts_and_exchanges(look: Look, axis: str, label: str) -> None:
    """Labels per operator, per account and per exchange agree with each other and with the scenario."""
    seen = look(axis, label)
    operator = seen.scenario.operators[0]
    assert len(seen.accounts) == operator.accounts == seen.totals["accounts"]
    assert seen.exchanges.num_rows == seen.totals["exchanges"]
    assert seen.totals["exchanges"] == pytest.approx(operator.exchanges, rel=0.05)
    assert seen.totals["taking_exchanges"] == len(seen.column("ts")) == sum(seen.totals["target_exchanges"])
    assert seen.totals["first_exchange"] == min(seen.exchanges["ts"].to_pylist())
    assert seen.totals["last_exchange"] == max(seen.exchanges["ts"].to_pylist())


def test_axes_have_names_sentences_and_no_field_in_common() -> None:
    """So any two of them can be put together without one undoing the other."""
    known = {field.name for field in fields(Operator)}
    owner: dict[str, str] = {}
    for axis in axes():
        assert len(axis.sentence.split()) > 5
        assert len({point.label for point in axis.points}) == len(axis.points) >= 3
        for name in {name for point in axis.points for name in point.changes}:
            assert name in known
            assert owner.setdefault(name, axis.name) == axis.name


def test_a_pair_of_axes_is_the_two_changes_together(base: Scenario) -> None:
    both = at(base, {"dilution": "50 %", "timing": "human"}).operators[0]
    assert (both.cover_fraction, both.timing) == (0.5, "human")
    assert replace(both, cover_fraction=0.15, timing="scheduler") == base.operators[0]


def test_unknown_axes_and_points_are_named_with_the_known_ones(base: Scenario) -> None:
    with pytest.raises(SettingsError, match="no axis is called 'colour'; known: accounts"):
        at(base, {"colour": "red"})
    with pytest.raises(SettingsError, match="axis timing: no point 'never'; known: scheduler"):
        at(base, {"timing": "never"})


def test_no_operator_is_split_over_more_accounts_than_it_has_exchanges(base: Scenario) -> None:
    assert [point.label for point in axis_of("accounts").fitting(base)][-1] == "3000"
    with pytest.raises(SettingsError, match="at least one per account"):
        at(base, {"accounts": "10000"})


def test_addresses_are_one_ten_or_everybodys_own(look: Look) -> None:
    counts = [len({ip for ip in look("address", label).exchanges["ip"].to_pylist() if ip}) for label in ("one", "ten")]
    assert counts == [1, 10]
    blocks = {
        label: len({ip.rsplit(".", 1)[0] for ip in look("address", label).exchanges["ip"].to_pylist() if ip})
        for label in ("networks", "own")
    }
    assert blocks["networks"] <= 10
    assert blocks["own"] > 38


def test_cards_are_one_in_groups_or_everybodys_own(look: Look) -> None:
    def most(label: str) -> int:
        cards = [row["payment_fingerprint"] for row in look("card", label).accounts if row["payment_fingerprint"]]
        return max(Counter(cards).values())

    assert most("one") > 30
    assert 3 <= most("groups of 20") <= 21
    assert most("own") == 1


def test_mail_is_on_own_domains_on_throwaway_ones_or_as_customers_have_it(look: Look) -> None:
    def domains(label: str) -> Counter[str]:
        return Counter(row["email_domain"] for row in look("e-mail", label).accounts if row["email_domain"])

    assert len(domains("own domains")) == 2
    assert sum(domains("throwaway").most_common(3)[i][1] for i in range(3)) > 20
    assert domains("as customers").most_common(1)[0][0] == "gmail.com"


def test_clients_are_one_few_or_as_customers_have_them(look: Look) -> None:
    counts = [
        len(set(look("client", label).exchanges["user_agent"].to_pylist()) - {None}) for label in ("one", "three")
    ]
    assert counts == [1, pytest.approx(2, abs=1)]
    assert len(set(look("client", "as customers").exchanges["user_agent"].to_pylist())) > 12


def test_a_fixed_prompt_is_in_every_request_and_no_scaffold_is_in_none(look: Look) -> None:
    assert len(set(look("scaffold", "fixed").exchanges["system_text"].to_pylist())) == 1
    openings = {
        label: Counter(text[:24] for text in look("scaffold", label).column("prompt_text"))
        for label in ("rotated", "paraphrased", "put together", "absent")
    }
    common = {label: count.most_common(1)[0][1] / count.total() for label, count in openings.items()}
    assert common["rotated"] > common["put together"] > common["absent"]
    assert len(openings["rotated"]) < len(openings["paraphrased"]) < len(openings["put together"])
    assert {text for text in look("scaffold", "absent").column("system_text") if text} == set()


@pytest.mark.parametrize(
    ("label", "share"), [("0 %", 0.0), ("25 %", 0.25), ("50 %", 0.5), ("80 %", 0.8), ("95 %", 0.95)]
)
def test_dilution_is_the_share_of_cover(look: Look, label: str, share: float) -> None:
    kinds = Counter(look("dilution", label).labels["kind"].to_pylist())
    assert kinds["cover"] / (kinds["cover"] + kinds["campaign"]) == pytest.approx(share, abs=0.03)


def test_accounts_are_the_less_alike_the_harder_the_timing(look: Look) -> None:
    """Mean correlation of two accounts' exchanges per six hours."""

    def alike(label: str) -> float:
        seen = look("timing", label)
        span = seen.scenario.days * 4
        names, owner = np.unique(seen.column("account_id").astype(str), return_inverse=True)
        counts = np.zeros((len(names), span))
        np.add.at(counts, (owner, np.minimum(seen.hours() // 6, span - 1).astype(int)), 1)
        together = np.corrcoef(counts[counts.sum(axis=1) > 30])
        return float(together[np.triu_indices_from(together, 1)].mean())

    scheduler, jittered, human, replayed = map(alike, ("scheduler", "jittered", "human", "replayed"))
    assert scheduler > jittered > max(human, replayed)
    assert scheduler > 2 * human


def test_a_ramp_moves_an_accounts_exchanges_away_from_its_first_days(look: Look) -> None:
    def early(label: str) -> float:
        seen = look("ramp", label)
        names, owner = np.unique(seen.column("account_id").astype(str), return_inverse=True)
        first = np.full(len(names), np.inf)
        np.minimum.at(first, owner, seen.hours())
        return float((seen.hours() < first[owner] + 48).mean())

    def spread(label: str) -> float:
        signed_up = [row["created_at"] for row in look("ramp", label).accounts if row["created_at"]]
        return float(np.std([moment.timestamp() for moment in signed_up]))

    assert early("waves") > 1.5 * early("a week")
    assert spread("none") < spread("a week") / 3


def test_probes_come_first_and_for_as_long_as_said(look: Look) -> None:
    start = load_scenario("bench").operators[0].start_hour
    assert len(look("probing", "none").column("ts", "probe")) == 0
    for label, hours in (("36 h", 36), ("96 h", 96)):
        seen = look("probing", label)
        assert seen.hours("probe").max() <= start + hours <= seen.hours().min() + 1e-6


def test_bans_are_answered_by_fresh_accounts(look: Look) -> None:
    """Whoever is closed is followed; eight lives leave seven of eight accounts closed."""
    closed = {
        label: sum(row["closed_at"] is not None for row in look("replacement", label).accounts)
        for label in ("none", "some", "second pool", "3 lives", "8 lives")
    }
    assert closed == {"none": 0, "some": 5, "second pool": 20, "3 lives": 27, "8 lives": 35}
    lived = look("replacement", "8 lives")
    repeated = Counter(lived.column("prompt_text"))
    assert max(repeated.values()) <= 2


def test_the_second_pool_takes_over_within_minutes(look: Look) -> None:
    seen = look("replacement", "second pool")
    ban = seen.scenario.operators[0].failover_hour
    accounts, hours = seen.exchanges["account_id"].to_pylist(), _hours(seen)
    before = {a for a, hour in zip(accounts, hours, strict=True) if hour < ban}
    after = {a for a, hour in zip(accounts, hours, strict=True) if hour > ban + 0.05}
    assert before & after == set()
    assert len(after) == 20
    assert min(hour for hour in hours if hour > ban + 0.05) < ban + 2


def _hours(seen: Campaign) -> list[float]:
    start = seen.scenario.start.timestamp()
    return [(moment.timestamp() - start) / 3600 for moment in seen.exchanges["ts"].to_pylist()]


def test_the_move_to_a_new_model_has_its_share(look: Look) -> None:
    def moved(label: str) -> float:
        seen = look("pivot", label)
        late = seen.hours() > seen.scenario.release_hour + 20
        return float((seen.column("model")[late] == "atlas-2").mean())

    assert moved("all") == 1.0
    assert moved("half") == pytest.approx(0.55, abs=0.05)
    assert moved("as customers") < 0.4


def test_languages_have_their_shares(look: Look) -> None:
    def foreign(label: str) -> float:
        return float(np.mean([not text.isascii() for text in look("language", label).column("prompt_text")]))

    def chinese(label: str) -> float:
        texts = look("language", label).column("prompt_text")
        return float(np.mean([sum("\u4e00" <= c <= "\u9fff" for c in text) > 0.3 * len(text) for text in texts]))

    assert foreign("English") < foreign("mixed") < foreign("Chinese")
    assert foreign("scripts") > 0.8
    assert chinese("Chinese") > 0.8 > chinese("mixed") > 0.15


@pytest.mark.parametrize("times", [1, 2, 4, 8, 16])
def test_tasks_are_asked_as_often_as_said(look: Look, times: int) -> None:
    seen = Counter(look("resampling", str(times)).column("prompt_text"))
    by_exchange = Counter({count: count * texts for count, texts in Counter(seen.values()).items()})
    near = sum(n for count, n in by_exchange.items() if times / 2 <= count <= times)
    assert near > 0.7 * by_exchange.total()


def test_a_reworded_task_is_one_task_in_many_words(look: Look) -> None:
    """Labels count it once; of its texts, most have a twin in other words."""
    same, anew = look("resampling", "16"), look("resampling", "16 reworded")
    assert set(same.column("task")) == set(anew.column("task"))
    assert len(set(same.column("prompt_text"))) == len(set(same.column("task")))
    assert len(set(anew.column("prompt_text"))) > 3 * len(set(anew.labels["task"].drop_null().to_pylist()))
    assert anew.labels["task"].null_count == sum(kind != "campaign" for kind in anew.labels["kind"].to_pylist())


def test_a_student_that_improves_hands_in_longer_answers(look: Look) -> None:
    def lengths(label: str) -> tuple[float, float]:
        seen = look("grading", label)
        assert seen.totals["targets"] == ["grading"]
        sizes, middle = np.array([len(text) for text in seen.column("prompt_text")]), np.median(seen.hours())
        return float(sizes[seen.hours() < middle].mean()), float(sizes[seen.hours() >= middle].mean())

    early, late = lengths("improving student")
    assert late > early + 40
    early, late = lengths("weak student")
    assert abs(late - early) < 25
