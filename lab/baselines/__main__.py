"""`python lab/baselines ...` is `python lab/baselines/run.py ...`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from baselines.run import main

main()
