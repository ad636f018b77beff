#!/bin/sh
# The whole benchmark from seeds, within 45 minutes on two cores: every axis, the middle and the benign log.
# Usage: lab/bench_all.sh [OUT]; a cut run goes on in the same OUT. Writes lab/results/bench.json and scoreboard.html.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
out=${1:-"$root/build/bench"}
cd "$root"
locked stillwatch bench --seeds 2 --looks 3 --detectors lab/baselines/detectors.toml --out "$out"
cp "$out/bench.json" "$out/scoreboard.html" lab/results/
