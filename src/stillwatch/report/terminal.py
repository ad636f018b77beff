"""The result on a terminal: ranked campaigns, their strongest evidence, what was not looked at, coverage, calibration.

In: a `Scan` and a rich console of any width. Out: text on it. No string of a log is ever read as console markup:
all pass `clean.visible` into `rich.text.Text`.
"""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stillwatch.report import answers, words
from stillwatch.report.clean import visible
from stillwatch.report.console import print_by
from stillwatch.types import ACCUSING, Calibration, Campaign, Coverage, Evidence, NotEvaluated, Scan, Verdict

_WIDE_COLUMNS = 130  # terminal cells from which targets, leak and hiding fit into the table
_RANKED = 25  # campaigns in the table
_EXPLAINED = 8  # campaigns with their evidence
_BENIGN = 2  # of organisations, where there is nothing else
_STRONGEST = 5  # evidence sentences a campaign
_HYPOTHESIS = "; hypothesis: "
_REASONS = 5  # quarantined rows shown

_STYLES: dict[Verdict, str] = {
    Verdict.DISTILLATION: "bold red",
    Verdict.RELAY: "bold yellow",
    Verdict.DECLARED_HARVEST: "bold magenta",
    Verdict.NOT_EVALUATED: "bold bright_black",
    Verdict.ORGANISATION: "bold green",
    Verdict.NO_CAMPAIGN: "green",
}


def print_scan(scan: Scan, console: Console) -> None:
    """Print the result of a run; on a terminal that is not UTF-8, what it cannot show becomes a question mark."""
    print_by(lambda place: _print(scan, place), console)


def _print(scan: Scan, console: Console) -> None:
    for part in _parts(scan, console.width):
        console.print(part)


def _parts(scan: Scan, width: int) -> Iterator[RenderableType]:
    yield from _head(scan)
    campaigns = words.ranked(scan)
    if campaigns:
        yield _ranking(campaigns[:_RANKED], scan.calibration, width)
        if len(campaigns) > _RANKED:
            yield _line(f"{len(campaigns) - _RANKED:,} more in campaigns.json", "dim")
        for pool in answers.pool_lines(scan):
            yield _line(pool, "yellow")
        yield Text()
        explained = _worth_explaining(campaigns)
        for campaign in explained:
            yield from _explained(campaign, scan.calibration)
        if len(campaigns) > len(explained):
            yield _line(f"evidence on {len(campaigns) - len(explained):,} more: report.html", "dim")
            yield Text()
    else:
        yield from _nothing(scan)
    yield from _not_evaluated(scan.coverage.tests_off)
    yield from _coverage(scan.coverage)
    yield _calibration(scan.calibration)


def _head(scan: Scan) -> Iterator[RenderableType]:
    yield Rule(Text(f"Stillwatch {visible(scan.version, 20)}", "bold"), style="dim")
    accusing = any(c.verdict in ACCUSING for c in scan.campaigns)
    yield _line(answers.headline(scan), "bold red" if accusing else "bold green")
    yield _line(
        f"{words.period(scan.coverage.first_seen, scan.coverage.last_seen)}, UTC, event time; "
        f"as of {words.minute(scan.as_of)}",
        "dim",
    )
    if not scan.calibration.ok:
        yield _line(answers.UNCALIBRATED, "bold white on red")
    yield Text()


def _ranking(campaigns: Sequence[Campaign], calibration: Calibration, width: int) -> Table:
    wide = width >= _WIDE_COLUMNS
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right", style="dim", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for name in ("Accounts", "Exchanges"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("When", overflow="fold")
    table.add_column("Chance, at most", overflow="fold")
    for name in ("Targets", "Leaked", "Hidden") if wide else ():
        table.add_column(name, overflow="fold")
    for number, campaign in enumerate(campaigns, 1):
        table.add_row(*_row(number, campaign, calibration), *(_wide_row(campaign, calibration) if wide else ()))
    return table


def _row(number: int, campaign: Campaign, calibration: Calibration) -> tuple[Text, ...]:
    return (
        Text(str(number)),
        Text(words.VERDICT_NAMES[campaign.verdict], _STYLES[campaign.verdict]),
        Text(words.count(len(campaign.members))),
        Text(words.count(campaign.exchanges)),
        Text(words.since(campaign.first_seen, campaign.last_seen)),
        Text(answers.chance(campaign.together_bits, calibration)),
    )


def _wide_row(campaign: Campaign, calibration: Calibration) -> tuple[Text, ...]:
    hidden = answers.four_answers(campaign, calibration)[1]
    return (Text(answers.targets_column(campaign)), Text(answers.leak_column(campaign)), Text(hidden.answer))


def _worth_explaining(campaigns: Sequence[Campaign]) -> Sequence[Campaign]:
    """Keep those that need a decision; where none does, the largest few show what was looked at."""
    urgent = [c for c in campaigns if c.verdict not in {Verdict.ORGANISATION, Verdict.NO_CAMPAIGN}]
    return urgent[:_EXPLAINED] or campaigns[:_BENIGN]


def _explained(campaign: Campaign, calibration: Calibration) -> Iterator[RenderableType]:
    title = Text(words.VERDICT_NAMES[campaign.verdict], _STYLES[campaign.verdict])
    title.append(f"  {visible(campaign.campaign_id, 40)}", "bold")
    yield title
    yield _line(words.VERDICT_MEANINGS[campaign.verdict], "dim")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for reply in answers.four_answers(campaign, calibration):
        table.add_row(Text(reply.question), Text(f"{reply.answer}: {reply.sentence}"))
    yield Padding(table, (0, 0, 0, 2))
    yield Padding(_evidence(campaign.evidence), (0, 0, 0, 2))
    if campaign.not_evaluated:
        missing = "; ".join(sorted({visible(words.spoken(off.test), 40) for off in campaign.not_evaluated}))
        yield Padding(_line(f"not evaluated here: {missing}", "dim"), (0, 0, 0, 2))
    yield Text()


def _evidence(evidence: Sequence[Evidence]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    strongest = sorted(evidence, key=lambda e: (-abs(e.bits), e.test))[:_STRONGEST]
    shared = _shared_hypothesis(strongest)
    for found in strongest:
        style = "cyan" if found.bits > 0 else "green"
        claim = found.claim.removesuffix(shared)
        table.add_row(Text(f"{words.in_bits(found.bits)} bits", style), Text(visible(claim, 400)))
    if shared:
        table.add_row(Text(), _line(visible(shared.removeprefix("; "), 400), "dim"))
    left = len(evidence) - len(strongest)
    if left > 0:
        table.add_row(Text(), _line(f"{left} more in report.html", "dim"))
    return table


def _shared_hypothesis(evidence: Sequence[Evidence]) -> str:
    """Find the hypothesis that several claims end in, so that it is printed once; empty when they differ."""
    endings = [claim[claim.rfind(_HYPOTHESIS) :] for claim in (e.claim for e in evidence) if _HYPOTHESIS in claim]
    return endings[0] if len(endings) > 1 and len(set(endings)) == 1 else ""


def _nothing(scan: Scan) -> Iterator[RenderableType]:
    groups = words.many(scan.groups_tested, "group")
    yield _line(f"Nothing was found. {groups} of accounts with something in common were tested.", "green")
    tests = ", ".join(visible(words.spoken(test), 40) for test in scan.coverage.tests_on)
    yield _line(f"Tested: {tests or answers.why_no_test(scan)}.")
    yield Text()


def _not_evaluated(off: Sequence[NotEvaluated]) -> Iterator[RenderableType]:
    if not off:
        return
    yield _line("Not evaluated", "bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for test in off:
        name = f"{visible(words.spoken(test.test), 40)} ({test.question}?)"
        table.add_row(Text(name), _line(f"needs {visible(test.missing, 200)}", "dim"))
    yield Padding(table, (0, 0, 1, 2))


def _coverage(coverage: Coverage) -> Iterator[RenderableType]:
    yield _line("Coverage", "bold")
    rows, files = words.many(coverage.rows_read, "row"), words.many(len(coverage.files), "file")
    bad_rows, twice = words.count(coverage.rows_quarantined), words.count(coverage.rows_duplicated)
    lines = [
        f"{rows} read from {files}, {bad_rows} quarantined, {twice} duplicates",
        f"{words.many(coverage.accounts, 'account')} seen, {words.count(coverage.accounts_declared)} declared",
    ]
    lines += [
        f"quarantined: {visible(bad.file, 60)} row {bad.row:,}: {visible(bad.reason, 160)}"
        for bad in coverage.quarantined[:_REASONS]
    ]
    if coverage.rows_quarantined > _REASONS:
        lines.append(f"{coverage.rows_quarantined - _REASONS:,} more quarantined rows: coverage.json lists the first")
    of_accounts = ((f"accounts.{name}", fraction) for name, fraction in coverage.account_column_fraction.items())
    columns = [*coverage.column_fraction.items(), *of_accounts]
    missing = [visible(name, 40) for name, fraction in columns if fraction == 0]
    thin = [f"{visible(name, 40)} {words.share(f)}" for name, f in columns if 0 < f < 0.5]
    lines += [f"columns missing: {', '.join(missing)}"] if missing else []
    lines += [f"columns mostly empty: {', '.join(thin)}"] if thin else []
    lines += [visible(note, 200) for note in coverage.notes]
    yield Padding(Text("\n".join(lines)), (0, 0, 1, 2))


def _calibration(calibration: Calibration) -> Text:
    line = Text("Calibration  ", "bold")
    return line.append(answers.calibration_line(calibration), "green" if calibration.ok else "bold red")


def _line(text: str, style: str = "") -> Text:
    return Text(text, style)
