"""How often ordinary customers are called taking: one table of simulated null behaviour.

Each customer's readings are all coupled by how much it does and by whether it runs batches: the dependence between
families that the bits must survive. One more customer stands in the campaign's place. Run:
`python lab/null_taking.py > lab/results/null_taking.md` (about two minutes).
"""

from dataclasses import fields

import numpy as np

from stillwatch.settings import Settings
from stillwatch.taking import Counts, judge_taking
from stillwatch.taking.counts import Part

SEED = 20261124
LEVELS = (1, 2, 3, 4, 5, 6, 7)
RUNS = {150: 3_000, 600: 3_000, 2_500: 2_400, 10_000: 600}


def population(pick: np.random.Generator, units: int) -> Counts:
    """Draw customers of one kind of world; the first one is the campaign."""
    size = np.maximum(20, pick.lognormal(4, 1.3, units).round())
    batch = pick.random(units) < 0.06

    def share(usual: tuple[float, float], in_batches: tuple[float, float] = (20, 1)) -> np.ndarray:
        return np.where(batch, pick.beta(*in_batches, units), pick.beta(*usual, units))

    auditing = pick.random(units) < 0.02
    tasks = np.maximum(1, size * share((10, 2)))
    whole = Part(
        exchanges=size,
        tasks=tasks,
        once=np.minimum(tasks, size * share((8, 3))),
        single=size * share((3, 4)),
        turned=size,
        elicits=size * np.where(auditing, pick.beta(5, 1, units), pick.beta(0.5, 15, units)),
        judged=size * pick.beta(0.2, 15, units),
        targets=pick.dirichlet(np.full(11, 0.3), units) * size[:, None],
    )
    streaming = share((1, 6))
    columns = {field.name: getattr(whole, field.name) for field in fields(whole)}
    scaled = {name: (c.T * streaming).T.round() for name, c in columns.items()}
    times, most = pick.integers(2, 6, units).astype(float), (size * pick.beta(0.3, 10, units)).round()
    rounded = Part(**{name: column.round() for name, column in columns.items()})
    return Counts(("c",), size, size, rounded, Part(**scaled), times, most)


def main() -> None:
    """Print the table."""
    allowed = 2 ** -Settings().taking_bits
    print("# Ordinary customers in the campaign's place\n")
    print(f"Seed {SEED}. Each cell: share of runs that reach b bits, as a fraction of the allowed 2^-b.\n")
    print(
        f"| strangers | runs | mean 2^bits | called taking (allowed {allowed:.4f}) | "
        + " | ".join(f"b = {level}" for level in LEVELS)
        + " |"
    )
    print("|" + "---|" * (4 + len(LEVELS)))
    for strangers, runs in RUNS.items():
        pick = np.random.default_rng((SEED, strangers))
        found = [judge_taking(population(pick, strangers + 1), "c", 10**9, Settings()) for _ in range(runs)]
        bits = np.array([finding.bits for finding in found])
        called = np.mean([finding.answer == "yes" for finding in found])
        cells = " | ".join(f"{(bits >= level).mean() * 2**level:.3f}" for level in LEVELS)
        print(f"| {strangers:,} | {runs:,} | {(2**bits).mean():.3f} | {called:.4f} | {cells} |")


if __name__ == "__main__":
    main()
