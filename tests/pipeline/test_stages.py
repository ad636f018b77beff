"""What a run is told to cost: every stage once, in order, with numbers that can be true."""

from pathlib import Path

import pytest

from stillwatch.pipeline import Source, scan, simulate
from stillwatch.pipeline.stages import Stages
from stillwatch.settings import Settings
from stillwatch.types import RunCost


def test_stages_are_told_as_they_start_and_cost_what_was_spilled_meanwhile() -> None:
    """A stage that is stopped twice counts once."""
    told: list[str] = []
    spilled = iter([10, 14, 14, 20])
    stages = Stages(told.append, "everything", lambda: next(spilled))
    stages.start("first")
    stages.start("second")
    costs = stages.stop()
    assert stages.stop() == costs
    assert told == [cost.stage for cost in costs] == ["first", "second"]
    assert [cost.spilled_bytes for cost in costs] == [4, 6]
    assert all(cost.seconds >= 0 and cost.peak_bytes > 2**20 for cost in costs)


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> RunCost:
    log = tmp_path_factory.mktemp("costs") / "log"
    simulate("demo", log, seed=5, scale=0.05)
    result = scan(Source((log / "exchanges",)), Settings(), log / "out", lambda _: None, "everything")
    assert result.cost is not None
    assert result.cost.rows == result.coverage.rows_read
    assert result.cost.bytes == sum(Path(file).stat().st_size for file in (log / "exchanges").iterdir())
    return result.cost


def test_a_measured_scan_lists_every_stage_once(cost: RunCost) -> None:
    """The report too, which is written after the result stands."""
    names = [stage.stage for stage in cost.stages]
    assert names[:2] == ["learning what is normal", "reading and sketching"]
    assert names[-1] == "writing the report"
    assert len(set(names)) == len(names)


def test_paces_are_those_of_the_whole_input(cost: RunCost) -> None:
    """Rows and bytes of the log over the seconds of the stage."""
    stage = cost.stages[1]
    assert cost.rows_per_second(stage) == round(cost.rows / stage.seconds)
    assert cost.bytes_per_second(stage) == round(cost.bytes / stage.seconds)


def test_a_scan_that_was_not_asked_says_nothing_of_cost(tmp_path: Path) -> None:
    """`Scan.cost` is None."""
    simulate("demo", tmp_path / "log", seed=5, scale=0.02)
    result = scan(Source((tmp_path / "log/exchanges",)), Settings(), tmp_path / "out", lambda _: None)
    assert result.cost is None
