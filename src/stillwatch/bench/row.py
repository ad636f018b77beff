"""One judged run of one detector on one log: a line of `rows.jsonl`.

In: `Judgement` or an error. Out: JSON and back. The columns are declared in `tables.BENCH_ROWS`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a detector did against the truth; see `tables.BENCH_ROWS`. None: nothing to divide by, or not written."""

    accounts_true: int
    accounts_accused: int
    account_precision_fraction: float | None
    account_recall_fraction: float | None
    exchange_precision_fraction: float | None
    exchange_recall_fraction: float | None
    exchanges_listed: bool
    campaigns_true: int
    campaigns_found: int
    purity_fraction: float | None
    splits: int
    merges: int
    adjusted_rand_index: float
    declared_recall_fraction: float | None
    innocents: int
    innocents_by_kind: Mapping[str, int]
    target_macro_f1: float | None
    looks: int
    taken_exchanges: int
    leaked_first_exchanges: int
    leaked_first_tasks: int
    leaked_whole_exchanges: int
    leaked_whole_tasks: int
    leaked_first_fraction: float | None
    exceedance: Mapping[str, tuple[int, int]]
    innocent_accounts_by_kind: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchRow:
    """axes and points: where the log lies, empty for the middle; error: why there is no judgement, else ""."""

    detector: str
    axes: tuple[str, ...]
    points: tuple[str, ...]
    seed: int
    seconds: float = 0.0
    peak_bytes: int = 0
    error: str = ""
    judged: Judgement | None = field(default=None)

    def to_json(self) -> str:
        """Give one line of JSON, flat."""
        flat = asdict(self)
        judged = flat.pop("judged")
        return json.dumps(flat | (judged or {}), ensure_ascii=True)


def row_of(line: str) -> BenchRow:
    """Read a line that `to_json` wrote.

    Raises:  ValueError: it is not such a line.
    """
    flat: dict[str, Any] = json.loads(line)
    try:
        names = {f.name for f in fields(Judgement)}
        known = {name: flat.pop(name) for name in list(flat) if name in names}
        flat |= {"axes": tuple(flat["axes"]), "points": tuple(flat["points"])}
        return BenchRow(**flat, judged=Judgement(**known) if known else None)
    except (TypeError, KeyError) as fault:
        raise ValueError(f"not a row of a benchmark: {fault}") from fault
