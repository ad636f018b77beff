"""What `watch` keeps between its runs: one part a log file, sketched, with its counts; no prompt text but excerpts.

In: sketched batches of a new file. Out: parts on disk. A part is written beside the others and becomes one of them by a
single rename, so a run that dies at any moment loses nothing and counts nothing twice. Read `parts` next; `counted` is
what a look leaves so that the next need not count the same rows again.
"""

from stillwatch.state.counted import Counted, counted, forget, leave, leaving
from stillwatch.state.parts import Part, Stamp, State, opened

__all__ = ["Counted", "Part", "Stamp", "State", "counted", "forget", "leave", "leaving", "opened"]
