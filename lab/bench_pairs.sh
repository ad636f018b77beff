#!/bin/sh
# Every pair of axes at their hardest points, and every axis alone, at one seed and look and without other detectors: about
# ten minutes on two cores. Usage: lab/bench_pairs.sh [OUT]; a cut run goes on in the same OUT. Writes
# lab/results/pairs.json and pairs.html.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
out=${1:-"$root/build/pairs"}
cd "$root"
locked stillwatch bench --pairs --seeds 1 --out "$out"
cp "$out/bench.json" lab/results/pairs.json
cp "$out/scoreboard.html" lab/results/pairs.html
