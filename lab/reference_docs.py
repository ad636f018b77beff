"""Writes docs/reference/{tables,settings,errors,cli}.md from the code they describe.

In: `stillwatch.tables`, `settings.Settings`, `errors` and the command line. Out: the four pages, or with --check the
names of those that are out of date and exit code 1. Run it after changing any of them.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from stillwatch import errors, tables
from stillwatch.settings import PRICE_USD, RANGES, Settings

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
MADE = "<!-- Written by lab/reference_docs.py; change the code, then run it. -->"
INPUT = ("exchanges", "accounts", "identity", "keyed")
OUTPUT = ("reported_members", "taken", "groups_tested", "group_tests", "accounts_tested", "bench_rows")
TABLES_INTRO = """Every table Stillwatch reads, keeps or writes. `timestamp` is microseconds in UTC; `strings` is a
list of strings, `integers` a list of int32. A column marked * must be there; any other may be missing or empty, and
the coverage report says which tests that turns off."""
SETTINGS_INTRO = """A run needs none. To change one, write a TOML file and give it with `--settings FILE`; what the
file does not name keeps its default. An unknown name, a value of another type or one out of range stops the run with
exit code 2; `nan` and `inf` are out of every range. How to choose: [tune the settings](../how-to/tune-settings.md)."""
PRICES_INTRO = f"""US dollars per million tokens, {PRICE_USD}. A model's price is that of the longest `model` its name
begins with. Given in a settings file, `prices` replaces the whole list:"""
ERRORS_INTRO = """An error is one sentence on standard error: what is wrong, where, and how to mend it. It never holds
prompt text or secrets. A bad row is no error: it is quarantined, counted and listed in `coverage.json`."""
NOT_YET = "Sharing what was found with other providers (`export`, `verify`) is not built yet."
EXIT_CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, and `--fail-on-campaign` was given and a campaign was found |
| 2 | the command line, a settings file or a policy file is wrong |
| 3 | the input cannot be read, the engine could not finish, the output cannot be written, or a fault of ours |
| 130 | interrupted (Ctrl-C) |
| 143 | ended by SIGTERM; as after Ctrl-C, no temporary files are left |

Errors go to standard error as one sentence; see [errors](errors.md). A fault of ours is named by its kind and
place alone, because its message may quote the log; with `STILLWATCH_TRACEBACK=1` in the environment the traceback is
shown, too."""


def tables_page() -> str:
    """Every declared table with its columns, types and meanings."""
    declared = [value for value in vars(tables).values() if isinstance(value, tables.Table)]
    parts = ["# Tables", TABLES_INTRO]
    for heading, chosen in _table_groups(declared):
        parts.append(f"## {heading}")
        for table in chosen:
            parts += [f"### {table.name}", table.meaning, _column_rows(table)]
    return _joined(*parts)


def _table_groups(declared: list[tables.Table]) -> Iterator[tuple[str, list[tables.Table]]]:
    yield "Input", [table for table in declared if table.name in INPUT]
    yield "Output", [table for table in declared if table.name in OUTPUT]
    yield "Inside a run", [table for table in declared if table.name not in INPUT + OUTPUT]


def _column_rows(table: tables.Table) -> str:
    rows = [f"| `{c.name}`{'*' if c.required else ''} | {c.type} | {_cell(c.meaning)} |" for c in table.columns]
    return "\n".join(["| column | type | meaning |", "|---|---|---|", *rows])


def settings_page() -> str:
    """Every setting with its default and the meaning its docstring gives."""
    meanings = _field_docs(inspect.getdoc(Settings) or "")
    rows = [
        f"| `{f.name}` | {_default(f.name)} | {RANGES.get(f.name, '')} | {_cell(meanings[f.name])} |"
        for f in fields(Settings)
    ]
    prices = [f"| `{p.model}` | {p.input_usd:g} | {p.output_usd:g} |" for p in Settings().prices]
    return _joined(
        "# Settings",
        SETTINGS_INTRO,
        "\n".join(["| setting | default | range | meaning |", "|---|---|---|---|", *rows]),
        "## List prices",
        PRICES_INTRO,
        '```toml\n[[prices]]\nmodel = "our-large"\ninput_usd = 4.0\noutput_usd = 20.0\n```',
        "\n".join(["| model begins with | input | output |", "|---|---|---|", *prices]),
        RELEASES,
        '```toml\n[[releases]]\nmodel = "our-large-2"\nat = 2026-01-13T08:00:00Z\n```',
    )


RELEASES = """## Calendar of releases

When your models were released to everybody. With it, "taking?" looks whether a campaign's traffic moved to a new model
faster than customers' did; without it that test is not evaluated. A model is meant by what its name begins with; a time
needs its zone, and lies in the years 1970 to 2200:"""


def _joined(*parts: str) -> str:
    return "\n\n".join([MADE, *parts]) + "\n"


def _field_docs(text: str) -> dict[str, str]:
    """Take `name: meaning` blocks out of a docstring; a meaning may run over several lines."""
    known = "|".join(f.name for f in fields(Settings))
    parts = re.split(rf"^({known}): ", text, flags=re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in zip(parts[1::2], parts[2::2], strict=True)}


def _default(name: str) -> str:
    value = getattr(Settings(), name)
    if name in {"prices", "releases"}:
        return "below" if name == "prices" else "none"
    if name.endswith("_bytes"):
        return f"{value} ({value // 2**20} MiB)"
    return f"`{value!r}`".replace("'", '"')


def errors_page() -> str:
    """Every error with its exit code and the promise of its docstring."""
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.StillwatchError)]
    rows = [
        f"| `{c.__name__}` | {c.exit_code} | {_cell(' '.join((inspect.getdoc(c) or '').split()))} |" for c in classes
    ]
    return _joined("# Errors", ERRORS_INTRO, "\n".join(["| error | exit code | when |", "|---|---|---|", *rows]))


def cli_page() -> str:
    """Every command with its arguments and options, as the program itself describes them."""
    from typer.main import get_command  # noqa: PLC0415 - the other pages need no command line

    from stillwatch.cli import app  # noqa: PLC0415 - same

    program: Any = get_command(app)
    sections = [_command_section(name, command) for name, command in _commands(program)]
    intro = f"{program.help} `stillwatch COMMAND --help` says the same. {NOT_YET}"
    return _joined("# Commands", intro, *sections, EXIT_CODES)


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its full name, those of groups included."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _command_section(name: str, command: Any) -> str:
    rows = [_parameter_row(parameter) for parameter in command.params if parameter.name != "help"]
    usage = " ".join(_usage(parameter) for parameter in command.params if parameter.param_type_name == "argument")
    table = "\n".join(["| argument or option | default | meaning |", "|---|---|---|", *rows])
    return f"## stillwatch {name}\n\n{command.help}\n\n`stillwatch {name} {usage} [OPTIONS]`\n\n{table}".replace(
        "  ", " "
    )


def _usage(parameter: Any) -> str:
    return f"{parameter.name.upper()}{'...' if parameter.nargs == -1 else ''}"


def _parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"| `{_usage(parameter)}` | required | {_cell(parameter.help or '')} |"
    default = "" if parameter.default is None or parameter.default is False else f"`{parameter.default}`"
    return f"| {', '.join(f'`{o}`' for o in parameter.opts)} | {default} | {_cell(parameter.help or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {"tables.md": tables_page, "settings.md": settings_page, "errors.md": errors_page, "cli.md": cli_page}


def outdated() -> Mapping[str, str]:
    """The pages whose text differs from what the code says now, with the text they should have."""
    wanted = {name: page() for name, page in PAGES.items()}
    return {name: text for name, text in wanted.items() if _read(FOLDER / name) != text}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    stale = outdated()
    if "--check" in sys.argv:
        print("\n".join(stale) or "up to date")
        sys.exit(1 if stale else 0)
    for name, text in stale.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
