"""Country: requests come from elsewhere than the account says it is.

Source: evaded location checks are part of the statutory term "model extraction attack" (H.R. 8283). Claims: for a
larger share of the members than of others, the country of the address is neither the declared one nor the phone's.
Innocent twin: a traveller or a VPN user: many others mismatch too.
"""

import numpy as np

from stillwatch.hidden.group_share import GroupShare
from stillwatch.hidden.population import Coded, Mask, Population
from stillwatch.types import Evidence


def country_share(accounts: Population, members: Mask) -> GroupShare:
    """Count mismatching countries among the members and the others with an address country and a stated one."""
    address, declared, phone = accounts.address_country, accounts.declared_country, accounts.phone_country
    known = address.known & (declared.known | phone.known)
    mismatch = known & ~_same(address, declared) & ~_same(address, phone)
    return GroupShare(
        hits=int((mismatch & members).sum()),
        members=int((known & members).sum()),
        stranger_hits=int((mismatch & ~members).sum()),
        strangers=int((known & ~members).sum()),
    )


def country_evidence(share: GroupShare) -> Evidence:
    """Say how many countries mismatch."""
    claim = f"Address in another country than declared and than the phone: {share.words()}."
    return Evidence("country mismatch", "hidden", share.bits, claim)


def _same(left: Coded, right: Coded) -> Mask:
    place = {value: index for index, value in enumerate(left.values)}
    translated = np.array([place.get(value, -2) for value in right.values] + [-2])
    return np.asarray(left.known & (translated[right.codes] == left.codes), np.bool_)
