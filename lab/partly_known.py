"""Honest bits where logs are joined of two gateways: one knows who its customers are and what they sent, one does not.

Benign traffic of sources that the nulls never saw. A share of the accounts, drawn at random, loses every trait of some
kinds; whoever shows no value of a kind counts as unlike everybody, so those who do show one look more alike than they
are. Declared organisations stay: without them a company is rightly called one operator.

Usage: partly_known.py [FIRST LAST]. Writes lab/results/partly_known.md and prints it.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from learn_nulls import accounts

from stillwatch import together
from stillwatch.settings import Settings
from stillwatch.together import Accounts
from stillwatch.types import TraitKind

OUT = Path(__file__).parent / "results/partly_known.md"
WHO = frozenset({TraitKind.EMAIL_DOMAIN, TraitKind.EMAIL_SHAPE, TraitKind.SIGN_UP, TraitKind.PAYMENT})
KINDS = frozenset(kind for kind in TraitKind if not kind.is_habit)
WHAT = KINDS - WHO - {TraitKind.ORGANISATION, TraitKind.MODEL, TraitKind.ASN, TraitKind.NETWORK}
LOST = {"who they are": WHO, "who they are and what they sent": WHO | WHAT}
SHARES = (0.0, 0.5, 0.8, 0.95)
LOGS = ((3, 1.0), (14, 1.0))  # days, times 5,736 accounts
HEAD = "| seed | days | accounts | lost | of accounts | groups | 3 bits or more | 6 | 9 | campaigns |"


def without(known: Accounts, kinds: Iterable[TraitKind], share: float, seed: int) -> Accounts:
    """Take all traits of some kinds from a share of the accounts."""
    lost = np.random.default_rng(seed).random(len(known.exchanges)) < share
    shown = dict(known.shown)
    for kind in kinds:
        part = shown[kind]
        kept = ~lost[part.rows]
        shown[kind] = replace(part, rows=part.rows[kept], codes=part.codes[kept], exchanges=part.exchanges[kept])
    return replace(known, shown=shown)


def main() -> None:
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 4)
    nulls, lines = together.load(), [HEAD, "|---|---|---|---|---|---|---|---|---|---|"]
    for seed in range(3000 + first, 3001 + last):
        days, scale = LOGS[seed % len(LOGS)]
        known = accounts(seed, days, scale, "B")
        for name, kinds in LOST.items():
            for share in SHARES:
                found = together.find(without(known, kinds, share, seed), nulls, Settings())
                check = found.calibration
                reached = " | ".join(str(check.exceedance[level - 3].exceeding) for level in (3, 6, 9))
                lines.append(
                    f"| {seed} | {days} | {len(known.exchanges):,} | {name} | {share:.0%} | {check.groups_checked:,} "
                    f"| {reached} | {len(found.campaigns)} |"
                )
                print(lines[-1], flush=True)
    closing = "Allowed: one group in 8, 64 and 512; no campaign."
    text = "\n".join([*lines, "", f"{closing} Machine: {os.cpu_count()} cores.", ""])
    OUT.write_text(f"# Bits where not every account is known\n\n`python lab/partly_known.py {first} {last}`\n\n{text}")


if __name__ == "__main__":
    main()
