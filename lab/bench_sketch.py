"""Time the sketch kernel on one core against a NumPy pass over the same bytes, in one run.

Prompts of the shipped pack are joined and cut to 545 characters on average. Prints prompts/s, MB/s and the ratio to
`bytes.lower()` on the same buffer.
"""

import os
import platform
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from stillwatch.simulate import load_pool
from stillwatch.sketch import FEATURE_BUCKETS, HEADS, SHAPE_BUCKETS, Projection
from stillwatch.sketch.texts import sketch_texts

ROWS, CHARACTERS, REPEATS = 65_536, 545, 5


def prompts() -> list[str]:
    texts = [text for text in load_pool().texts.to_pylist() if text]
    joined = "\n".join(texts)
    rng = np.random.default_rng(1)
    starts = rng.integers(0, len(joined) - 2 * CHARACTERS, ROWS)
    lengths = rng.integers(CHARACTERS // 2, CHARACTERS * 3 // 2, ROWS)
    return [joined[s : s + n] for s, n in zip(starts, lengths, strict=True)]


def best(function: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    texts = pa.array(prompts())
    rng = np.random.default_rng(2)
    weights = rng.integers(-100, 100, (FEATURE_BUCKETS + SHAPE_BUCKETS, HEADS)).astype(np.int8)
    projection = Projection(weights, 0.1, np.zeros(HEADS, np.float32))
    sketch_texts(texts[:100], projection)
    raw = b"".join(t.encode() for t in texts.to_pylist())
    seconds, reference = best(lambda: sketch_texts(texts, projection)), best(raw.lower)
    megabytes = len(raw) / 1e6
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread used")
    print(f"sketch: {ROWS / seconds:,.0f} prompts/s of {len(raw) / ROWS:.0f} bytes, {megabytes / seconds:,.0f} MB/s")
    print(f"bytes.lower() on the same bytes: {megabytes / reference:,.0f} MB/s; ratio {seconds / reference:.1f}")


if __name__ == "__main__":
    main()
