"""The list of baselines: name to function.

In: a log and a reference log. Out: groups of account ids, disjoint. `<name>` has the fair threshold, `<name>_plain` the
source's own.
"""

from collections.abc import Callable
from types import ModuleType

from baselines import (
    co_sharing,
    evilcohort,
    fraudar,
    hourly_profile,
    keyword_list,
    linkage,
    mahalanobis,
    mmd_window,
    prada,
    rate_limit,
    similar_pairs,
    synchrotrap,
    weights_and_signals,
)
from baselines.log import Group, Log

Detector = Callable[[Log, Log], list[Group]]

MODULES: dict[str, ModuleType] = {
    "rate_limit": rate_limit,
    "keyword_list": keyword_list,
    "weights_and_signals": weights_and_signals,
    "prada": prada,
    "similar_pairs": similar_pairs,
    "mahalanobis": mahalanobis,
    "mmd_window": mmd_window,
    "synchrotrap": synchrotrap,
    "evilcohort": evilcohort,
    "co_sharing": co_sharing,
    "fraudar": fraudar,
    "linkage": linkage,
    "hourly_profile": hourly_profile,
}
DETECTORS: dict[str, Detector] = {
    f"{name}{suffix}": function
    for name, module in MODULES.items()
    for suffix, function in (("", module.find), ("_plain", module.plain))
}
