"""`stillwatch act`, `stillwatch appeal`, `stillwatch serve`: what people do with decisions.

In: arguments. Out: acts in the ledger, the snapshot published anew, words or JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch import settings
from stillwatch.errors import UsageError
from stillwatch.gateway.dry_run import DryRun, Touched, dry_run
from stillwatch.gateway.home import home_of
from stillwatch.gateway.identity_query import pull_identity
from stillwatch.gateway.snapshot import Contents
from stillwatch.gateway.spend_logs import pull_spend_logs
from stillwatch.ids import canonical_id, client_address
from stillwatch.pipeline.acting import Books, load_policy, past_exchanges, read_report
from stillwatch.pipeline.intake import Source, read_accounts_listed
from stillwatch.report import visible
from stillwatch.types import ActId, Exemption, Plan, Scope

act = typer.Typer(help="Act on campaigns: propose, try on past traffic, approve, undo.", no_args_is_help=True)
appeals = typer.Typer(help="Appeals of customers: open, list, settle.", no_args_is_help=True)

HomeFolder = Annotated[Path, typer.Option("--home", help="The gateway's folder.")]
LedgerUrl = Annotated[str, typer.Option("--ledger", help="postgresql:// URL of a shared ledger; else in --home.")]
By = Annotated[str, typer.Option("--by", help="Name of the person who does this.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
ActName = Annotated[str, typer.Argument(help="Id of the act.")]
_HOME = Path("stillwatch-gateway")


@act.command()
def propose(  # noqa: PLR0913 - one parameter an option
    *,
    folder: Annotated[Path, typer.Option("--in", help="Folder that a scan wrote.")] = Path("stillwatch-out"),
    policy: Annotated[str, typer.Option("--policy", help="Policy file, or the name of an example.")],
    by: By,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Write down what the policy wants done about a scan's campaigns; nothing is done yet."""
    place, report = home_of(home, ledger), read_report(folder)
    place.remember(report)
    with Books(place.place) as books:
        act_id, plan = books.propose(report, load_policy(policy), _named(by), _now())
    _print({"act": act_id, **_plan(plan)}, as_json)


@act.command("dry-run")
def try_out(  # noqa: PLR0913 - one parameter an option
    act_id: ActName,
    logs: Annotated[list[Path], typer.Argument(help="Log files or folders of them.")],
    *,
    days: Annotated[int | None, typer.Option("--days", help="Only the log's last so many days.", min=1)] = None,
    innocents: Annotated[
        Path | None, typer.Option("--innocents", help="File of accounts known innocent, one a line.")
    ] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="The column map that the log was scanned with.")
    ] = None,
    identity: Annotated[Path | None, typer.Option("--identity", help="The identities it was scanned with.")] = None,
    settings_file: Annotated[Path | None, typer.Option("--settings", help="The settings it was scanned with.")] = None,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show what a proposed act would have done to past traffic: accounts, exchanges, money, innocents."""
    source, listed = Source(tuple(logs), column_map=column_map, identity=identity), read_accounts_listed(innocents)
    place = home_of(home, ledger)
    with Books(place.place) as books:
        plan = books.proposed(ActId(act_id))
        exemptions = books.standing(_now()).exemptions
        known = {*books.innocents(), *(listed or ())}
    follow_ups = [(ActId(act_id), f) for f in plan.follow_ups]
    held = Contents(0, 0.0, plan.decisions, exemptions, follow_ups, place.settled(), place.indicators())
    found = dry_run(held, past_exchanges(source, days, settings.load(settings_file)), known)
    _print(_dry(found), as_json)


@act.command()
def approve(
    act_id: ActName, *, by: By, home: HomeFolder = _HOME, ledger: LedgerUrl = "", as_json: AsJson = False
) -> None:
    """Enforce a proposed act, as far as its policy allows; your name stands in the log."""
    place = home_of(home, ledger)
    with Books(place.place) as books:
        count = books.approve(ActId(act_id), _named(by), _now())
        _print({"act": act_id, "decisions": count, "version": place.publish(books, _now())}, as_json)


@act.command()
def apply(
    act_id: ActName, *, by: By, home: HomeFolder = _HOME, ledger: LedgerUrl = "", as_json: AsJson = False
) -> None:
    """Apply a proposed act simulated: doors count what they would have done, and do nothing."""
    place = home_of(home, ledger)
    with Books(place.place) as books:
        count = books.apply(ActId(act_id), _named(by), _now())
        _print({"act": act_id, "decisions": count, "version": place.publish(books, _now())}, as_json)


@act.command()
def undo(act_id: ActName, *, by: By, home: HomeFolder = _HOME, ledger: LedgerUrl = "", as_json: AsJson = False) -> None:
    """Take back everything an act brought; after a crash, do it again."""
    place = home_of(home, ledger)
    with Books(place.place) as books:
        count = books.undo(ActId(act_id), _named(by), _now())
        _print({"act": act_id, "undone": count, "version": place.publish(books, _now())}, as_json)


@act.command()
def allow(  # noqa: PLR0913 - one parameter an option
    scope: Annotated[Scope, typer.Argument(help="What the value is.")],
    value: Annotated[str, typer.Argument(help="The value that no decision may touch.")],
    *,
    by: By,
    why: Annotated[str, typer.Option("--why", help="Why; it stands in the log.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the allowance back instead.")] = False,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Exempt a value from every decision, existing ones too."""
    place, value = home_of(home, ledger), _written(scope, value)
    with Books(place.place) as books:
        if withdraw and not books.withdraw_allowance(scope, value, _named(by), _now()):
            raise UsageError(f"{scope} {value}: no allowance to take back; what was released stays released")
        if not withdraw:
            books.allow(Exemption(scope, value, _named(by), _now(), why))
        _print({"scope": scope, "value": value, "version": place.publish(books, _now())}, as_json)


@act.command()
def log(
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain and what it brought.")] = False,
    last_hash: Annotated[str | None, typer.Option("--last-hash", help="Hash of an entry that you noted down.")] = None,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show every act: who, when, what; with --verify, whether anything was changed since."""
    with Books(home_of(home, ledger).place) as books:
        entries, wrong = books.log(), books.faults(last_hash) if verify else []
    if as_json:
        typer.echo(json.dumps({"entries": [asdict(e) for e in entries], "faults": wrong}))
    else:
        for entry in entries:
            typer.echo(f"{entry.entry} {entry.made_at} {entry.made_by!r} {entry.kind} {entry.act_id} {entry.body}")
        typer.echo("\n".join(wrong) or (f"all {len(entries)} entries hold" if verify else ""))
    if wrong:
        raise typer.Exit(1)


@appeals.command("open")
def open_appeal(
    reference: Annotated[str, typer.Argument(help="The reference that the customer was given, or the account.")],
    *,
    words: Annotated[str, typer.Option("--words", help="What the customer says.")],
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Open an appeal."""
    with Books(home_of(home, ledger).place) as books:
        _print(asdict(books.appeal(reference, words, _now())), as_json)


@appeals.command("list")
def list_appeals(*, home: HomeFolder = _HOME, ledger: LedgerUrl = "", as_json: AsJson = False) -> None:
    """List every appeal, and the accounts that are labelled innocent by one."""
    with Books(home_of(home, ledger).place) as books:
        _print({"appeals": [asdict(a) for a in books.appeals()], "innocents": books.innocents()}, as_json)


@appeals.command()
def settle(  # noqa: PLR0913 - one parameter an option
    appeal_id: Annotated[str, typer.Argument(help="Id of the appeal.")],
    outcome: Annotated[str, typer.Argument(help="upheld or overturned.")],
    *,
    by: By,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Close an appeal; overturned, the account is released from every decision for good."""
    if outcome not in ("upheld", "overturned"):
        raise UsageError("an appeal is upheld or overturned")
    place = home_of(home, ledger)
    with Books(place.place) as books:
        settled = books.settle(appeal_id, "upheld" if outcome == "upheld" else "overturned", _named(by), _now())
        place.publish(books, _now())
    _print(asdict(settled), as_json)


def serve(
    *,
    home: HomeFolder = _HOME,
    ledger: LedgerUrl = "",
    config: Annotated[Path | None, typer.Option("--config", help="TOML file: addresses, identity, routes.")] = None,
) -> None:
    """Serve decisions to gateways over HTTP and gRPC, until interrupted."""
    try:
        from stillwatch.gateway.serving import serve as run  # noqa: PLC0415 - needs the extra
        from stillwatch.gateway.settings_file import load_served  # noqa: PLC0415 - same
    except ImportError as fault:
        raise UsageError("serving needs: pip install 'stillwatch[gateway]'") from fault
    run(home_of(home, ledger), load_served(config))


def _plan(plan: Plan) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for d in plan.decisions:
        counts[f"{d.action} {d.scope}"] = counts.get(f"{d.action} {d.scope}", 0) + 1
    return {
        "decisions": counts,
        "follow_ups": len(plan.follow_ups),
        "held": [f"{h.campaign_id}: {h.action} of {h.targets:,}: {h.why}" for h in plan.held],
        "bits_held": plan.bits_held,
    }


def _dry(found: DryRun) -> dict[str, Any]:
    return {
        "exchanges_looked_at": found.exchanges,
        "touched": _touched(found.touched),
        "linked": _touched(found.linked),
        "innocents": list(found.innocents),
    }


def _touched(by_action: Mapping[str, Touched]) -> dict[str, Any]:
    return {
        action: {
            "accounts": len(t.accounts),
            "exchanges": t.exchanges,
            "list_price_usd": round(t.usd, 2),
            "unpriced_exchanges": t.unpriced,
        }
        for action, t in by_action.items()
    }


def _print(values: Mapping[str, Any], as_json: bool) -> None:  # noqa: FBT001 - private
    if as_json:
        typer.echo(json.dumps(values, default=str))
    else:
        for name, value in values.items():
            typer.echo(
                f"{name}: {json.dumps(value, default=str) if isinstance(value, dict | list) else visible(str(value))}"
            )


def _written(scope: Scope, value: str) -> str:
    """A value as logs and doors have it, or an exemption would never be met."""
    found = client_address(value) if scope is Scope.ADDRESS else canonical_id(value)
    if not found:
        raise UsageError(f"{scope}: give a value")
    return found


def _named(by: str) -> str:
    if not by.strip():
        raise UsageError("--by: give the name of a person")
    return by


def _now() -> datetime:
    return datetime.now(UTC)


def pull(
    url: Annotated[str, typer.Argument(help="postgresql:// URL of the database of a LiteLLM proxy.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder of logs; a later pull goes on from here.")] = Path(
        "stillwatch-logs"
    ),
    settle_minutes: Annotated[
        float, typer.Option("--settle", min=0.0, help="Minutes after which no earlier row is written any more.")
    ] = 15.0,
    as_json: AsJson = False,
) -> None:
    """Copy new rows of a LiteLLM proxy's spend logs into files that scan and watch read."""
    pulled = pull_spend_logs(url, out, timedelta(minutes=settle_minutes))
    _print({"rows": pulled.rows, "files": pulled.files, "up_to": pulled.up_to}, as_json)


def identify(
    url: Annotated[str, typer.Argument(help="postgresql:// URL of a database that knows your customers.")],
    *,
    query: Annotated[Path, typer.Option("--query", help="File with a SELECT whose columns are those of identity.")],
    out: Annotated[Path, typer.Option("--out", help="File of identities, for --identity.")] = Path("identity.jsonl"),
    as_json: AsJson = False,
) -> None:
    """Write who stands behind keys and accounts, as your own database says, into a file that --identity takes."""
    try:
        words = query.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"{query}: cannot be read as a query") from fault
    _print({"identities": pull_identity(url, words, out)}, as_json)
