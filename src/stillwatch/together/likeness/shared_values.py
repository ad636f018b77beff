"""Application and identity: the clones of one operator also agree in traits that their own trait does not force.

Claims: client, parameters, tools, model, scaffolds, e-mail, sign-up day or network of a group's accounts agree more
than those of strangers. Exempt: groups formed by the very kind, or by one that entails it.
"""

import numpy as np
import numpy.typing as npt

from stillwatch.together.dispersion import Features
from stillwatch.together.groups import Shown
from stillwatch.together.likeness.base import Accounts, Family, Likeness
from stillwatch.together.telling import unit_rows_of
from stillwatch.types import TraitKind

_NETWORK = frozenset({TraitKind.ADDRESS, TraitKind.NETWORK, TraitKind.ASN})
_WORDS = frozenset({TraitKind.SCAFFOLD, TraitKind.SYSTEM_PROMPT, TraitKind.TASK_LIST})
_MAIL = frozenset({TraitKind.EMAIL_DOMAIN, TraitKind.ORGANISATION})


def _features(accounts: Accounts, kind: TraitKind, per_exchange: int) -> Features:
    """Shares of an account's exchanges by value, a unit vector; what it shares with nobody is a direction of its own.

    An account that shows none of the shared values counts as known when the kind was seen at all: it differs. Strangers
    are matched by whether they show any: accounts that do are alike beside a crowd that shows none, which says nothing.
    """
    part, n = accounts.shown[kind], len(accounts.exchanges)
    whole, shape = per_exchange * accounts.exchanges, (n, max(len(part.values), 1))
    unit = unit_rows_of(part.rows, part.codes, part.exchanges, whole, shape)
    known, shows = np.full(n, len(part.values) > 0), (np.diff(unit.indptr) > 0).astype(np.int64)
    return Features(unit, np.ones(n), known, shows, np.zeros(n))


def _top(part: Shown, exchanges: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The value that most of these accounts show in half their exchanges or more, and how many do; -1 for none."""
    mostly = np.isin(part.rows, rows) & (2 * part.exchanges >= exchanges[part.rows])
    if not mostly.any():
        return -1, 0
    counts = np.bincount(part.codes[mostly])
    return int(counts.argmax()), int(counts.max())


def _agreement(  # noqa: PLR0913, PLR0917 - one row of the table below
    kind: TraitKind, family: Family, needs: str, words: str, entailed: frozenset[TraitKind], per_exchange: int = 1
) -> Likeness:
    def say(accounts: Accounts, members: npt.NDArray[np.int64], strangers: npt.NDArray[np.int64]) -> str:
        part = accounts.shown[kind]
        code, inside = _top(part, accounts.exchanges, members)
        beside = np.isin(part.rows, strangers)
        outside, showing = (part.codes[beside] == code).sum() if code >= 0 else 0, len(np.unique(part.rows[beside]))
        return (
            f"{inside} of {len(members)} accounts share one {words}; "
            f"of strangers that show one, {100 * outside / max(showing, 1):.1f} % have it"
        )

    def features(accounts: Accounts) -> Features:
        return _features(accounts, kind, per_exchange)

    coincident = kind is TraitKind.SIGN_UP
    return Likeness(str(kind), family, needs, entailed | {kind}, features, say, coincident)


SHARED_VALUES = (
    _agreement(TraitKind.CLIENT, "application", "user_agent", "client fingerprint", frozenset()),
    _agreement(TraitKind.PARAMETERS, "application", "params", "set of request parameters", frozenset()),
    _agreement(TraitKind.TOOL_SCHEMA, "application", "tools", "tool schema", frozenset()),
    _agreement(TraitKind.MODEL, "application", "model", "model", frozenset()),
    _agreement(TraitKind.SYSTEM_PROMPT, "application", "system_text", "system prompt", _WORDS),
    _agreement(TraitKind.SCAFFOLD, "application", "prompt_text", "scaffold of words", _WORDS, per_exchange=6),
    _agreement(TraitKind.EMAIL_DOMAIN, "identity", "email_domain", "e-mail domain", _MAIL),
    _agreement(TraitKind.EMAIL_SHAPE, "identity", "email_shape", "shape of e-mail address", _MAIL),
    _agreement(TraitKind.SIGN_UP, "identity", "created_at", "day of sign-up", frozenset(), per_exchange=2),
    _agreement(TraitKind.PAYMENT, "identity", "payment_fingerprint", "payment instrument", _MAIL),
    _agreement(TraitKind.ASN, "identity", "asn", "network operator", _NETWORK),
    _agreement(TraitKind.NETWORK, "identity", "ip", "network of 256 addresses", _NETWORK),
)
