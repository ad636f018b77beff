"""Honest bits: benign traffic of sources that the nulls never saw (half B of prompts and clients), twins included.

Logs of 3 to 28 days in turn, and of a large provider as of a small one: bits must hold in each.

Usage: honest_bits.py [FIRST LAST]. Writes lab/results/honest_bits.md and prints it: how many groups of strangers reach
b bits, against 2**-b, with its 95 % interval; and how many campaigns were found where there is none.
"""

import os
import sys
from pathlib import Path

import numpy as np
from learn_nulls import accounts

from stillwatch import together
from stillwatch.bits import exceedance
from stillwatch.settings import Settings
from stillwatch.together import Found
from stillwatch.together.dispersion import Floats

OUT = Path(__file__).parent / "results/honest_bits.md"
LOGS = ((14, 1.0), (3, 1.0), (14, 1.0), (3, 10.0), (7, 1.0), (28, 1.0), (14, 4.0))  # days, times 5,736 accounts


def table(bits: Floats) -> list[str]:
    lines = ["| bits | groups | reached | share | 95 % interval | allowed | holds |", "|---|---|---|---|---|---|---|"]
    for row in exceedance(bits, list(range(3, 11))):
        interval = f"{row.low_fraction:.5f} to {row.high_fraction:.5f}"
        share, allowed, holds = row.exceeding / len(bits), 2.0**-row.bits, "yes" if row.holds else "NO"
        lines.append(
            f"| {row.bits:g} | {len(bits):,} | {row.exceeding} | {share:.5f} | {interval} | {allowed:.5f} | {holds} |"
        )
    return lines


def strangers(run: Found, *, by_habit: bool = False) -> Floats:
    """Bits of the groups of strangers of a run, or of those by habit alone; no campaign is left out, none is real."""
    checked = run.checked
    assert checked is not None
    wanted = [not by_habit or traits[0].kind.is_habit for traits in checked.groups.traits]
    return np.asarray(checked.bits[checked.open & np.array(wanted, bool)])


def main() -> None:
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 20)
    settings = Settings()
    nulls, runs, lines = (
        together.load(),
        list[Found](),
        ["| seed | days | accounts | groups checked | campaigns |", "|---|---|---|---|---|"],
    )
    for seed in range(first, last + 1):
        days, scale = LOGS[seed % len(LOGS)]
        known = accounts(3000 + seed, days, scale, "B")
        runs.append(together.find(known, nulls, settings))
        checked, size = runs[-1].calibration.groups_checked, len(known.exchanges)
        lines.append(f"| {3000 + seed} | {days} | {size:,} | {checked:,} | {len(runs[-1].campaigns)} |")
        print(lines[-1], flush=True)
    empty = sum(not run.campaigns for run in runs)
    closing = f"\n{empty} of {len(runs)} logs without a campaign give no campaign. Machine: {os.cpu_count()} cores."
    every, habits = (np.concatenate([strangers(run, by_habit=alone) for run in runs]) for alone in (False, True))
    text = "\n".join([*table(every), "", "Groups by habit alone:", "", *table(habits), "", *lines, closing, ""])
    print(text)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(
        f"# Bits on benign traffic of unseen sources\n\n`python lab/honest_bits.py {first} {last}`\n\n{text}"
    )


if __name__ == "__main__":
    main()
