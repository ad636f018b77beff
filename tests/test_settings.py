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


@pytest.mark.parametrize("name", ["spark_options", "kafka_options"])
def test_options_of_an_engine_or_a_client_are_strings_and_change_no_result(tmp_path: Path, name: str) -> None:
    found = load(_file(tmp_path, f'[{name}]\n"some.option" = "4g"\n'))
    assert getattr(found, name) == {"some.option": "4g"}
    assert found.fingerprint() == Settings().fingerprint()
    with pytest.raises(SettingsError, match=f"{name}.*strings"):
        load(_file(tmp_path, f'[{name}]\n"some.option" = 4\n'))


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"engine.*duckdb, spark"):
        load(_file(tmp_path, 'engine = "abacus"\n'))
