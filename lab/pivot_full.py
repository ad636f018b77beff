"""The release pivot of `june` at its full size, two hours after the release: bits of the campaign and of innocents.

Usage: pivot_full.py FOLDER, a log of 21 days that `lab/replay.sh` wrote. Writes
lab/results/pivot_full.md and prints it. Members are those of the labels, as in `course.py`.
"""

import os
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from course import LEVELS, counts_in, pivot_bits

from stillwatch.settings import Release, Settings
from stillwatch.simulate import load_scenario
from stillwatch.taking.course.pivot import moved

OUT = Path(__file__).parent / "results/pivot_full.md"
DAYS, HOURS = 21, 2
FOLLOWED = 400  # innocents put in the campaign's place, the first in order of name


def main() -> None:
    scenario = load_scenario("june").over(DAYS)
    release = Release("atlas-2", scenario.start + timedelta(hours=scenario.release_hour))
    log = counts_in(Path(sys.argv[1]), release, Settings())
    ranked = [name for name in moved(log.moves, 0, HOURS).customers if name != "campaign"]
    innocent = {name: pivot_bits(log, HOURS, name) or 0.0 for name in sorted(ranked)[:FOLLOWED]}
    reached = ", ".join(f"{sum(bits >= level for bits in innocent.values())} reach {level}" for level in LEVELS)
    kinds = Counter(log.kinds[name] for name, bits in innocent.items() if bits >= LEVELS[0])
    text = f"""# The release pivot at full size

`python lab/pivot_full.py FOLDER/june-21`: half of the operator's traffic moves to a model on the day of its release.

Two hours after the release the campaign has **{pivot_bits(log, HOURS, "campaign"):.1f} bits**, ranked among
{len(ranked):,} customers with 20 exchanges or more in the week before. Of {len(innocent)} innocent customers in its
place {reached} bits (by kind, from {LEVELS[0]}: {dict(kinds) or "none"}). Machine: {os.cpu_count()} cores.
"""
    OUT.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
