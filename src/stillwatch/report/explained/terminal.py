"""An explanation on a terminal: the answer, then what can be read aloud, then the waterfalls.

In: an `Explanation` and a rich console of any width. Out: text on it. Every string passes `clean.visible`.
"""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stillwatch.report import words
from stillwatch.report.clean import visible
from stillwatch.report.console import print_by
from stillwatch.report.explained.values import Explanation, Line, Section

_LIMIT = 2_000  # cells of one sentence
_GOOD = ("Cleared", "No accusation", "Not counted")
_OPEN = ("Not accused",)


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print an explanation; on a terminal that is not UTF-8, what it cannot show becomes a question mark."""
    print_by(lambda place: _print(explanation, place), console)


def _print(explanation: Explanation, console: Console) -> None:
    console.print(Rule(Text(f"{explanation.subject} {visible(explanation.subject_id, 60)}", "bold"), style="dim"))
    answer = explanation.answer
    colour = "green" if answer.startswith(_GOOD) else "yellow" if answer.startswith(_OPEN) else "red"
    console.print(_text(answer, f"bold {colour}"))
    for section in explanation.sections:
        for part in _section(section):
            console.print(part)


def _section(section: Section) -> Iterator[RenderableType]:
    if not section.text and not section.lines:
        return
    yield Text()
    yield _text(section.heading, "bold")
    for sentence in section.text:
        yield Padding(_text(sentence), (0, 0, 0, 2))
    if section.lines:
        yield Padding(_waterfall(section), (0, 0, 0, 2))


def _waterfall(section: Section) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    said = ""
    for line in section.lines:
        table.add_row(_bits(line.bits), _text(_named(line)))
        _details(table, line, said)
        said = line.null or said
        for part in line.parts:
            alone = f"- {part.sentence} ({part.null}); alone {words.in_bits(part.bits or 0)} bits"
            table.add_row(Text(), _text(alone, "dim"))
    if section.total_bits is not None and section.lines:
        table.add_row(_bits(section.total_bits, "bold"), Text("in all", "bold"))
    return table


def _named(line: Line) -> str:
    return line.sentence if line.bits is not None else f"{words.spoken(line.test)}: {line.sentence}"


def _details(table: Table, line: Line, said: str) -> None:
    """What stands below a line; its null only where it is another than that of the line before."""
    if line.null and line.null != said:
        table.add_row(Text(), _text(f"compared with: {line.null}", "dim"))
    if line.innocent:
        table.add_row(Text(), _text(f"innocent explanation: {line.innocent}", "dim"))
    if line.exchange_ids:
        table.add_row(Text(), _text(f"see exchanges: {', '.join(line.exchange_ids)}", "dim"))


def _bits(bits: float | None, style: str = "") -> Text:
    if bits is None:
        return Text()
    return Text(f"{words.in_bits(bits)} bits", style or ("cyan" if bits > 0 else "green"))


def _text(words_: str, style: str = "") -> Text:
    return Text(visible(words_, _LIMIT), style)
