"""What the docs show of the target classifier: a reliability plot and the confusion matrix.

In: held-out prompts with the model's scores. Out: SVG, and the page with its part between two marks replaced.
"""

from target_scores import Scored, calibration_error, confusion_table

BEGIN, END = "<!-- confusion: written by lab/train_targets.py -->", "<!-- end of confusion -->"
BINS = 10
SIDE, MARGIN = 300, 45  # of the plot, in pixels
FONT, MIDDLE = 'font-family="sans-serif" font-size="11"', 'text-anchor="middle"'
FEWEST = 10  # rows of a bin that is drawn


def reliability(scored: Scored) -> str:
    """Draw how often the classifier is right against how sure it says it is; the area of a dot grows with its rows."""
    confidence, right = scored.confidence(), scored.truth() == scored.guess()
    place = (confidence * BINS).astype(int).clip(0, BINS - 1)
    dots = []
    for b in range(BINS):
        rows = place == b
        if rows.sum() < FEWEST:
            continue
        x, y = _at(float(confidence[rows].mean()), float(right[rows].mean()))
        size = 3 + 14 * (rows.mean() ** 0.5)
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"><title>{rows.sum()} prompts</title></circle>')
    (left, low), (far, top) = _at(0, 0), _at(1, 1)
    ticks = [_tick(step / 5) for step in range(6)]
    title = f"{len(right):,} held-out prompts, expected calibration error {calibration_error(scored):.3f}"
    whole = SIDE + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" {FONT}>',
            f'<rect width="{whole}" height="{whole}" fill="white"/>',
            f'<text x="{MARGIN}" y="25">{title}</text>',
            f'<path d="M{left} {top}V{low}H{far}" fill="none" stroke="#444"/>',
            f'<path d="M{left} {low}L{far} {top}" stroke="#999" stroke-dasharray="4"/>',
            *ticks,
            f'<text x="{whole / 2}" y="{whole - 8}" text-anchor="middle">how sure it says it is</text>',
            f'<text x="12" y="{whole / 2}" {MIDDLE} transform="rotate(-90 12 {whole / 2})">share right</text>',
            '<g fill="#1f6f8b" fill-opacity="0.8">',
            *dots,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _at(x: float, y: float) -> tuple[float, float]:
    return MARGIN + SIDE * x, MARGIN + SIDE * (1 - y)


def _tick(share: float) -> str:
    x, low = _at(share, 0)
    left, y = _at(0, share)
    return (
        f'<text x="{x:.0f}" y="{low + 15:.0f}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{left - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{share:.1f}</text>'
    )


def in_docs(page: str, scored: Scored) -> str:
    """Put the confusion matrix into the page, in place of the one that is there."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n" + "\n".join(confusion_table(scored)) + f"\n{END}{after}"
