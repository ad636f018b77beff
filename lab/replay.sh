#!/bin/bash
# Writes the june incident (325,000 accounts, real prompt text) as Parquet and scans it: replay.sh [FOLDER] [DAYS]
# 3 days are 4.2 M exchanges and 0.8 GB, 21 days 30 M and 5.5 GB, all 45 days 64 M and 12 GB.
set -eu
cd "$(dirname "$0")/.."
exec "${PYTHON:-python}" lab/replay.py "${1:-replay-log}" --days "${2:-21}"
