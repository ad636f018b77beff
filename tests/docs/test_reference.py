"""The reference pages say what the code says: nothing a user can meet is undocumented."""

import importlib.util
import inspect
import re
import runpy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from stillwatch import errors, tables
from stillwatch.cli import app
from stillwatch.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_generated_pages_are_up_to_date() -> None:
    """Mend with: uv run python lab/reference_docs.py"""
    stale = runpy.run_path(str(ROOT / "lab" / "reference_docs.py"))["outdated"]()
    assert sorted(stale) == []


@pytest.mark.parametrize("table", [t for t in vars(tables).values() if isinstance(t, tables.Table)], ids=str)
def test_every_column_is_documented(table: tables.Table) -> None:
    """Every table has a section and every column a row in it."""
    section = _page("tables.md").split(f"### {table.name}\n")[1].split("\n### ")[0]
    assert [name for name in table.names if f"| `{name}`" not in section] == []


def test_every_setting_is_documented() -> None:
    """Every setting has a row with words in it."""
    rows = dict(re.findall(r"^\| `(\w+)` \| .+? \| (.+) \|$", _page("settings.md"), flags=re.MULTILINE))
    assert [f.name for f in fields(Settings) if len(rows.get(f.name, "").split()) < 3] == []


def test_every_error_is_documented() -> None:
    """Every error class has a row."""
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.StillwatchError)]
    page = _page("errors.md")
    assert classes
    assert [c.__name__ for c in classes if f"| `{c.__name__}` | {c.exit_code} |" not in page] == []


def test_every_command_and_option_is_documented() -> None:
    """Every command has a section and every option a row with words in it."""
    missing = []
    for name, command in _commands().items():
        section = _page("cli.md").partition(f"## stillwatch {name}\n")[2].partition("\n## ")[0]
        missing += [
            f"{name} {parameter.name}"
            for parameter in command.params
            if parameter.param_type_name == "option" and not re.search(rf"`{parameter.opts[0]}`.*\| .*\w", section)
        ]
        missing += [] if section else [name]
    assert missing == []


def _commands() -> dict[str, Any]:
    found = {}
    program: Any = get_command(app)
    for name, command in program.commands.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {inner}": part for inner, part in command.commands.items()}
        else:
            found[name] = command
    return found


def test_every_link_between_pages_leads_somewhere() -> None:
    """A relative link in docs or README names a file that is there."""
    pages = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_docs_show_only_commands_that_exist() -> None:
    """Every `stillwatch COMMAND` in a page is a command of this version."""
    known = {name.split()[0] for name in _commands()}
    pages = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
    unknown = [
        f"{page.relative_to(ROOT)}: stillwatch {word}"
        for page in pages
        for word in re.findall(r"(?:^|`|\$ )stillwatch ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if word not in known
    ]
    assert unknown == []


def test_public_modules_can_be_found() -> None:
    """The pages are about the package that is installed, not another copy."""
    spec = importlib.util.find_spec("stillwatch")
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT / "src")
