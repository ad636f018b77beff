#!/bin/sh
# A slice of the benchmark, at most five minutes on two cores, compared with lab/results/bench.json within its intervals:
# Stillwatch on three axes, at the seeds and looks of bench_all.sh, so equal code gives equal numbers.
# Usage: lab/bench_slice.sh [OUT]; OUT is where rows are kept, so that a cut slice goes on.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
out=${1:-$(mktemp -d)}
cd "$root"
locked stillwatch bench --axis timing --axis dilution --axis scaffold --seeds 2 --looks 3 --out "$out"
locked python lab/compare_bench.py "$out/bench.json"
