"""What every baseline promises, and what the fair cuts and the command promise."""

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from baselines.cuts import Pairs, components, fair_setting, fair_size, score_cut
from baselines.detectors import DETECTORS, MODULES
from baselines.log import Log, make_log, read_log

LAB = Path(__file__).resolve().parents[2] / "lab"
Folders = tuple[Path, Path]


def shuffled(folder: Path, seed: int) -> Log:
    """The same log with its rows in another order."""
    draw = np.random.default_rng(seed)
    tables = [
        pa.concat_tables([pq.read_table(part) for part in sorted((folder / "exchanges").glob("*.parquet"))]),
        pq.read_table(folder / "accounts.parquet"),
    ]
    exchanges, accounts = (table.take(draw.permutation(table.num_rows)) for table in tables)
    return make_log(exchanges, accounts)


@pytest.fixture(scope="module")
def logs(simulated: Folders) -> tuple[Log, Log]:
    return read_log(simulated[0]), read_log(simulated[1])


@pytest.fixture(scope="module")
def reordered(simulated: Folders) -> tuple[Log, Log]:
    return shuffled(simulated[0], 1), shuffled(simulated[1], 2)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_baseline_names_each_account_of_the_log_at_most_once(name: str, logs: tuple[Log, Log]) -> None:
    """Groups are disjoint, not empty, sorted inside, and name accounts that are there."""
    found = DETECTORS[name](*logs)
    named = Counter(account for group in found for account in group)
    assert set(named) <= set(logs[0].ids)
    assert set(named.values()) <= {1}
    assert all(group and list(group) == sorted(group) for group in found)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_baseline_does_not_see_the_order_of_rows(
    name: str, logs: tuple[Log, Log], reordered: tuple[Log, Log]
) -> None:
    """Shuffled files, read anew, give the same groups: nothing is drawn, and nothing depends on order."""
    assert DETECTORS[name](*logs) == DETECTORS[name](*reordered)


@pytest.mark.parametrize("name", MODULES)
def test_a_fair_baseline_accuses_nobody_of_its_own_reference(name: str, logs: tuple[Log, Log]) -> None:
    """With fewer than 1,000 reference accounts, a fair threshold accuses none; half of it is held out in two."""
    accused = {account for group in DETECTORS[name](logs[1], logs[1]) for account in group}
    own = {row for place, row in enumerate(logs[1].ids) if place % 2 == 0}
    assert set() == accused - (own if name in {"mahalanobis", "mmd_window"} else set())


def test_the_score_cut_lets_one_in_a_thousand_through() -> None:
    """Of 2,000 scores two exceed the cut; of 999 none does; NaN is not evaluated and never exceeds."""
    scores = np.random.default_rng(1).permutation(2000).astype(float)
    assert (scores > score_cut(scores)).sum() == 2
    assert score_cut(np.arange(999.0)) == 998.0
    assert score_cut([np.nan, 5.0, 1.0]) == 5.0


def test_the_fair_size_exceeds_the_largest_innocent_component() -> None:
    """Components of 4 and 3 among few accounts: five are needed, or four if four may be accused."""
    found = [np.arange(4), np.arange(4, 7)]
    assert fair_size(found, 3, 100) == 5
    assert fair_size(found, 3, 4000) == 4
    assert fair_size(found, 3, 7000) == 3


def test_the_fair_setting_accuses_most_without_accusing_the_reference() -> None:
    """Innocents form a trio at 0.8 and a pair at 0.9; four of the log hang together at 0.5: size 4 at the low cut."""
    reference = Pairs(np.array([0, 1, 3]), np.array([1, 2, 4]), np.array([0.8, 0.8, 0.9]), 300)
    log = Pairs(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.5, 0.5, 0.95]), 300)
    cut, size = fair_setting(log, reference, 3)
    assert (-np.inf, 4) == (cut, size)
    assert [rows.tolist() for rows in components(log.above(cut), size)] == [[0, 1, 2, 3]]


def test_the_listed_command_writes_members_of_every_baseline(simulated: Folders, tmp_path: Path) -> None:
    """`detectors.toml` is what a benchmark runs: its command works as it stands, from the root of the repository."""
    (entry,) = tomllib.loads((LAB / "baselines" / "detectors.toml").read_text(encoding="utf-8"))["detector"]
    places = {"log": simulated[0], "reference": simulated[1], "out": tmp_path}
    command = [part.format(**places) for part in entry["command"]]
    done = subprocess.run([sys.executable, *command[1:]], cwd=LAB.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(DETECTORS) == {path.parent.name for path in tmp_path.glob("*/members.parquet")}
    schema = pq.read_schema(tmp_path / "prada" / "members.parquet")
    assert [(f.name, str(f.type)) for f in schema] == [("campaign_id", "string"), ("account_id", "string")]


def test_the_command_refuses_a_name_it_does_not_know(tmp_path: Path) -> None:
    """And lists those that it knows, with exit code 2."""
    call = [sys.executable, LAB / "baselines", "--log", tmp_path, "--reference", tmp_path, "--out", tmp_path]
    done = subprocess.run([*call, "--only", "prada,oracle"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no baseline is named oracle" in done.stderr


def test_every_baseline_has_a_row_in_the_documentation() -> None:
    """Name, what it accuses, by what, its plain threshold, and how ours differs."""
    page = (LAB.parent / "docs" / "why" / "baselines.md").read_text(encoding="utf-8")
    assert [name for name in MODULES if f"| `{name}` |" not in page] == []
