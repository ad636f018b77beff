"""A limit of requests per account and hour: what every service already has.

Claims: this account alone sends more than a customer would. Score: the most exchanges within any 60 minutes.
Fair threshold: the most that all but 1 in 1,000 reference accounts reach. Plain: 100 requests an hour, the
block limit of an open "model theft" guard.
"""

import numpy as np

from baselines.cuts import flagged, score_cut
from baselines.log import Floats, Group, Log

HOUR_SECONDS = 3600
PLAIN_PER_HOUR = 100


def busiest_hour(log: Log) -> Floats:
    """Count the exchanges of every account in its busiest 60 minutes."""
    span = int(log.seconds.max(initial=0)) + 2 * HOUR_SECONDS
    line = log.account * span + log.seconds  # accounts laid end to end, more than an hour apart
    inside = np.searchsorted(line, line + HOUR_SECONDS) - np.arange(len(line))
    most = np.zeros(len(log.ids))
    np.maximum.at(most, log.account, inside)
    return most


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts above the fair limit."""
    return flagged(log, busiest_hour(log), score_cut(busiest_hour(reference)))


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed limit needs no reference
    """Give the accounts above 100 exchanges in an hour."""
    return flagged(log, busiest_hour(log), PLAIN_PER_HOUR)
