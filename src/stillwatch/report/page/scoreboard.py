"""The benchmark as one HTML page: where Stillwatch fails first, then curves along each axis, then everything.

In: a `Scoreboard`. Out: HTML text, self-contained, equal for equal scoreboards. See `markup` for why nothing that a
detector wrote can become part of the page.
"""

from collections.abc import Iterable, Sequence

from stillwatch.report import scores
from stillwatch.report.clean import visible
from stillwatch.report.page.curves import curve
from stillwatch.report.page.markup import Markup, document, element, together
from stillwatch.report.page.pairs import pairs
from stillwatch.report.page.parts import note, table
from stillwatch.types import OURS, Scoreboard, Standing

_CURVES = (
    ("account_recall_fraction", "Recall by account"),
    ("account_precision_fraction", "Precision by account"),
    ("leaked_first_fraction", "Share of the campaign leaked before the first flag"),
)
_HEADS = ("Point", "Detector", *scores.METRICS.values(), "Innocents by kind")
_NUMBERS = range(2, len(_HEADS) - 1)


def scoreboard_page(board: Scoreboard) -> str:
    """Make the page."""
    facts = (
        ("Scenario", board.scenario),
        ("Scale", f"{board.scale:g}"),
        ("Seeds", str(board.seeds)),
        ("Axes", str(len(board.axes))),
        ("Stillwatch", board.version),
    )
    header = element(
        "header",
        element("p", "Stillwatch scoreboard", class_="mark"),
        element("h1", f"{scores.headline(board)}."),
        element("dl", *(element("div", element("dt", n), element("dd", v)) for n, v in facts), class_="facts"),
        class_="top",
    )
    main = element(
        "main", _failures(board), _axes(board), pairs(board, _HEADS, _NUMBERS), _bits(board), _everything(board)
    )
    return document("Stillwatch scoreboard", header, main)


def _failures(board: Scoreboard) -> Markup:
    told = note("Points where Stillwatch falls below 0.5 recall by account or accuses an innocent, the worst first.")
    rows = table("Worst first", _HEADS, map(scores.row, board.breaking), _NUMBERS) if board.breaking else together(())
    return element("section", element("h2", "Where Stillwatch fails"), told, rows, class_="ranking")


def _axes(board: Scoreboard) -> Markup:
    told = note(
        "Each axis is moved alone; from left to right a campaign gets harder to see. Bars at our points are 95 % "
        "intervals over seeds. The broken line is 0.5."
    )
    parts = []
    for axis in board.axes:
        drawn = [curve(axis, metric, title, board.standings, OURS) for metric, title in _CURVES]
        figures = (element("figure", figure) for figure in drawn)
        parts.append(element("section", element("h3", axis.name), note(axis.meaning), *figures, class_="plain"))
    return element("section", element("h2", "Along each axis"), told, *parts)


def _bits(board: Scoreboard) -> Markup:
    if not board.exceedance:
        return together(())
    told = note("Over the logs without any campaign: groups that reached b bits. Honest bits keep below 2^-b.")
    rows = (
        (
            visible(name, 40),
            str(bits),
            f"{groups:,}",
            f"{exceeding:,}",
            f"{exceeding / max(groups, 1):.4f}",
            f"{2**-bits:.4f}",
        )
        for name, levels in board.exceedance.items()
        for bits, (groups, exceeding) in sorted(levels.items())
    )
    heads = ("Detector", "Bits", "Groups", "Reached", "Share", "Allowed")
    return element(
        "section", element("h2", "Calibration of bits"), told, table("Benign groups", heads, rows, range(1, 6))
    )


def _everything(board: Scoreboard) -> Markup:
    rest = [s for s in board.standings if len(s.axes) < 2]
    rows = table("Every detector at every point", _HEADS, map(scores.row, rest), _NUMBERS)
    errors = _errors(rest)
    return element("section", element("h2", "Everything"), rows, errors, class_="ranking")


def _errors(standings: Iterable[Standing]) -> Markup:
    told: Sequence[str] = [
        f"{s.detector}, {scores.place(s)}: {visible(error, 300)}" for s in standings for error in s.errors
    ]
    if not told:
        return together(())
    return element(
        "details", element("summary", "Runs without a result"), element("ul", *(element("li", t) for t in told))
    )
