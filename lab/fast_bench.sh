#!/bin/sh
# The benchmarks that take a minute or two: the sketch kernel, and a scan of about 100,000 simulated exchanges.
# They print ratios and assert nothing. Usage: lab/fast_bench.sh [SCALE]; scale 1 is the demo's size.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
finished=0
echo "== sketch"
locked python "$root/lab/bench_sketch.py" || finished=1
echo "== scan"
locked python "$root/lab/bench_scan.py" "${1:-0.35}" || finished=1
exit "$finished"
