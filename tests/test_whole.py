"""A file is there whole or not at all."""

from pathlib import Path

import pytest

from stillwatch.whole import write_whole


def test_a_file_holds_the_new_or_the_old(tmp_path: Path) -> None:
    """And nothing lies beside it afterwards; where it cannot be written, the old stays."""
    place = tmp_path / "kept"
    for content in (b"old", b"new"):
        write_whole(place, content)
        assert place.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    with pytest.raises(OSError, match="absent"):
        write_whole(tmp_path / "absent" / "kept", b"x")
