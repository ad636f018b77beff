"""Two axes at once: a map of recall over all pairs, and the pairs that break us though neither axis does alone.

In: a `Scoreboard` with standings at pairs of points. Out: `Markup`, nothing when no pair was judged.
"""

from collections.abc import Mapping, Sequence

from stillwatch.report import scores
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import note, table
from stillwatch.types import OURS, BenchAxis, Scoreboard, Standing

_SHADES = 5
_RECALL = "account_recall_fraction"

Places = Mapping[frozenset[str], Standing]


def pairs(board: Scoreboard, heads: Sequence[str], numbers: range) -> Markup:
    """Draw the map and the tables; `heads` and `numbers` are those of the other tables of the page."""
    places = _places(board)
    paired = [standing for axes, standing in places.items() if len(axes) == 2]
    if not paired:
        return together(())
    surprising = broken_together(board)
    told = note(
        f"Two axes at once, each at its hardest point: {len(paired)} of {len(board.axes) * (len(board.axes) - 1) // 2} "
        "pairs judged. Recall by account, the darker the less was found; on the diagonal the axis alone; + innocents "
        "accused; * breaks Stillwatch though neither axis does alone."
    )
    parts = [element("h2", "Pairs"), told, _map(board.axes, places, surprising)]
    if surprising:
        caption = "Pairs that break Stillwatch though neither axis does alone"
        parts.append(table(caption, heads, map(scores.row, surprising), numbers))
    every = table("Every pair", heads, map(scores.row, paired), numbers)
    parts.append(element("details", element("summary", "Every pair in numbers"), every))
    return element("section", *parts, class_="ranking")


def broken_together(board: Scoreboard) -> tuple[Standing, ...]:
    """Give our pairs that break where both hardest points alone were judged and hold, the worst first."""
    places = _places(board)
    hold = {name for axes, standing in places.items() if len(axes) == 1 and not standing.breaks for name in axes}
    return tuple(s for s in board.breaking if len(s.axes) == 2 and set(s.axes) <= hold)


def _places(board: Scoreboard) -> Places:
    """Our standings at the hardest points, by the axes that are moved."""
    hardest = {axis.name: axis.points[-1] for axis in board.axes if axis.points}
    mine = [s for s in board.standings if s.detector == OURS and s.axes]
    return {frozenset(s.axes): s for s in mine if s.points == tuple(hardest.get(name) for name in s.axes)}


def _map(axes: Sequence[BenchAxis], places: Places, surprising: Sequence[Standing]) -> Markup:
    marked = {frozenset(standing.axes) for standing in surprising}
    rows = []
    for number, axis in enumerate(axes):
        keys = [frozenset({axis.name, other.name}) for other in axes[: number + 1]]
        cells = [_cell(places.get(key), "*" if key in marked else "") for key in keys]
        rows.append((axis.name, *cells, *("" for _ in axes[number + 1 :])))
    made = table("Recall by account", ("", *(axis.name for axis in axes)), rows, range(1, len(axes) + 1))
    return element("div", made, class_="matrix")


def _cell(standing: Standing | None, mark: str) -> str:
    recall = standing.metrics.get(_RECALL) if standing else None
    if standing is None or recall is None:
        return "-" if standing else ""
    innocents = sum(standing.innocents.values())
    shade = round((1 - recall.mean) * _SHADES)
    text = f"{recall.mean:.2f}{f' +{innocents:,}' if innocents else ''}{mark}"
    return element("span", text, class_=f"heat h{min(max(shade, 0), _SHADES)}")
