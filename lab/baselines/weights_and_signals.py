"""Published weights and signals: sixteen signals of one account or event, added up with hand-set weights.

Claims: this account's weighted sum is high. Weights, the factor 1.30 for one country and the thresholds are those of an
open tool that published them without any measured error rate; its code was not used. Two signals need what a log does
not hold (HTTP/2 settings, watermarks) and one a topic model: they count as 0, as the tool does for absent workers.
Flagged accounts of one cluster (see `signals.cluster`) are one group. Fair threshold: as for all. Plain: 0.35, the
lowest level at which the tool acts.
Source: description of an open-source distillation detector of 2026.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from baselines import signals
from baselines.cuts import score_cut
from baselines.keyword_list import PREAMBLE, REASONING
from baselines.log import Floats, Group, Log

WEIGHTS = {
    "fingerprint": 0.14,
    "velocity": 0.10,
    "reasoning_phrases": 0.09,
    "archetypes": 0.08,
    "hydra": 0.08,
    "same_second": 0.07,
    "hosting": 0.07,
    "http2_settings": 0.06,
    "preamble": 0.06,
    "pivot": 0.05,
    "sameness": 0.05,
    "watermark": 0.04,
    "session_gaps": 0.04,
    "budgets": 0.03,
    "refusal_probes": 0.02,
    "topic_chain": 0.02,
}
SESSION_SECONDS = 1800
COUNTRY, COUNTRY_FACTOR = "CN", 1.30
PLAIN_THRESHOLD = 0.35


def measured(log: Log) -> dict[str, Floats]:
    """Give the signals that a log can show, 0 to 1 an account."""
    return {
        "fingerprint": signals.fingerprint(log),
        "velocity": signals.velocity(log),
        "reasoning_phrases": signals.phrases(log, REASONING),
        "archetypes": signals.archetypes(log),
        "hydra": signals.hydra(log),
        "same_second": signals.same_second(log),
        "hosting": signals.hosting(log),
        "preamble": signals.phrases(log, PREAMBLE),
        "pivot": signals.pivot(log),
        "sameness": signals.sequence_sameness(log),
        "session_gaps": signals.regular_gaps(log, SESSION_SECONDS),
        "budgets": signals.budgets(log),
        "refusal_probes": signals.phrases(log, signals.REFUSAL_PROBES),
    }


@lru_cache(maxsize=4)
def fused(log: Log) -> Floats:
    """Add the weighted signals of every account; raise those that mostly come from one country."""
    total = np.zeros(len(log.ids))
    for name, values in measured(log).items():
        total += WEIGHTS[name] * values
    there = signals.mean_of(log, np.asarray([c == COUNTRY for c in log.exchanges["country"].to_pylist()], np.float64))
    return np.minimum(total * np.where(there > 0.5, COUNTRY_FACTOR, 1.0), 1.0)


def grouped(log: Log, accused: npt.NDArray[np.bool_]) -> list[Group]:
    """Group accused accounts by their cluster."""
    labels = signals.cluster(log)
    return sorted(log.name(np.flatnonzero(accused & (labels == label))) for label in np.unique(labels[accused]))


def find(log: Log, reference: Log) -> list[Group]:
    """Give the accounts above the fair threshold."""
    return grouped(log, fused(log) > score_cut(fused(reference)))


def plain(log: Log, reference: Log) -> list[Group]:  # noqa: ARG001  # a fixed threshold needs no reference
    """Give the accounts above the tool's lowest level."""
    return grouped(log, fused(log) > PLAIN_THRESHOLD)
