"""Settings are read once, and a mistake is named with its file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.settings import Release, Settings, load


def _file(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_calendar_of_releases_is_read(tmp_path: Path) -> None:
    found = load(_file(tmp_path, '[[releases]]\nmodel = "atlas-2"\nat = 2026-01-13T08:00:00Z\n'))
    assert found.releases == (Release("atlas-2", datetime(2026, 1, 13, 8, tzinfo=UTC)),)
    assert found.fingerprint() != Settings().fingerprint()


@pytest.mark.parametrize("at", ["2026-01-13", "2026-01-13T08:00:00", '"tomorrow"', "5"])
def test_a_release_without_a_moment_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(SettingsError, match=r"releases: .*zone"):
        load(_file(tmp_path, f'[[releases]]\nmodel = "atlas-2"\nat = {at}\n'))


def test_a_release_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="releases"):
        load(_file(tmp_path, '[[releases]]\nmodel = "atlas-2"\nwhen = 2026-01-13T08:00:00Z\n'))
