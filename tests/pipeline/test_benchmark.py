"""The benchmark, from simulated logs to the scoreboard, with a stranger's detector in it."""

import json
import re
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch import simulate as simulator
from stillwatch.bench import read_truth
from stillwatch.errors import UsageError
from stillwatch.pipeline.benchmark import Bench, run_bench
from stillwatch.pipeline.detectors import Detector
from stillwatch.pipeline.growing import cut, without_labels
from stillwatch.pipeline.points import Point, chosen_axes, paired_points, scenario_at, single_points

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "judge-your-detector.md"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    scenario = simulator.load_scenario("bench").scaled(0.05)
    simulator.simulate(scenario, folder / "log", 1, simulator.load_pool("B", None))
    return folder / "log"


def test_no_folder_that_a_detector_gets_holds_labels(log: Path, tmp_path: Path) -> None:
    """Whole or cut, there are exchanges and accounts only, none of them a link that leads back."""
    end = read_truth(log).moments(2)[0]
    for seen in (without_labels(log, tmp_path / "whole"), cut(log, end, tmp_path / "cut")):
        assert sorted(path.name for path in seen.iterdir()) == ["accounts.parquet", "exchanges"]
        assert not any(path.is_symlink() for path in seen.rglob("*"))


def test_a_cut_log_holds_nothing_of_the_future(log: Path, tmp_path: Path) -> None:
    """No exchange, no sign-up and no closure after the moment, and every exchange before it."""
    end = read_truth(log).moments(2)[0]
    seen = cut(log, end, tmp_path / "cut")
    whole, part = (pq.read_table(f / "exchanges", columns=["ts"])["ts"].cast("int64") for f in (log, seen))
    assert len(part) == pc.sum(pc.less_equal(whole, end)).as_py() > 0
    accounts = pq.read_table(seen / "accounts.parquet")
    for name in ("created_at", "closed_at"):
        latest = pc.max(accounts[name].cast("int64")).as_py()
        assert latest is None or latest <= end
    assert accounts["closed_reason"].null_count == accounts["closed_at"].null_count


def test_every_point_of_every_axis_is_a_scenario() -> None:
    """The middle, the benign log, each axis alone, and each pair at its hardest."""
    base = simulator.load_scenario("bench").scaled(0.1)
    axes = chosen_axes((), base)
    points = (*single_points(axes), *paired_points(axes))
    assert len(points) == 2 + sum(len(a.points) for a in axes) + len(axes) * (len(axes) - 1) // 2
    assert len(set(points)) == len(points)
    assert scenario_at(base, Point((), ("benign",))).operators == ()
    assert all(scenario_at(base, point).accounts == base.accounts for point in points)


def test_the_documented_example_is_judged_and_a_cut_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's twenty lines run as written; a broken detector beside them is a row; nothing is judged twice."""
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert len(script.splitlines()) <= 20
    monkeypatch.chdir(tmp_path)
    Path("same_card.py").write_text(script)
    detectors = (
        Detector("same card", ("python", "same_card.py", "{log}", "{out}")),
        Detector("<b>broken</b>", ("python", "-c", "raise SystemExit('<script>')", "{log}", "{out}")),
    )
    wanted = Bench(Path("judged"), ("card",), seeds=1, scale=0.05, detectors=detectors, looks=2)
    board = run_bench(wanted, lambda _: None)
    assert {s.detector for s in board.standings} == {"stillwatch", "same card", "<b>broken</b>"}
    shared = next(s for s in board.standings if s.detector == "same card" and s.points == ("one",))
    assert shared.metrics["account_recall_fraction"].mean > 0.9
    assert {s.errors for s in board.standings if "broken" in s.detector} == {("exit code 1: <script>",)}
    page = Path("judged/scoreboard.html").read_text("utf-8")
    assert "<script" not in page
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert json.loads(Path("judged/bench.json").read_text())["seeds"] == 1
    _goes_on(wanted)


def _goes_on(wanted: Bench) -> None:
    rows = wanted.out / "rows.jsonl"
    lines = rows.read_text().splitlines(keepends=True)
    middle = [line for line in lines if json.loads(line)["axes"] or json.loads(line)["points"]]
    rows.write_text("".join(middle) + '{"detector": "cut sho')
    told: list[str] = []
    run_bench(wanted, told.append)
    assert told[-1] == "1 of 1 logs judged"
    assert len(rows.read_text().splitlines()) == len(lines)
    with pytest.raises(UsageError, match="rows of another scale"):
        run_bench(Bench(wanted.out, ("card",), scale=0.06), told.append)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Bench(Path("out"), ("colour",)), "there is no such axis; known: accounts"),
        (Bench(Path("out"), seeds=0), "must be 1 or more"),
    ],
)
def test_an_impossible_benchmark_is_refused(tmp_path: Path, wanted: Bench, sentence: str) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match=sentence):
        run_bench(wanted, lambda _: None)
    assert not list(tmp_path.iterdir())
