"""What was aimed at and what has gone: targets, the leak, and the estimate of what it teaches.

In: the targets and the leak of a campaign. Out: drawings and tables. Counts and estimates never share a table.
"""

from collections.abc import Sequence

from stillwatch.report import words
from stillwatch.report.clean import visible
from stillwatch.report.page.markup import Markup, element, together
from stillwatch.report.page.parts import drawing, label, note, table
from stillwatch.types import Leak, Learning, TargetShare

_WIDTH, _LEFT, _PLOT, _ROW = 760, 210, 430, 24


def targets(shares: Sequence[TargetShare]) -> Markup:
    """Draw the share of each capability in what was taken."""
    if not shares:
        return note("No target: nothing was counted as taken, or the prompts were not read.")
    ordered = sorted(shares, key=lambda t: (-t.exchanges, t.target))
    shapes: list[Markup] = []
    for row, target in enumerate(ordered):
        y = row * _ROW
        fraction = min(max(target.share_fraction, 0.0), 1.0)
        figure = f"{words.share(target.share_fraction)}, {words.count(target.exchanges)}"
        shapes += [
            label(_LEFT - 12, y + 16, words.target_name(target.target), "end"),
            element("rect", x=_LEFT, y=y + 4, width=_PLOT, height=15, rx=2, class_="track"),
            element("rect", x=_LEFT, y=y + 4, width=max(fraction * _PLOT, 1.5), height=15, rx=2, class_="taken"),
            label(_WIDTH, y + 16, figure, "end number"),
        ]
    named = ", ".join(f"{words.target_name(t.target)} {words.share(t.share_fraction)}" for t in ordered)
    return drawing(_WIDTH, len(ordered) * _ROW + 4, f"Targets by share of the taken exchanges: {named}", *shapes)


def leak(gone: Leak) -> Markup:
    """Show what was counted, then, marked as such, what is only estimated."""
    rows = [
        ("Exchanges taken", words.count(gone.exchanges)),
        ("Unique tasks among them", words.count(gone.unique_tasks)),
        ("Input tokens", _or_unknown(gone.input_tokens)),
        ("Output tokens", _or_unknown(gone.output_tokens)),
        ("List price", words.usd(gone.list_price_usd)),
    ]
    parts = [table("Counted in the log", ("What", "How much"), rows, numbers=(1,))]
    if gone.unpriced_models:
        models = ", ".join(visible(model, 60) for model in gone.unpriced_models[:12])
        parts.append(note(f"No list price is known for: {models}. They are not in the price above."))
    if gone.learning_estimate:
        parts += [element("h4", "Estimate, not a measurement"), *_learning(gone.learning_estimate)]
    return together(parts)


def _learning(estimates: Sequence[Learning]) -> list[Markup]:
    note_text = (
        "What a student model of the size named could gain from this many unique tasks, in percentage points on a "
        "public benchmark, read off published training runs. The line is a 90\u00a0% interval. Nobody saw a student."
    )
    rows = (
        (
            visible(e.student, 60),
            visible(e.benchmark, 60),
            f"{e.points:+.1f}",
            f"{e.low_points:+.1f} to {e.high_points:+.1f}",
        )
        for e in estimates
    )
    heads = ("Student", "Benchmark", "Points", "90 % interval")
    return [note(note_text), _intervals(estimates), table("Estimated gain", heads, rows, numbers=(2, 3))]


def _intervals(estimates: Sequence[Learning]) -> Markup:
    low = min(0.0, *(e.low_points for e in estimates))
    high = max(1.0, *(e.high_points for e in estimates))
    scale = _PLOT / (high - low)

    def at(points: float) -> float:
        return _LEFT + (points - low) * scale

    height = len(estimates) * _ROW + 26
    shapes = [element("line", x1=at(0), x2=at(0), y1=0, y2=height - 18, class_="axis"), label(at(0), height - 4, "0")]
    shapes.append(label(at(high), height - 4, f"{high:+.0f} points", "end faint"))
    for row, e in enumerate(estimates):
        y = row * _ROW + 12
        shapes += [
            label(_LEFT - 12, y + 4, visible(f"{e.student}, {e.benchmark}", 30), "end"),
            element("line", x1=at(e.low_points), x2=at(e.high_points), y1=y, y2=y, class_="interval"),
            element("circle", cx=at(e.points), cy=y, r=5, class_="estimate"),
        ]
    return drawing(_WIDTH, height, f"{len(estimates)} estimated gains with 90 % intervals, as in the table", *shapes)


def _or_unknown(number: int | None) -> str:
    return "unknown" if number is None else words.count(number)
