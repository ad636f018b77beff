#!/bin/sh
# Every table and curve of the yardstick from seeds, within 45 minutes on two cores: each axis, the middle and the benign log
# with all detectors, the pairs of axes, the fit of the simulator, and the tables on real accounts and on the queries of
# arXiv 2606.05725. The last three need the shared data (STILLWATCH_SHARED_DATA, or shared/data beside the clone).
# Usage: lab/bench_all.sh [OUT]; a cut run goes on in the same OUT. Writes into lab/results and docs/images.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
out=${1:-"$root/build/bench"}
cd "$root"

timed() {
  began=$(date +%s)
  "$@"
  echo "== $* took $(($(date +%s) - began)) s" >&2
}

timed locked stillwatch bench --seeds 2 --looks 3 --detectors lab/baselines/detectors.toml --out "$out"
cp "$out/bench.json" "$out/scoreboard.html" lab/results/
timed lab/bench_pairs.sh "$out/pairs"
timed locked python lab/bench_simulate.py
timed locked python lab/fit_plots.py
timed locked python lab/real_groups.py
timed locked python lab/mmd_table.py
