"""Options that several commands take.

In: nothing. Out: annotated types for parameters of commands.
"""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("--out", help="Folder for the report and the tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
AccountsFile = Annotated[
    Path | None, typer.Option("--accounts", help="File of accounts; else the one beside the logs.")
]
Reference = Annotated[
    Path | None, typer.Option("--reference", help="Traffic believed benign, to learn what is normal from.")
]
Known = Annotated[
    list[Path] | None,
    typer.Option("--known", help="Folder of an earlier report, whose campaigns may go on; may be repeated."),
]
ColumnMapFile = Annotated[
    Path | None, typer.Option("--map", help="TOML file that says which field of the log is which column.")
]
IdentityFile = Annotated[
    Path | None, typer.Option("--identity", help="File of the account, organisation, payment ... behind each key.")
]
InnocentsFile = Annotated[
    Path | None,
    typer.Option("--innocents", help="File of accounts known innocent, one a line; the bits are checked on them, too."),
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")]
Profile = Annotated[
    bool, typer.Option("--profile", help="Say what each stage cost: seconds, pace, peak memory, spilled bytes.")
]
FailOnCampaign = Annotated[bool, typer.Option("--fail-on-campaign", help="Exit with 1 when a campaign is found.")]
