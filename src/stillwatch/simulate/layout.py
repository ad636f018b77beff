"""The shape of simulated accounts and exchanges before they become text: fixed-width rows of indices.

In: nothing. Out: the NumPy record types that every other file here fills. Indices point into the `Library`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Accounts = NDArray[np.void]
Rows = NDArray[np.void]
Rng = np.random.Generator

MICROSECONDS_PER_HOUR = 3_600_000_000

# Times are hours after the window's start; -1 means "never" or "none" unless said otherwise.
ACCOUNT = np.dtype(
    [
        ("kind", "u1"),  # index into Library.kinds
        ("operator", "u1"),  # 0: innocent, otherwise 1 + index into Scenario.operators
        ("org", "i4"),  # organisation it declares, 0: none
        ("created", "f8"),  # sign-up, usually negative
        ("closed", "f8"),  # nan: still open
        ("domain", "i4"),  # index into Library.domains
        ("shape", "i4"),  # index into Library.shapes
        ("payment", "i8"),  # 0: none
        ("country", "i2"),  # declared, index into Network.countries
        ("phone", "i2"),
        ("verification", "u1"),
        ("plan", "u1"),
        ("pathway", "u1"),
        ("exchanges", "i4"),
        ("start", "f8"),  # active from, hours
        ("end", "f8"),
        ("rhythm", "i4"),  # index into Library.rhythms
        ("zone", "i1"),  # hours to add to UTC
        ("day_noise", "f4"),  # Gamma shape of the daily noise, larger is steadier
        ("weibull", "?"),
        ("gap_shape", "f4"),
        ("session", "f4"),  # mean turns of a conversation; 1: none, no session id
        ("verbosity", "f4"),  # how long the replies it asks for are, around 1
        ("chatty", "?"),  # later turns of its conversations are mostly short follow-ups
        ("think", "f4"),  # seconds between turns
        ("address", "i8"),  # first index into the address pool
        ("addresses", "i4"),
        ("client", "i4"),  # index into Library.clients
        ("clients", "i4"),
        ("params", "i4"),
        ("params_own", "i4"),  # second choice; equal to params if there is none
        ("model", "u1"),
        ("adopted", "f8"),  # from when on it uses the new model; inf: never
        ("adopted_fraction", "f4"),
        ("recipe", "i4"),
        ("scaffold", "i4"),
        ("scaffolds", "i4"),
        ("system", "i4"),
        ("tools", "i4"),
        ("habit", "i2"),  # how it joins two texts
        ("lane", "i8"),  # place in the operator's queue
        ("lanes", "i8"),
        ("done", "i8"),  # tasks its predecessors in the lane have finished
        ("repeats", "i4"),
        ("probing_until", "f8"),  # hours; -1: does not probe
        ("seats", "i4"),  # end users behind it; 0: none named
        ("stripped", "?"),  # sends no metadata
    ]
)

ROW = np.dtype(
    [
        ("ts", "i8"),  # microseconds after the window's start
        ("account", "i4"),
        ("ordinal", "i4"),  # 0-based among the account's exchanges
        ("session", "i4"),
        ("turn", "i2"),
        ("task", "i8"),  # number in the operator's queue, from 1; equal for repeats of a task in any wording
        ("prefix", "i4"),  # scaffold, index into Library.scaffolds
        ("payload", "i4"),  # index into PromptPool.texts
        ("joiner", "i2"),
        ("extra", "i4"),  # index into PromptPool.texts; -1: none
        ("system", "i4"),
        ("tools", "i4"),
        ("target", "i1"),
        ("purpose", "u1"),  # 0: what the account is for, 1: cover, 2: probe
        ("model", "u1"),
        ("client", "i4"),
        ("params", "i4"),
        ("address", "i8"),  # index into the address pool; -1: missing
        ("seat", "i4"),
    ]
)

VERIFICATIONS = ("none", "email", "phone", "card", "kyc", "education", "startup", "research")
PLANS = ("free", "payg", "team", "scale", "enterprise")
PATHWAYS = ("api", "cloud", "app", "partner")
MODELS = ("atlas-1", "atlas-mini", "atlas-2")
NEW_MODEL = 2


def blank(count: int) -> Accounts:
    """Give `count` accounts with neutral values."""
    accounts = np.zeros(count, ACCOUNT)
    for name, value in _DEFAULTS.items():
        accounts[name] = value
    return accounts


_DEFAULTS: dict[str, Any] = {
    "closed": np.nan,
    "probing_until": -1.0,
    "adopted": np.inf,
    "session": 1.0,
    "verbosity": 1.0,
    "think": 45.0,
    "day_noise": 4.0,
    "gap_shape": 0.7,
    "addresses": 1,
    "clients": 1,
    "lanes": 1,
    "repeats": 1,
    "scaffolds": 1,
    "verification": 3,
    "plan": 1,
}
