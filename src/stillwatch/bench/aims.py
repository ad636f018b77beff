"""Was the right capability named? Macro-F1 of targets.

In: true and named targets. Out: one number.
"""

from collections.abc import Sequence

from stillwatch.bench.found import Found
from stillwatch.bench.truth import Truth


def target_macro_f1(truth: Truth, found: Found) -> float | None:
    """Score the named targets of rightly listed exchanges; None when the detector names no target of any."""
    if found.exchanges is None or not any(found.exchanges.values()):
        return None
    rows = truth.exchanges.filter(truth.taken())
    pairs = zip(rows["exchange_id"].to_pylist(), rows["target"].to_pylist(), strict=True)
    both = [(target, found.exchanges[exchange]) for exchange, target in pairs if exchange in found.exchanges]
    return macro_f1([true for true, _ in both], [named for _, named in both]) if both else None


def macro_f1(true: Sequence[str], named: Sequence[str]) -> float:
    """Give the mean F1 over the classes that truly occur.

    >>> macro_f1(["a", "a", "b", "b"], ["a", "b", "b", "b"]).__round__(4)
    0.7333

    Raises:  ValueError: the lengths differ or there is nothing to score.
    """
    if not true:
        raise ValueError("macro-F1 needs one true class at least")
    pairs = list(zip(true, named, strict=True))
    scores = []
    for target in sorted(set(true)):
        right = sum(a == b == target for a, b in pairs)
        scores.append(2 * right / (sum(a == target for a, _ in pairs) + sum(b == target for _, b in pairs)))
    return sum(scores) / len(scores)
