"""A rare pattern that most members have weighs; a pattern that everybody has does not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from stillwatch.hidden.patterned import pattern_evidence, pattern_share
from stillwatch.hidden.population import Population

Accounts = Callable[[Iterable[Mapping[str, Any]]], Population]
STRANGERS = [{"email_shape": f"A{3 + n % 5}"} for n in range(990)] + [{"email_shape": "A8D3"} for _ in range(10)]


def test_one_machine_naming_the_mailboxes_has_bits(accounts: Accounts) -> None:
    found = accounts([*({"email_shape": "A8D3"} for _ in range(20)), *STRANGERS])
    members = np.arange(1020) < 20
    evidence = pattern_evidence(found, members, pattern_share(found, members))
    assert evidence.bits > 2
    assert evidence.claim == "20 of 20 addresses have the pattern A8D3; 10 of 1,000 others do."


def test_its_twin_with_a_common_pattern_has_none(accounts: Accounts) -> None:
    found = accounts([*({"email_shape": "A4"} for _ in range(20)), *STRANGERS])
    members = np.arange(1020) < 20
    assert pattern_share(found, members).bits < 0


def test_picking_the_pattern_after_looking_is_paid_for(accounts: Accounts) -> None:
    """Every stranger has a pattern of its own: a rare one is then nothing special."""
    found = accounts([{"email_shape": "odd"}, *({"email_shape": f"A{n}"} for n in range(200))])
    assert pattern_share(found, np.arange(201) < 1).bits < 0
