"""Disposable mailboxes of a farm are counted; one among ordinary people weighs little."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from stillwatch.hidden.disposable import disposable_evidence, disposable_share
from stillwatch.hidden.population import Population

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]


def _mixed(members: int, disposable: int, strangers: int) -> list[dict[str, Any]]:
    mine = [{"email_domain": "mailinator.com" if n < disposable else "gmail.com"} for n in range(members)]
    return [*mine, *({"email_domain": "gmail.com"} for _ in range(strangers)), {"email_domain": None}]


def test_a_farm_on_disposable_addresses_has_bits(accounts: Accounts) -> None:
    found = accounts(_mixed(20, 15, 500))
    evidence = disposable_evidence(disposable_share(found, np.arange(521) < 20))
    assert evidence.bits > 3
    assert evidence.claim == "Disposable addresses: 15 of 20 (75.0 %) of the accounts; 0 of 500 (0.0 %) of the others."


def test_its_twin_with_ordinary_addresses_has_none(accounts: Accounts) -> None:
    found = accounts(_mixed(20, 0, 500))
    assert disposable_evidence(disposable_share(found, np.arange(521) < 20)).bits < 0


def test_unknown_domains_are_not_counted(accounts: Accounts) -> None:
    found = accounts(_mixed(20, 15, 500))
    share = disposable_share(found, np.arange(521) < 20)
    assert (share.members, share.strangers) == (20, 500)
