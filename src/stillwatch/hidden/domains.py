"""Which mail domains declare nothing: disposable ones, and providers where anybody gets an address.

In: two lists in this folder, with their sources. Out: sets of domains and a test of one.
"""

from functools import cache
from importlib import resources


@cache
def disposable_domains() -> frozenset[str]:
    """Give the known domains of disposable addresses."""
    return _listed("disposable_domains.txt")


@cache
def free_domains() -> frozenset[str]:
    """Give the known domains of public mail providers."""
    return _listed("free_domains.txt")


def is_disposable(domain: str) -> bool:
    """Tell whether a domain, or a domain it lies under, is known for disposable addresses.

    >>> is_disposable("mail.mailinator.com"), is_disposable("example.org")
    (True, False)
    """
    parts = domain.split(".")
    return any(".".join(parts[start:]) in disposable_domains() for start in range(len(parts) - 1))


def _listed(name: str) -> frozenset[str]:
    text = resources.files("stillwatch.hidden").joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
