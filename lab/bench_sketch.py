"""Time the sketch kernel on one core against a NumPy pass over the same bytes, in one run.

Prompts of the shipped pack are joined and cut to 545 characters on average. Prints prompts/s, MB/s and the ratio to
`bytes.lower()` on the same buffer.
"""

import os
import platform
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.sketch import FEATURE_BUCKETS, HEADS, SHAPE_BUCKETS, Projection
from stillwatch.sketch.texts import sketch_texts

ROWS, CHARACTERS, REPEATS = 65_536, 545, 5


def prompts() -> list[str]:
    from importlib.resources import files

    path = files("stillwatch.simulate").joinpath("prompts.parquet")
    texts = [t for t in pq.read_table(str(path), columns=["text"])["text"].to_pylist() if t]
    joined = "\n".join(texts)
    rng = np.random.default_rng(1)
    starts = rng.integers(0, len(joined) - 2 * CHARACTERS, ROWS)
    lengths = rng.integers(CHARACTERS // 2, CHARACTERS * 3 // 2, ROWS)
    return [joined[s : s + n] for s, n in zip(starts, lengths, strict=True)]


def best(function) -> float:  # type: ignore[no-untyped-def]
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
    seconds, reference = best(lambda: sketch_texts(texts, projection)), best(lambda: raw.lower())
    megabytes = len(raw) / 1e6
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread used")
    print(f"sketch: {ROWS / seconds:,.0f} prompts/s of {len(raw) / ROWS:.0f} bytes, {megabytes / seconds:,.0f} MB/s")
    print(f"bytes.lower() on the same bytes: {megabytes / reference:,.0f} MB/s; ratio {seconds / reference:.1f}")


if __name__ == "__main__":
    main()
