"""Looking again and again: what innocents get when a growing week is scanned 24 times.

Usage: anytime.py [WEEKS]. Simulates so many benign weeks (half B of prompts and clients, every innocent twin) and looks
at each at 24 moments, every hour at first, as `scan --as-of` does. Writes lab/results/anytime.md: over all looks the
share of groups that *ever* reached b bits, which is what somebody gets who looks every time and stops at the best; at
each look the share that reaches b bits and the weeks with a false accusation. Weeks that are done are kept in
build/anytime, by the nulls that they were judged with. Groups that declare one organisation are left out, as in the
product's own check: they are run together.
"""

import hashlib
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from growing import HOURS, SETTINGS, SMALL_WEEK, Looks, most_of, weeks_from

from stillwatch import together
from stillwatch.bits import exceedance
from stillwatch.together.groups import Groups
from stillwatch.together.null import bits_of_sums, choose
from stillwatch.together.stakes import stakes_bits

ROOT = Path(__file__).parent
OUT, KEPT = ROOT / "results/anytime.md", ROOT.parent / "build/anytime"
FIRST_SEED, AT_ONCE = 7001, 50
LEVELS = range(3, 11)
Week = dict[str, Any]


def batch(first_seed: int) -> list[Week]:
    """Look at so many weeks as are read at once."""
    return [told(looks) for looks in weeks_from(first_seed, AT_ONCE, "B", together.load(), SMALL_WEEK)]


def told(looks: Looks) -> Week:
    """What is kept of a week: counts at each look, and the most of each group."""
    nulls = together.looked_again(together.load())
    seen = []
    for look in looks:
        sums = np.array([*look.values()])
        bits = bits_of_sums(sums, nulls)
        ahead = stakes_bits(Groups(tuple(look), sp.csr_array((len(look), 0))), nulls.stakes)
        reached = [int((bits >= level).sum()) for level in LEVELS]
        accused = int(choose(sums, ahead, nulls, SETTINGS.false_discovery_fraction).chosen.sum())
        seen.append({"groups": len(bits), "reached": reached, "accused": accused})
    return {"looks": seen, "ever": bits_of_sums(np.array(most_of(looks)), nulls).round(2).tolist()}


def done(weeks: int) -> list[Week]:
    """Every week, simulated now or before."""
    folder = KEPT / hashlib.sha256(together.dump(together.load()).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    kept = {first: folder / f"{first}-{AT_ONCE}.json" for first in range(FIRST_SEED, FIRST_SEED + weeks, AT_ONCE)}
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(kept))) as workers:
        running = {first: workers.submit(batch, first) for first, path in kept.items() if not path.exists()}
        for first, result in running.items():
            kept[first].write_text(json.dumps(result.result()))
            print(f"weeks {first} to {first + AT_ONCE - 1}", file=sys.stderr, flush=True)
    return [week for path in kept.values() for week in json.loads(path.read_text())]


def table_of_looks(weeks: list[Week]) -> list[str]:
    lines = [
        "| hour | groups | reach 3 bits (0.125 allowed) | 5 (0.031) | 8 (0.004) | weeks with accusations |",
        "|---|---|---|---|---|---|",
    ]
    for place, hour in enumerate(HOURS):
        seen = [week["looks"][place] for week in weeks]
        groups = sum(one["groups"] for one in seen)
        shares = [sum(one["reached"][LEVELS.index(level)] for one in seen) / max(groups, 1) for level in (3, 5, 8)]
        accused = sum(one["accused"] > 0 for one in seen)
        lines.append(f"| {hour} | {groups:,} | " + " | ".join(f"{s:.5f}" for s in shares) + f" | {accused} |")
    return lines


def table_of_most(weeks: list[Week]) -> list[str]:
    bits = np.concatenate([week["ever"] for week in weeks])
    lines = [
        "| bits | groups | ever reached | share | 95 % interval | allowed | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in exceedance(bits, list(LEVELS)):
        interval = f"{row.low_fraction:.5f} to {row.high_fraction:.5f}"
        said = "yes" if row.holds else "NO"
        share = row.exceeding / len(bits)
        lines.append(
            f"| {row.bits} | {len(bits):,} | {row.exceeding} | {share:.5f} | {interval} | {2**-row.bits:.5f} | {said} |"
        )
    return lines


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    weeks = done(count)
    accused = sum(any(one["accused"] for one in week["looks"]) for week in weeks)
    text = f"""# Looking again and again

`python lab/anytime.py {count}`

{len(weeks):,} benign weeks of about {SMALL_WEEK.accounts} accounts and their innocent twins, half B of prompts and
clients, looked at {len(HOURS)} times each. Machine: {os.cpu_count()} cores.

## The most that a group ever reached, over all looks

{chr(10).join(table_of_most(weeks))}

Weeks with a group of strangers accused at any look: **{accused} of {len(weeks):,}**
({SETTINGS.false_discovery_fraction:.0%} allowed at each look alone).

## Each look alone

{chr(10).join(table_of_looks(weeks))}
"""
    OUT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
