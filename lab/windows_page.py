"""The page of `windows_table.py`: its rows as tables, beside the paper's rows. Usage: windows_page.py FILE.jsonl..."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmd_page import PUBLISHED_AT_1500, PUBLISHED_BY_SIZE
from scipy.stats import beta

OUT = Path(__file__).parent / "results/windows.md"
TEXT = Path(__file__).parent / "results/windows.template.md"
LEVELS = {  # bits; none of 1,200 benign windows of `windows_table.py null` exceeds the first
    "3.5 bits, from other data": 3.5,
    "8.4 bits (0.3 % guaranteed)": float(np.log2(1 / 0.003)),
    "13.3 bits (1e-4 guaranteed)": float(np.log2(10_000)),
}
CALIBRATED = next(iter(LEVELS))
HEAD = "| pair | test | FPR (benign windows) | 5 % | 10 % | 25 % | AUROC 5 % | 10 % |"
Row = dict[str, Any]
Told = Callable[[Sequence[Row], str, float], str]


def share_of(hits: Sequence[bool]) -> str:
    """Per cent, with its 95 % Clopper-Pearson interval; windows of one split overlap, so it is too narrow."""
    if not len(hits):
        return "-"
    k, n = int(np.sum(hits)), len(hits)
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return f"{100 * k / n:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def area(rows: Sequence[Row], share: float, score: str) -> str:
    """AUROC of a share against benign windows, the mean over pairs."""
    pairs = {r["pair"] for r in rows}
    found = [_area([r for r in rows if r["pair"] == pair], share, score) for pair in pairs]
    return f"{np.mean(found):.3f}" if found and not np.isnan(found).any() else "-"


def _area(rows: Sequence[Row], share: float, score: str) -> float:
    left = np.array([r[score] for r in rows if r["share"] == share])[:, None]
    right = np.array([r[score] for r in rows if r["share"] == 0.0])[None, :]
    return float((left > right).mean() + (left == right).mean() / 2) if left.size and right.size else np.nan


def line(label: str, rows: Sequence[Row], hit: str, score: str, told: Told) -> str:
    """One test on one set of rows; `hit` is a column of verdicts, or a number of bits."""
    cells = [
        f"{told(rows, hit, 0.0)} of {sum(r['share'] == 0.0 for r in rows):,}",
        *(told(rows, hit, share) for share in (0.05, 0.10, 0.25)),
        area(rows, 0.05, score),
        area(rows, 0.10, score),
    ]
    return f"| | {label} | {' | '.join(cells)} |"


def _hit(row: Row, hit: str) -> bool:
    return bool(row["bits"] >= LEVELS[hit]) if hit in LEVELS else bool(row[hit])


def table(rows: Sequence[Row], size: int) -> str:
    """All pairs of one window size, and their mean."""
    chosen = [r for r in rows if r["size"] == size]
    lines = [HEAD, "|" + "---|" * 8]
    for pair in sorted({r["pair"] for r in chosen}):
        own = [r for r in chosen if r["pair"] == pair]
        lines.append(f"| **{pair}** ({own[0]['normals']:,} normals) | | | | | | | |")
        if size == 1_500:
            five, ten = PUBLISHED_AT_1500[pair]
            lines.append(f"| | paper's MMD | 0.3 in all | {five} | {ten} | 100.0 | - | - |")
        lines += _tests(own)
    lines.append("| **mean of the pairs** | | | | | | | |")
    if size in PUBLISHED_BY_SIZE:
        paper = PUBLISHED_BY_SIZE[size]
        lines.append(
            f"| | paper's MMD (five pairs, seed 42) | {paper[0]} | {paper[1]} | {paper[2]} | {paper[3]} | - | - |"
        )
    return "\n".join([*lines, *_tests(chosen, mean_of_pairs)])


def mean_of_pairs(rows: Sequence[Row], hit: str, share: float) -> str:
    """Per cent, the mean over pairs: they need not have as many windows."""
    pairs = sorted({r["pair"] for r in rows})
    hits = [[_hit(r, hit) for r in rows if r["pair"] == pair and r["share"] == share] for pair in pairs]
    return f"{100 * np.mean([np.mean(own) for own in hits]):.1f}" if all(hits) else "-"


def all_windows(rows: Sequence[Row], hit: str, share: float) -> str:
    """Per cent of the windows of one pair, with its interval."""
    return share_of([_hit(r, hit) for r in rows if r["share"] == share])


def _tests(rows: Sequence[Row], told: Told = all_windows) -> list[str]:
    both = [r for r in rows if "mmd" in r]
    lines = [line("MMD, published threshold", both, "mmd_published", "mmd", told)] if both else []
    lines += [line("MMD, recalibrated (nominal 5 %)", both, "mmd_recalibrated", "mmd", told)] if both else []
    lines += [line("ours, the same windows", both, CALIBRATED, "bits", told)] if both else []
    return [*lines, *(line(f"ours, {level}, all windows", rows, level, "bits", told) for level in LEVELS)]


def carriers(rows: Sequence[Row]) -> str:
    """Of the exchanges named, the foreign; of the foreign, the named."""
    lines = [
        "| window | share | of those named, foreign | of the foreign, named | of the first, as many as are foreign |",
        "|" + "---|" * 5,
    ]
    for size, share in sorted({(r["size"], r["share"]) for r in rows if r["share"]}):
        own = [r for r in rows if (r["size"], r["share"]) == (size, share) and r["bits"] >= LEVELS[CALIBRATED]]
        if own:
            named, foreign = sum(r["carriers"] for r in own), sum(round(r["share"] * r["size"]) for r in own)
            right, top = sum(r["carriers_foreign"] for r in own), sum(r["top_foreign"] for r in own)
            parts = (right / named, right / foreign, top / foreign)
            lines.append(f"| {size:,} | {100 * share:.0f} % | {' | '.join(f'{100 * part:.0f} %' for part in parts)} |")
    return "\n".join(lines)


def split_table(rows: Sequence[Row]) -> str:
    lines = [
        "| pair | attack exchanges | accounts k | each account alone | groups of a trait | all together |",
        "|" + "---|" * 6,
    ]
    for key in sorted({(r["pair"], -r["attack"], r["accounts"]) for r in rows}):
        own = [r for r in rows if (r["pair"], -r["attack"], r["accounts"]) == key]
        alone = f"{100 * np.mean([r['account_fraction'] for r in own]):.0f} %"
        together = [share_of([r[name] for r in own]) for name in ("group", "pooled")]
        lines.append(f"| {key[0]} | {-key[1]:,} | {key[2]:,} | {alone} | {together[0]} | {together[1]} |")
    return "\n".join(lines)


def null_table(rows: Sequence[Row]) -> str:
    """How high benign windows come that played no part in the tables."""
    lines = ["| window | benign windows | median bits | 99 % | 99.7 % | highest |", "|" + "---|" * 6]
    for size in sorted({r["size"] for r in rows}):
        bits = np.array([r["bits"] for r in rows if r["size"] == size])
        values = " | ".join(f"{value:.1f}" for value in np.quantile(bits, [0.5, 0.99, 0.997, 1.0]))
        lines.append(f"| {size:,} | {len(bits):,} | {values} |")
    return "\n".join(lines)


def rows_of(files: Iterable[str]) -> list[Row]:
    return [json.loads(row) for name in files for row in Path(name).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    rows = rows_of(sys.argv[1:])
    parts = {part: [r for r in rows if r["part"] == part] for part in ("pooled", "split", "null")}
    text = TEXT.read_text(encoding="utf-8")
    made = {
        "POOLED_1500": table(parts["pooled"], 1_500),
        "POOLED_100": table(parts["pooled"], 100),
        "CARRIERS": carriers(parts["pooled"]),
        "NULL": null_table(parts["null"]),
        "SPLIT": split_table(parts["split"]),
    }
    for name, block in made.items():
        text = text.replace("{" + name + "}", block)
    print(text)
    OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
