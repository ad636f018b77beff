"""Ids and addresses, written in one way: whoever compares an id from a log with one at the gateway calls these.

In: what a log, a header or a file says. Out: the canonical form, or None where nothing is left.
"""

import ipaddress
import unicodedata
from collections.abc import Sequence

_MOST_ENTRIES = 64  # of a forwarded chain, from the right; what is further left was written by the client anyway
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def canonical_id(value: str) -> str | None:
    r"""Compose characters (NFC), drop invisible ones, trim; case is kept, for ids may differ in nothing else.

    >>> canonical_id(" acme\u200b-1\n"), canonical_id("\u202e"), canonical_id("A")
    ('acme-1', None, 'A')
    """
    if value.isascii() and value.isprintable():
        return value.strip() or None
    composed = unicodedata.normalize("NFC", value)
    kept = "".join(" " if c in "\t\r\n" else c for c in composed if c in "\t\r\n" or _visible(c))
    return kept.strip() or None


def _visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def address_of(entry: str) -> Address | None:
    """Read one address, with or without port and brackets; an IPv4 address inside IPv6 is the former.

    >>> str(address_of("[2001:db8::1]:443")), str(address_of("::ffff:203.0.113.7")), address_of("unknown")
    ('2001:db8::1', '203.0.113.7', None)
    """
    bare = entry.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def client_address(chain: str, trusted_hops: int = 0, trusted_networks: Sequence[str] = ()) -> str | None:
    """Give the client of a forwarded chain: the right-most entry that is none of the operator's own proxies.

    The right-most `trusted_hops` entries are own proxies, and so is any further one inside `trusted_networks`. The
    first entry is never believed for being first: a client can write it. A chain of own proxies alone has no client.

    >>> client_address("6.6.6.6, 203.0.113.7, 10.0.0.1", 1), client_address("6.6.6.6, 203.0.113.7")
    ('203.0.113.7', '203.0.113.7')
    >>> client_address("203.0.113.9, 10.1.2.3:80", 0, ("10.0.0.0/8",))
    '203.0.113.9'
    """
    entries = chain.rsplit(",", _MOST_ENTRIES)[-_MOST_ENTRIES:]
    entries = entries[: len(entries) - trusted_hops] if trusted_hops else entries
    networks = [ipaddress.ip_network(network, strict=False) for network in trusted_networks]
    for entry in reversed(entries):
        found = address_of(entry)
        if found is None:
            return canonical_id(entry) if len(entries) == 1 else None
        if not any(found in network for network in networks):
            return str(found)
    return None
