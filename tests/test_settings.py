"""Settings are read once, and a mistake is named with its file."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import SettingsError
from stillwatch.settings import PRICE_USD, RANGES, Price, Release, Settings, load

NUMBERS = [f.name for f in fields(Settings) if type(getattr(Settings(), f.name)) in (int, float)]
PRICE = 'model = "m"\ninput_usd = {}\noutput_usd = 2.0\n'


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


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e300", "-1e300", '"9"', "true", "[1]", "9999999999999999999"])
def test_a_number_that_is_none_or_out_of_range_is_named_with_its_value_and_its_range(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(_file(tmp_path, f"{name} = {text}\n"))
    said = str(refused.value)
    assert all(part in said for part in ("settings.toml", f"setting {name} must be ", str(RANGES[name]), "; found "))


@pytest.mark.parametrize("name", NUMBERS)
def test_the_ends_of_a_range_are_in_it_and_what_lies_beyond_is_not(name: str) -> None:
    """For settings that are made in a program as for those of a file."""
    span = RANGES[name]
    assert getattr(replace(Settings(), **{name: span.high}), name) == span.high
    for beyond in (span.high + 1, span.low - 1, float("nan"), str(span.high), True):
        with pytest.raises(SettingsError, match=f"setting {name} must be "):
            replace(Settings(), **{name: beyond})


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
@pytest.mark.parametrize("text", ["5.5e400", "1979-05-27", "[[5]]", "{a = 5}", '["x", 5]'])
def test_what_no_setting_can_be_is_refused_by_the_name_of_the_setting(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(_file(tmp_path, f"{name} = {text}\n"))


@pytest.mark.parametrize("text", ["-100", "nan", "inf", '"5"', "true", "1e12"])
def test_a_price_out_of_range_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    said = rf"settings.toml: prices: entry 1: input_usd must be {PRICE_USD}; found "
    with pytest.raises(SettingsError, match=said):
        load(_file(tmp_path, "[[prices]]\n" + PRICE.format(text)))


def test_a_price_is_read(tmp_path: Path) -> None:
    assert load(_file(tmp_path, "[[prices]]\n" + PRICE.format(4))).prices == (Price("m", 4.0, 2.0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[prices]]\nmodel = 5\ninput_usd = 1.0\noutput_usd = 1.0", "prices: entry 1: model must be a text; found 5"),
        ("[[prices]]\nmodel = 5", "prices: entry 1: input_usd, output_usd must be given"),
        ("[[prices]]\ninput_uds = 1", "prices: entry 1: no key is called 'input_uds'; known: input_usd, "),
        ("[[releases]]\nwhen = 1", "releases: entry 1: no key is called 'when'; known: at, model"),
        ("[[releases]]\nmodel = 5\nat = 2026-01-13T08:00:00Z", "releases: entry 1: model must be a text; found 5"),
        ("[[releases]]\nmodel = 'm'\nat = 0001-01-01T00:00:00+14:00", "at must be in the years 1970 to 2200"),
        ("prices = 5", "setting prices must be a list of tables"),
        ("prices = [5]", "prices: entry 1: it must be a table"),
        ("trusted_networks = '10.0.0.0/8'", "setting trusted_networks must be a list; found a text"),
        ("spark_options = 5", "setting spark_options must be a table; found 5"),
        ("engine = 5", "setting engine must be a text; found 5"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_table_or_a_type_is_said_in_words(tmp_path: Path, text: str, said: str) -> None:
    """No traceback, no name of a Python call."""
    with pytest.raises(SettingsError) as refused:
        load(_file(tmp_path, text + "\n"))
    assert said in str(refused.value)
    assert "__init__" not in str(refused.value)


@pytest.mark.parametrize("made", [lambda: Price("m", -1.0, 2.0), lambda: Price("m", 1.0, float("nan"))])
def test_a_price_that_is_made_in_a_program_is_checked_too(made: Any) -> None:
    with pytest.raises(SettingsError, match="_usd must be"):
        made()
