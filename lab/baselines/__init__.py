"""Detectors of others, re-implemented from their papers, to be judged on the same logs as Stillwatch.

In: a log and a reference log that is believed benign, both as `stillwatch simulate` writes them; labels are never read.
Out: groups of accounts. `detectors` lists them, `run` is the command, `log` is what all of them read.

Every threshold is either fair (chosen on the reference so that at most `cuts.ACCUSED_FRACTION` of its accounts would
be accused) or plain (the source's own number, or the usual one where the source has none; named `<detector>_plain`).
"""
