#!/bin/sh
# The benchmarks that take a minute or two: the sketch kernel, and a scan of the demo's traffic. They print ratios and assert nothing.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
echo "== sketch"
locked python "$root/lab/bench_sketch.py"
echo "== scan"
locked python "$root/lab/bench_scan.py" "${1:-1}"
