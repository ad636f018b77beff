"""What bits promise and what innocents get: one table of simulated null behaviour.

Every group is innocent unless a row says otherwise, so every share should stay below its 2^-b. The last rows break a
rule on purpose, to show which misuse costs what. Run: `python lab/null_bits.py > lab/results/null_bits.md` (under a
minute).
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from stillwatch.bits import EProcess, calibrate_bits, e_bh, mean_bits, product_bits

SEED = 20261124
LEVELS = (1, 2, 3, 5, 7, 10, 13)
RUNS = 300_000
LOOKED = 8_000
RECOMPUTED, LOOKS = 3_000, 10_000
WINDOWS = 100
FRACTIONS = (0.01, 0.05, 0.2)
FDR_RUNS = 2_000
Bits: TypeAlias = npt.NDArray[np.float64]


def innocent_bits(pick: np.random.Generator, shape: tuple[int, ...], correlation: float = 0.0) -> Bits:
    """Bits of calibrated p-values, equicorrelated (as normal scores) along the last axis."""
    z = pick.standard_normal(shape)
    if correlation:
        shared = pick.standard_normal((*shape[:-1], 1))
        z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * z
    return calibrate_bits(stats.norm.logsf(z))


def sharp_windows(pick: np.random.Generator, shape: tuple[int, ...]) -> Bits:
    """Bits of a fair coin's likelihood ratio against one of 0.6: the case in which Ville's bound is nearly reached."""
    return np.log2(np.where(pick.random(shape) < 0.5, 1.2, 0.8))


def peeked(windows: Bits) -> tuple[Bits, Bits]:
    """The most bits that plain and restarted e-processes ever showed."""
    runs = [EProcess()] * len(windows)
    for column in windows.T:
        runs = [run.after(bits) for run, bits in zip(runs, column, strict=True)]
    return np.array([run.most_bits for run in runs]), np.array([run.most_restarted_bits for run in runs])


def recomputed(pick: np.random.Generator) -> Bits:
    """The most bits of one test computed anew from all traffic so far, again and again: no e-process."""
    most = np.full(RECOMPUTED, -np.inf)
    total = np.zeros(RECOMPUTED)
    for look in range(1, LOOKS + 1):
        total += pick.standard_normal(RECOMPUTED)
        most = np.maximum(most, total / np.sqrt(look))
    return calibrate_bits(stats.norm.logsf(most))


def exceedance_rows(pick: np.random.Generator) -> dict[str, Bits]:
    """Bits of innocents by construction, rule-breaking ones last."""
    plain, restarted = peeked(innocent_bits(pick, (LOOKED, WINDOWS)))
    sharp, sharp_restarted = peeked(sharp_windows(pick, (LOOKED, WINDOWS)))
    return {
        "one calibrated p-value": innocent_bits(pick, (RUNS,)),
        "product of 4 independent": product_bits(innocent_bits(pick, (RUNS, 4))),
        "mean of 4 dependent (correlation 0.8)": mean_bits(innocent_bits(pick, (RUNS, 4), 0.8)),
        "mean of 4 copies of one": mean_bits(np.repeat(innocent_bits(pick, (RUNS, 1)), 4, axis=1)),
        f"e-process, looked at {WINDOWS} times": plain,
        f"e-process of likelihood ratios, looked at {WINDOWS} times": sharp,
        f"restarted e-process, looked at {WINDOWS} times": restarted,
        f"restarted e-process of likelihood ratios, looked at {WINDOWS} times": sharp_restarted,
        "**misuse:** product of 5 dependent (correlation 0.3)": product_bits(innocent_bits(pick, (RUNS, 5), 0.3)),
        "**misuse:** product of 5 dependent (correlation 0.8)": product_bits(innocent_bits(pick, (RUNS, 5), 0.8)),
        "**misuse:** product of 5 copies of one": 5 * innocent_bits(pick, (RUNS,)),
        "**misuse:** the largest of 50 independent tests": innocent_bits(pick, (RUNS // 6, 50)).max(axis=-1),
        f"**misuse:** one test recomputed on all traffic so far, {LOOKS:,} looks": recomputed(pick),
    }


def false_discoveries(innocent: Bits, guilty: Bits, fraction: float, joined: int) -> tuple[float, float]:
    """Mean share of false ones among hypotheses accused, and among campaigns, `joined` true hypotheses being one."""
    by_hypothesis, by_campaign = [], []
    for row, true_row in zip(innocent, guilty, strict=True):
        chosen = e_bh(np.concatenate([true_row, row]), fraction)
        true, false = int(chosen[: len(true_row)].sum()), int(chosen[len(true_row) :].sum())
        by_hypothesis.append(false / max(true + false, 1))
        campaigns = -(-true // joined)
        by_campaign.append(false / max(campaigns + false, 1))
    return float(np.mean(by_hypothesis)), float(np.mean(by_campaign))


def discovery_rows(pick: np.random.Generator) -> list[tuple[str, Bits, Bits, int]]:
    """Name, bits of innocent groups, bits of true ones, true hypotheses a campaign."""
    ten, hundred = np.full((FDR_RUNS, 10), 14.0), np.full((FDR_RUNS, 100), 14.0)
    nobody = np.zeros((FDR_RUNS, 0))
    return [
        ("190 innocent, independent; 10 campaigns", innocent_bits(pick, (FDR_RUNS, 190)), ten, 1),
        ("190 innocent, correlation 0.9; 10 campaigns", innocent_bits(pick, (FDR_RUNS, 190), 0.9), ten, 1),
        ("190 sharp (5 bits or none), independent; 10 campaigns", sharp_bits(pick, 5.0, 0.0), ten, 1),
        ("190 sharp (5 bits or none), correlation 0.9; 10 campaigns", sharp_bits(pick, 5.0, 0.9), ten, 1),
        ("200 innocent, independent; no campaign", innocent_bits(pick, (FDR_RUNS, 200)), nobody, 1),
        (
            "190 sharp (8.2 bits or none); one campaign in 100 overlapping groups",
            sharp_bits(pick, 8.2, 0),
            hundred,
            100,
        ),
        ("190 innocent; one campaign in 100 overlapping groups", innocent_bits(pick, (FDR_RUNS, 190)), hundred, 100),
    ]


def sharp_bits(pick: np.random.Generator, top: float, correlation: float) -> Bits:
    """The hardest innocent e-values: 2^top with probability 2^-top, else 0; their expectation is exactly 1."""
    z = pick.standard_normal((FDR_RUNS, 190))
    z = np.sqrt(correlation) * pick.standard_normal((FDR_RUNS, 1)) + np.sqrt(1 - correlation) * z
    return np.where(stats.norm.sf(z) < 2.0**-top, top, -np.inf)


def _share(bits: Bits, level: int) -> str:
    share = float(np.mean(bits >= level))
    return f"**{share:.5f}**" if share > 2.0**-level + 3 * np.sqrt(2.0**-level / len(bits)) else f"{share:.5f}"


def main() -> None:
    """Print the table."""
    pick = np.random.default_rng(SEED)
    print("# What innocents get\n")
    print(f"Seed {SEED}. Simulated, every group innocent. Share that reaches b bits; it must not exceed the first row.")
    print("Bold: exceeds it by more than three standard errors. A calibrated p-value gives five bits and more away;")
    print("misuse that stays below 2^-b lives on that margin, which sharper e-values do not have.\n")
    print("| bits of | runs | " + " | ".join(f"b = {level}" for level in LEVELS) + " |")
    print("|" + "---|" * (2 + len(LEVELS)))
    print("| *allowed, 2^-b* | | " + " | ".join(f"{2.0**-level:.5f}" for level in LEVELS) + " |")
    for name, bits in exceedance_rows(pick).items():
        print(f"| {name} | {len(bits):,} | " + " | ".join(_share(bits, level) for level in LEVELS) + " |")
    print("\n## Share of false ones among those accused by e-BH\n")
    print(f"{FDR_RUNS:,} runs each. By hypothesis is what e-BH bounds. By campaign is what a reader may take it for.\n")
    print("| groups | " + " | ".join(f"at most {f:g}: by hypothesis | by campaign" for f in FRACTIONS) + " |")
    print("|" + "---|" * (1 + 2 * len(FRACTIONS)))
    for name, innocent, guilty, joined in discovery_rows(pick):
        cells = [f"{share:.4f}" for f in FRACTIONS for share in false_discoveries(innocent, guilty, f, joined)]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
