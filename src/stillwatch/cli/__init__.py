"""The command line: arguments in, `pipeline` called, report printed, exit code out.

Every fault gets a sentence and an exit code, never a stack trace; see `ending`. Commands stand in `logs`, `trials` and
`gateway.commands`.
"""

from typing import Annotated, NoReturn

import typer

from stillwatch import __version__
from stillwatch.cli import logs, trials
from stillwatch.cli.ending import end
from stillwatch.gateway import commands as gateway

app = typer.Typer(
    name="stillwatch",
    help="Find distillation campaigns in the traffic logs of a language-model API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(logs.scan)
app.command()(logs.watch)
app.command()(logs.inspect)
app.command()(logs.sketch)
app.command()(logs.explain)
app.command()(logs.window)
app.command()(gateway.pull)
app.command()(gateway.identify)
app.command()(trials.demo)
app.command()(trials.simulate)
app.command()(trials.bench)
app.add_typer(gateway.act, name="act")
app.add_typer(gateway.appeals, name="appeal")
app.command()(gateway.serve)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Find distillation campaigns in the traffic logs of a language-model API."""
    if version:
        typer.echo(f"stillwatch {__version__}")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line, and end with its exit code."""
    end(app)
