"""Scenario files are checked when they are read, and scale as said."""

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.simulate import load_scenario
from stillwatch.simulate.scenario import SHIPPED, TWIN_KINDS
from stillwatch.simulate.twins import TWINS

LATER_TWINS = {"bot_platform", "outage_return"}  # the older scenarios stay as they were measured


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_are_sound_and_use_every_twin(name: str) -> None:
    scenario = load_scenario(name)
    older = LATER_TWINS if name in {"demo", "benign", "february"} else set()
    assert scenario.name == name
    assert {twin.kind for twin in scenario.twins} == set(TWINS) - older


def test_every_named_twin_can_be_drawn() -> None:
    assert set(TWIN_KINDS) == set(TWINS)


def test_february_has_the_disclosed_sizes() -> None:
    scenario = load_scenario("february")
    assert sum(o.accounts for o in scenario.operators) == 24_000
    assert [o.exchanges for o in scenario.operators] == [150_000, 3_400_000, 13_000_000]


def test_june_has_the_disclosed_sizes() -> None:
    scenario = load_scenario("june")
    (operator,) = scenario.operators
    assert (scenario.accounts, scenario.days, operator.accounts, operator.exchanges) == (
        300_000,
        45,
        25_000,
        28_800_000,
    )
    assert operator.exchanges / operator.accounts / scenario.days == pytest.approx(26, abs=0.5)


def test_over_fewer_days_everybody_keeps_the_pace_and_phases_keep_their_order() -> None:
    whole, short = load_scenario("june"), load_scenario("june").over(3)
    assert (short.days, short.accounts, short.operators[0].accounts) == (3, 300_000, 25_000)
    assert short.exchanges / short.days == pytest.approx(whole.exchanges / whole.days, rel=1e-6)
    assert short.operators[0].exchanges / 25_000 / 3 == pytest.approx(26, abs=0.5)
    assert short.outage_hours is not None
    down, up = short.outage_hours
    assert short.operators[0].start_hour < down < short.release_hour < 72
    assert up - down == pytest.approx(1.2)
    with pytest.raises(SettingsError, match="days must be from 2 to 120"):
        whole.over(1)


def test_september_has_five_operators_of_the_disclosed_sizes() -> None:
    operators = load_scenario("september").operators
    assert len(operators) == 5
    assert (min(o.accounts for o in operators), max(o.accounts for o in operators)) == (273, 5_380)
    assert (min(o.exchanges for o in operators), max(o.exchanges for o in operators)) == (400_000, 151_000_000)
    assert [o.system for o in operators].count("fixed") == 1
    assert [o.proxy_pool for o in operators].count("pool 1") == 2
    assert sum(o.failover_hour > 0 for o in operators) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("exchanges = 3", "exchanges of o must be at least one per account"),
        ("timing = 'clockwork'", "timing of o must be one of scheduler, jittered, human, replayed"),
        ("generations = 0", "generations of o must be at least 1"),
        ("ramp_hours = -1.0", "ramp_hours of o must not be negative"),
        ("cover_fraction = 1.5", "cover_fraction of o must be from 0 to 1"),
        (
            "chinese_fraction = 0.7\nscripts_fraction = 0.6",
            "chinese_fraction and scripts_fraction of o must be at most 1",
        ),
        ("proxy_pool = 'p'", "proxy_pool of o needs exit_addresses"),
    ],
)
def test_an_operator_out_of_range_is_refused(tmp_path: Path, line: str, message: str) -> None:
    head = "name = 'x'\naccounts = 5\nexchanges = 9\n[[operator]]\nname = 'o'\naccounts = 9\ntargets = {coding = 1}\n"
    body = line if line.startswith("exchanges") else f"exchanges = 90\n{line}"
    path = tmp_path / "mine.toml"
    path.write_text(head + body)
    with pytest.raises(SettingsError) as raised:
        load_scenario(path)
    assert message in str(raised.value)


def test_scale_keeps_a_campaign_of_twelve_and_a_group_of_each_twin() -> None:
    small = load_scenario("february").scaled(0.001)
    assert min(o.accounts for o in small.operators) == 12
    assert small.exchanges == 13_450
    assert min(twin.groups for twin in small.twins) == 1


def test_scale_one_changes_no_campaign() -> None:
    """One with fewer than ten exchanges an account once got ten."""
    short = load_scenario("september").over(2)
    assert min(o.exchanges / o.accounts for o in short.operators) < 6
    assert short.scaled(1).operators == short.operators


@pytest.mark.parametrize("hours", [(-1, 5), (5, 5), (20, 2), (0, 400)])
def test_hours_out_of_the_window_are_refused(hours: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="must be in order, from 0 to 336"):
        load_scenario("demo").between(*hours)


def test_written_hours_shrink_with_the_window() -> None:
    assert load_scenario("demo").between(96, 192).over(7).written_hours == (48, 96)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'\naccounts = 5\nexchanges = 9\nwritten_hours = [9, 3]", "written_hours must be in order"),
        ("name = 'x'\naccounts = 5\nexchanges = 9\nwritten_hours = [9]", "written_hours must be two numbers"),
        ("name = 'x'\naccounts = 5\nexchanges = 9\noutage_hours = 7", "outage_hours must be two numbers"),
        ("name = 'x'\naccounts = 5\nexchanges = 3", "exchanges must be at least one per account"),
        ("name = 'x'\naccounts = 5\nexchanges = 9\nspeed = 1", "has no 'speed'"),
        ("name = 'x'\nexchanges = 9", "accounts"),
        ("name = 'x'\naccounts = 5\nexchanges = 9\ndays = 1", "days must be from 2 to 120"),
        ("name = ", "not a scenario"),
        (
            "name = 'x'\naccounts=5\nexchanges=9\n[[operator]]\nname='o'\naccounts=9\nexchanges=9\ntargets={gold=1}",
            "targets of o must name targets",
        ),
        ("name = 'x'\naccounts = 5\nexchanges = 9\n[[twin]]\nkind = 'ghost'\ngroups = 1", "no twin is called 'ghost'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_scenario(path)
    assert message in str(raised.value)
    assert "mine.toml" in str(raised.value)


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(SettingsError, match="shipped: demo, benign, bench, february, june, september"):
        load_scenario("march")
