from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.together import dump, load


def test_shipped_nulls_are_written_as_they_were_read(tmp_path: Path) -> None:
    """Weights, stakes, sums and trust included."""
    shipped = load()
    path = tmp_path / "nulls.json"
    path.write_text(dump(shipped), encoding="utf-8")
    assert load(path) == shipped
    assert shipped.stakes
    assert shipped.trust.factors
    assert shipped.wordless is not None


def test_nulls_of_an_older_format_are_refused_with_the_way_to_learn_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "nulls.json"
    path.write_text(dump(load()).replace("tests of format 6", "tests of format 5"), encoding="utf-8")
    with pytest.raises(InputError, match=r"lab/learn_nulls\.py"):
        load(path)
