"""Learn what is normal from simulated benign traffic of half A of the prompts and clients, and ship it.

Writes src/stillwatch/together/nulls.json. Half B is kept for `honest_bits.py`. Runs the benign scenario at several
sizes and lengths, since a scan may see a day or a quarter.
Takes about 20 minutes on two cores. `learn_nulls.py wordless` learns only how far odds of membership are trusted in
logs without words, and leaves all else as it was shipped: two minutes.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from growing import most_of, weeks_from
from summarised import Read, summarised

from stillwatch import together
from stillwatch.settings import Settings
from stillwatch.simulate import Sources, at, axes, load_scenario
from stillwatch.together import Accounts, Nulls

FIRST_SEED, FIRST_SEED_OF_SUMS, FIRST_SEED_OF_CAMPAIGNS, FIRST_SEED_OF_LOOKS = 1001, 2001, 1101, 1201
TIMES = 20  # as many logs again: what is rare must be seen often enough to be measured
TIMES_OF_NULLS, TIMES_OF_LARGE = 2, 3
WEEKS, WEEKS_AT_ONCE = 160, 16
LOGS = (
    (14, 1.0), (3, 1.0), (14, 0.4), (7, 0.4), (14, 1.0), (2, 1.0),
    (3, 0.4), (14, 1.0), (7, 1.0), (2, 0.4), (28, 0.4), (14, 0.4),
)  # fmt: skip
"""Days, and how large the provider is: a scale of 1 has 5,736 accounts."""
LARGE = ((3, 8.0), (14, 3.0), (7, 5.0), (2, 8.0))
"""Providers on whom groups of hundreds and thousands form; each has as many groups as ten others."""
NOTHING = {"address": "own", "card": "own", "scaffold": "absent", "e-mail": "as customers", "client": "as customers"}
SHARING_NOTHING: tuple[dict[str, str], ...] = (
    {}, {"accounts": "30"}, {"accounts": "300"}, {"timing": "human"}, {"timing": "replayed"}, {"dilution": "50 %"},
    {"ramp": "a week"}, {"replacement": "8 lives"},
)  # fmt: skip
"""Where else on the axes operators lie whose accounts share nothing; of seeds that no table reports."""


def accounts(seed: int, days: int, scale: float, sources: Sources) -> Accounts:
    """Simulate benign traffic of so many days and summarise its accounts."""
    return summarised(load_scenario("benign").scaled(scale).over(days), seed, sources)[0]


def _reference(job: tuple[int, tuple[int, float]]) -> Accounts:
    seed, (days, scale) = job
    found = accounts(seed, days, scale, "A")
    print(f"seed {seed}, {days} days: {len(found.exchanges):,} accounts", file=sys.stderr, flush=True)
    return found


def _campaign(read: Read, job: tuple[int, dict[str, str]]) -> tuple[Accounts, npt.NDArray[np.str_]]:
    seed, point = job
    found = summarised(at(load_scenario("bench"), point), seed, "A", read)
    print(f"seed {seed}, {point}", file=sys.stderr, flush=True)
    return found


def campaigns(read: Read = "everything") -> list[tuple[Accounts, npt.NDArray[np.str_]]]:
    """Logs with a campaign at every third point of the benchmark's axes, and some whose accounts share nothing."""
    base = load_scenario("bench")
    points = [{axis.name: point.label} for axis in axes() for point in axis.fitting(base)]
    every = [*points[::3], *(NOTHING | at_one for at_one in SHARING_NOTHING)]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(partial(_campaign, read), enumerate(every, FIRST_SEED_OF_CAMPAIGNS)))


def references() -> list[Accounts]:
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(_reference, enumerate(LARGE + LOGS * TIMES_OF_NULLS, FIRST_SEED)))


def summed(nulls: Nulls) -> list[float]:
    """Sums of bits of benign groups in logs that the nulls were not learnt from."""
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        jobs = enumerate(LARGE * TIMES_OF_LARGE + LOGS * TIMES, FIRST_SEED_OF_SUMS)
        found = list(workers.map(partial(_sums, nulls), jobs))
    return [bits for part in found for bits in part]


def _sums(nulls: Nulls, job: tuple[int, tuple[int, float]]) -> list[float]:
    return list(together.sums_of(_reference(job), nulls, Settings()).values())


def looked_again(nulls: Nulls) -> list[float]:
    """The most that benign groups of growing weeks ever reached."""
    seeds = range(FIRST_SEED_OF_LOOKS, FIRST_SEED_OF_LOOKS + WEEKS, WEEKS_AT_ONCE)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        found = list(workers.map(partial(_most, nulls), seeds))
    return [bits for part in found for bits in part]


def _most(nulls: Nulls, seed: int) -> list[float]:
    found = [bits for looks in weeks_from(seed, WEEKS_AT_ONCE, "A", nulls) for bits in most_of(looks)]
    print(f"weeks {seed} to {seed + WEEKS_AT_ONCE - 1}", file=sys.stderr, flush=True)
    return found


def wordless(nulls: Nulls) -> Nulls:
    """The same campaigns, of which nothing that was said is read."""
    return together.learn_wordless_trust(campaigns("metadata"), nulls, Settings())


def learnt() -> Nulls:
    settings = Settings()
    source = "simulated benign traffic, half A of prompts and clients"
    nulls = together.learn(references(), settings, source)
    labelled = campaigns()
    guilty = [(known, operators != "") for known, operators in labelled]
    nulls = together.learn_weights(guilty, nulls, settings)
    nulls = together.learn_sums(np.array(summed(nulls)), nulls)
    nulls = together.learn_stakes(guilty, nulls, settings)
    nulls = together.learn_trust(labelled, nulls, settings)
    return wordless(together.learn_looks(np.array(looked_again(nulls)), nulls))


def main() -> None:
    nulls = wordless(together.load()) if sys.argv[1:] == ["wordless"] else learnt()
    path = Path(__file__).parent.parent / "src/stillwatch/together/nulls.json"
    path.write_text(together.dump(nulls), encoding="utf-8")
    print(f"weights of membership: {nulls.trust}; without words: {nulls.wordless}")
    print(f"sums measured on {nulls.sums.groups:,} groups, up to {nulls.sums.levels[-1]} bits")
    print(f"kinds of groups with nulls of their own: {', '.join(sorted(nulls.tests['volume']))}")


if __name__ == "__main__":
    main()
