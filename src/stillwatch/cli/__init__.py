"""The command line: arguments in, `pipeline` called, report printed, exit code out.

Exit codes: 0 done, 1 campaign found with --fail-on-campaign, 2 usage, 3 bad input, 130 interrupted, 143
terminated. A user's mistake gets a sentence, never a stack trace. Commands stand in `logs`, `trials` and
`gateway.commands`.
"""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stillwatch import __version__
from stillwatch.cli import logs, trials
from stillwatch.cli.running import interruptible
from stillwatch.errors import StillwatchError
from stillwatch.gateway import commands as gateway
from stillwatch.report import visible

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


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    with interruptible():
        try:
            app()
        except StillwatchError as fault:
            Console(stderr=True).print(Text.assemble(("error: ", "bold red"), visible(str(fault))), soft_wrap=True)
            sys.exit(fault.exit_code)
