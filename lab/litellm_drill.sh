#!/bin/sh
# The drill: a real LiteLLM proxy without a model behind it, 252 keys, thirty of them one operator's; then a scan of its log.
# Needs the shared prompt sets (STILLWATCH_SHARED_DATA, or shared/data beside the clone) and PyPI; no other network, no database.
# Usage: lab/litellm_drill.sh [OUT] [SECONDS] [SEED]. OUT keeps the log, the scan and the table (default: build/litellm-drill).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/bin/setup.sh"
drill=$root/lab/litellm_drill
out=${1:-$root/build/litellm-drill}
seconds=${2:-330}
seed=${3:-1}
prompts=${STILLWATCH_SHARED_DATA:-$root/../shared/data}
[ -d "$prompts" ] || { echo "the drill needs the shared prompt sets: no folder $prompts" >&2; exit 3; }
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)
rm -rf "$out/scan" "$out/exchanges.jsonl"

tools=${DRILL_ENVIRONMENT:-$root/build/litellm-environment}
[ -x "$tools/bin/litellm" ] || "$uv" venv --quiet --python 3.11 "$tools"
"$uv" pip install --quiet --python "$tools/bin/python" --require-hashes -r "$drill/requirements.txt"
"$tools/bin/python" "$drill/population.py" "$prompts" "$out" "$seconds" "$seed"

port=$("$tools/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LITELLM_LOCAL_MODEL_COST_MAP=True # else the proxy asks the internet for a price list
LITELLM_MASTER_KEY=sk-$("$tools/bin/python" -c 'import secrets; print(secrets.token_hex(32))') # demanded, never used
export LITELLM_MASTER_KEY
(cd "$drill" && DRILL_DIR=$out exec "$tools/bin/litellm" --config config.yaml --host 127.0.0.1 --port "$port") >"$out/proxy.log" 2>&1 &
proxy=$!
trap 'kill $proxy 2>/dev/null || true' EXIT INT TERM

tries=0
until "$tools/bin/python" -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/health/liveliness', timeout=2)" 2>/dev/null; do
  tries=$((tries + 1))
  if [ $tries -gt 90 ] || ! kill -0 $proxy 2>/dev/null; then
    echo "the proxy did not start:" >&2
    tail -20 "$out/proxy.log" >&2
    exit 1
  fi
  sleep 1
done

"$tools/bin/python" "$drill/drive.py" "$out/plan.jsonl" "http://127.0.0.1:$port/v1"
sleep 3 # the proxy logs a moment after it has answered
kill $proxy
wait $proxy 2>/dev/null || true
trap - EXIT INT TERM
proxy_version=$("$tools/bin/python" -c 'from importlib.metadata import version; print(version("litellm"))')
echo "$(wc -l <"$out/exchanges.jsonl") payloads logged by litellm $proxy_version"

locked --no-dev stillwatch scan "$out/exchanges.jsonl" --out "$out/scan"
locked --no-dev python "$drill/compare.py" "$out" "$proxy_version"
