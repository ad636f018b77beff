"""Nulls learnt from traffic that a user believes benign."""

from pathlib import Path
from shutil import copy

import pyarrow.parquet as pq
import pytest

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Source
from stillwatch.pipeline.nulls import nulls_for
from stillwatch.settings import Settings
from stillwatch.simulate import load_pool, load_scenario, simulate

NAMES = {"account_id": "who", "ts": "moment", "prompt_text": "asked"}


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benign")
    simulate(load_scenario("benign").scaled(0.1).over(3), folder, 5, load_pool("B"))
    return folder / "exchanges"


def learnt(source: Source) -> together.Nulls:
    with DuckDBEngine(Settings()) as engine:
        return nulls_for(engine, source, Settings())


def test_a_reference_replaces_what_is_normal_and_nothing_else(benign: Path) -> None:
    own, shipped = learnt(Source((benign,), reference=benign)), together.load()
    assert own.source == "reference exchanges"
    assert own.tests["reply"] != shipped.tests["reply"]
    assert (own.sums, own.stakes, own.weights, own.trust) == (
        shipped.sums,
        shipped.stakes,
        shipped.weights,
        shipped.trust,
    )


def test_a_reference_is_read_with_the_map_of_the_log(benign: Path, tmp_path: Path) -> None:
    mapped = tmp_path / "exchanges"
    mapped.mkdir()
    for part in benign.iterdir():
        table = pq.read_table(part)
        pq.write_table(table.rename_columns([NAMES.get(name, name) for name in table.column_names]), mapped / part.name)
    copy(benign.parent / "accounts.parquet", tmp_path)
    column_map = tmp_path / "map.toml"
    kept = {name: NAMES.get(name, name) for name in table.column_names}
    column_map.write_text("[columns]\n" + "".join(f'{name} = "{field}"\n' for name, field in kept.items()), "utf-8")
    assert learnt(Source((mapped,), reference=mapped, column_map=column_map)) == learnt(
        Source((benign,), reference=benign)
    )


def test_a_size_of_which_a_reference_has_few_groups_is_no_surer_than_all_sizes(benign: Path) -> None:
    pooled = learnt(Source((benign,), reference=benign)).tests["reply"]["*"]
    assert all(one.groups >= 60 for one in pooled)
