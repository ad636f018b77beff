import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.bench import found_folders, read_found
from stillwatch.errors import InputError

ACCOUNTS = ("a1", "a2", "i1")


def write(folder: Path, name: str, **columns: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def test_members_alone_are_enough(tmp_path: Path) -> None:
    """Other columns are left alone, and no list of exchanges is not an empty one."""
    write(tmp_path, "members", campaign_id=["c", "c", "d"], account_id=["a1", "a2", "a1"], bits=[1.0, 2.0, 3.0])
    found = read_found(tmp_path, ACCOUNTS)
    assert found.campaigns == {"c": {"a1", "a2"}, "d": {"a1"}}
    assert found.exchanges is None


def test_only_accusing_verdicts_count_where_there_are_verdicts(tmp_path: Path) -> None:
    """An organisation is found, not accused; its exchanges are not either."""
    write(tmp_path, "members", campaign_id=["c", "o"], account_id=["a1", "i1"])
    write(tmp_path, "exchanges", campaign_id=["c", "o"], exchange_id=["e1", "e2"], target=["coding", "coding"])
    overview = {
        "campaigns": [
            {"campaign_id": "c", "verdict": "distillation"},
            {"campaign_id": "o", "verdict": "organisation"},
        ],
        "calibration": {"exceedance": {"3": {"bits": 3, "groups": 9, "exceeding": 1}}},
    }
    (tmp_path / "campaigns.json").write_text(json.dumps(overview))
    found = read_found(tmp_path, ACCOUNTS)
    assert found.accused == {"a1"}
    assert found.exchanges == {"e1": "coding"}
    assert found.exceedance == {3: (9, 1)}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"campaign_id": ["c"]}, "has no column account_id"),
        ({"campaign_id": ["c"], "account_id": ["nobody"]}, "1 accounts are not in the log"),
        ({"campaign_id": ["c"], "account_id": [None]}, "an empty value"),
        ({"campaign_id": ["c"], "account_id": [["a1"]]}, "cannot be read"),
    ],
)
def test_a_bad_file_gets_a_sentence(tmp_path: Path, columns: dict[str, Any], sentence: str) -> None:
    """It becomes the row's error."""
    write(tmp_path, "members", **columns)
    with pytest.raises(InputError, match=sentence):
        read_found(tmp_path, ACCOUNTS)


def test_a_file_that_is_no_parquet_gets_a_sentence(tmp_path: Path) -> None:
    """Neither does an overview of another make stop the benchmark."""
    (tmp_path / "members.parquet").write_text("campaign_id,account_id\n")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_found(tmp_path, ACCOUNTS)
    (tmp_path / "campaigns.json").write_text("[1]")
    with pytest.raises(InputError, match="not as stillwatch scan writes it"):
        read_found(tmp_path, ACCOUNTS)


def test_one_command_may_be_several_detectors(tmp_path: Path) -> None:
    """Each folder with members is one; without folders the command itself is."""
    write(tmp_path / "prada", "members", campaign_id=["c"], account_id=["a1"])
    write(tmp_path / "mmd", "members", campaign_id=["c"], account_id=["a1"])
    (tmp_path / "notes").mkdir()
    assert list(found_folders(tmp_path)) == ["mmd", "prada"]
    write(tmp_path, "members", campaign_id=["c"], account_id=["a1"])
    assert found_folders(tmp_path) == {"": tmp_path}
