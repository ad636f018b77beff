"""Windows of a stream: what was found in them, whoever sent it. Ground floor, as `types`.

In: nothing. Out: `WindowReport`, which `pipeline.windowing` makes and `report` prints.
"""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.types import AccountId, Exceedance, ExchangeId


@dataclass(frozen=True, slots=True)
class Carrier:
    """An exchange that carries a window's difference; `bits`: what it adds to the whole; `excerpt`: of its prompt."""

    exchange_id: ExchangeId
    account_id: AccountId
    bits: float
    excerpt: str


@dataclass(frozen=True, slots=True)
class WindowFinding:
    """One window of a stream against reference traffic.

    raw_bits: exact if the window is exchangeable with the reference. bits: what holds on this traffic by its own
    windows, or None where too few of them say. compared: exchanges looked at, of a larger window evenly spread ones.
    """

    first_seen: datetime
    last_seen: datetime
    exchanges: int
    compared: int
    accounts: int
    bits: float | None
    raw_bits: float
    flagged: bool
    claims: tuple[str, ...]
    carriers: tuple[Carrier, ...]
    carrying: int


@dataclass(frozen=True, slots=True)
class WindowReport:
    """Every window of a log. exact: whether the reference's own windows reach b bits at most as often as 2**-b;
    shared_exchanges: of the log, left out of the reference.
    """

    version: str
    reference_exchanges: int
    reference_windows: int
    exact: bool
    exceedance: tuple[Exceedance, ...]
    left_out: int
    windows: tuple[WindowFinding, ...]
    shared_exchanges: int = 0
