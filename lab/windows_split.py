"""The same attack split over k accounts: tests of each account, of groups of accounts, and of all traffic together.

Source of the question: nobody has published it. The window holds `BENIGN` exchanges of `CUSTOMERS` customers, and the
attack's exchanges, dealt to k accounts in turn. Every account has one of `GROUPS` values of a trait (a network, say);
the attack's accounts all have one value, which customers have too. An account or group is flagged when its bits reach
log2(hypotheses) more than 13.3, so each way of looking raises a false alarm in at most one window of 10,000.
"""

from collections.abc import Iterator

import numpy as np
from baselines.mmd import Rows

from stillwatch.windows import Features, compare

BENIGN = 2_000
CUSTOMERS = 500
GROUPS = 20
SIZES = (1_000, 100)  # attack exchanges of a window: a third, and a twentieth
ACCOUNTS = (1, 3, 10, 30, 100, 300, 1_000)
DRAWS = 10
LOOKED_AT = 5  # accounts of an attack that are tested, of those with two exchanges or more
LEVEL_BITS = float(np.log2(10_000))


def split_rows(features: Features, normals: int, pair: str) -> Iterator[list[dict[str, object]]]:
    """One row an attack size and k of each draw."""
    for draw in range(DRAWS):
        rows = list[dict[str, object]]()
        pick = np.random.default_rng([draw, 7])
        order = pick.permutation(normals)
        benign, reference = order[:BENIGN], order[BENIGN:]
        for size in SIZES:
            attack = normals + pick.choice(len(features) - normals, size, replace=False)
            pooled = compare(features, reference, np.concatenate([benign, attack]))
            group = compare(features, reference, np.concatenate([benign[: BENIGN // GROUPS], attack]))
            carriers = pooled.carriers()
            for accounts in ACCOUNTS:
                if accounts <= size:
                    covered = _covered(features, reference, attack, accounts)
                    rows.append(
                        {
                            "part": "split",
                            "pair": pair,
                            "draw": draw,
                            "attack": size,
                            "accounts": accounts,
                            "account_fraction": covered,
                            "group": bool(group.bits >= LEVEL_BITS + np.log2(GROUPS)),
                            "pooled": bool(pooled.bits >= LEVEL_BITS),
                            "pooled_bits": round(pooled.bits, 1),
                            "carriers": len(carriers),
                            "carriers_foreign": int((carriers >= BENIGN).sum()),
                        }
                    )
        yield rows


def _covered(features: Features, reference: Rows, attack: Rows, accounts: int) -> float:
    """Fraction of the attack's accounts that are flagged by their own exchanges; one exchange cannot be tested."""
    dealt = [attack[k::accounts] for k in range(min(accounts, LOOKED_AT))]
    tested = [window for window in dealt if 2 <= len(window) <= len(reference)]
    needed = LEVEL_BITS + np.log2(CUSTOMERS + accounts)
    flagged = [compare(features, reference, window).bits >= needed for window in tested]
    return float(np.sum(flagged) / len(dealt))
