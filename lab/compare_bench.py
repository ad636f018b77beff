"""Does a slice of the benchmark agree with the committed numbers?

Usage: compare_bench.py SLICE.json [COMMITTED.json]. Every metric of every standing in the slice must lie within the
committed 95 % interval of the same detector and point; times and memory are never compared. Exit code 1 when a metric
lies outside, or when the slice shares nothing with the committed numbers.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).parent / "results" / "bench.json"
COSTS = frozenset({"seconds", "peak_bytes"})
SLACK = 1e-9  # of rounding in JSON
Key = tuple[str, tuple[str, ...], tuple[str, ...]]


def standings(board: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    return {(s["detector"], tuple(s["axes"]), tuple(s["points"])): s for s in board["standings"]}


def named(key: Key) -> str:
    detector, axes, points = key
    return f"{detector} at {' '.join([*axes, *points]) or 'the middle'}"


def outside(part: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    """Sentences about every metric that lies outside its committed interval."""
    committed = standings(whole)
    for key, standing in standings(part).items():
        if key not in committed:
            continue
        known, name = committed[key]["metrics"], named(key)
        for metric in sorted((known.keys() | standing["metrics"].keys()) - COSTS):
            here, there = standing["metrics"].get(metric), known.get(metric)
            if here is None or there is None:
                yield f"{name}: {metric} is {'missing' if here is None else 'new'}"
            elif not there["low"] - SLACK <= here["mean"] <= there["high"] + SLACK:
                yield f"{name}: {metric} {here['mean']:.3f} is outside {there['low']:.3f} to {there['high']:.3f}"


def shared(part: dict[str, Any], whole: dict[str, Any]) -> int:
    return len(standings(part).keys() & standings(whole).keys())


def main() -> int:
    part = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    whole = json.loads((Path(sys.argv[2]) if len(sys.argv) > 2 else COMMITTED).read_text("utf-8"))
    both, wrong = shared(part, whole), list(outside(part, whole))
    print("\n".join([*wrong, f"{both} standings compared, {len(wrong)} metrics outside their intervals"]))
    return 1 if wrong or not both else 0


if __name__ == "__main__":
    sys.exit(main())
