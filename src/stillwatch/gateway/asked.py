"""What a door knows of one request, whatever door it came through.

In: headers and bodies. Out: `Asked`. Identities come from headers that the gateway sets, by names the operator gives;
a client can write any header, so the gateway must remove them from what it receives. Ids and addresses are written as
readers write those of a log, or a decision would not meet who it is about. Keys are hashed at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from stillwatch.ids import canonical_id, client_address
from stillwatch.pipeline.linking import Request, client_of, network, request_of
from stillwatch.types import Scope

Content = Literal["read", "unread"]
"""Whether the words of a request could be read: not where its body is too long, too slow, cut short or no JSON."""

_NO_CONTENT = Request()
_ACCOUNT, _KEY, _ORGANISATION = Scope.ACCOUNT.value, Scope.KEY.value, Scope.ORGANISATION.value
_ADDRESS, _NETWORK, _CLIENT = Scope.ADDRESS.value, Scope.NETWORK.value, Scope.CLIENT.value
_CUT_SHORT = "x-envoy-auth-partial-body"
_NO_WORDS = "multipart/"  # content types of uploads, which are no JSON
_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")

_client_address = lru_cache(65_536)(client_address)


@dataclass(frozen=True, slots=True)
class Identity:
    """Headers that say who asks. client: those that tell what software asks, in the order in which logs name it: user
    agent, TLS fingerprint, order of headers. forwarded_hops: proxies of the operator behind the one that writes the
    last entry of X-Forwarded-For; entries before those were written by the client.
    """

    account: str = "x-account-id"
    organisation: str = "x-organisation-id"
    client: tuple[str, ...] = ("user-agent",)
    forwarded_hops: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Empty is unknown. other_keys: keys shown beside the first, since a client chooses which one the
    model's server reads; route: its path, for the mode on failure; traceparent: W3C trace context.
    """

    account: str = ""
    key: str = ""
    organisation: str = ""
    route: str = "/"
    traceparent: str = ""
    request: Request = _NO_CONTENT
    other_keys: tuple[str, ...] = ()
    content: Content = "read"

    def shown_keys(self) -> tuple[str, ...]:
        """Give every key that was shown; one that is empty where there is none."""
        return (self.key, *self.other_keys)

    def targets(self, key: str) -> list[tuple[str, str]]:
        """Give the scopes and values that a look-up needs, scaffolds aside, if this key is the one that counts.

        Where the key alone says who asks, another key is another account.
        """
        address = self.request.address
        pairs = (
            (_ACCOUNT, key if self.account == self.key else self.account),
            (_KEY, key),
            (_ORGANISATION, self.organisation),
            (_ADDRESS, address),
            (_NETWORK, (network(address) if address else None) or ""),
            (_CLIENT, self.request.client),
        )
        return [pair for pair in pairs if pair[1]]


def of_headers(headers: Mapping[str, str], body: bytes | None, route: str, identity: Identity) -> Asked:
    """Give what headers (lower case) and the body of a request to a model say; None: it was not waited for."""
    keys = [sha256(key.encode()).hexdigest() for name in _KEY_HEADERS if (key := _bare_key(headers.get(name, "")))]
    key, *others = keys or [""]
    client = client_of(*(headers.get(name, "") for name in identity.client))
    values = decoded(body or b"")
    return Asked(
        account=written(headers.get(identity.account)) or key,
        key=key,
        organisation=written(headers.get(identity.organisation)),
        route=route,
        traceparent=headers.get("traceparent", ""),
        request=request_of(values, client, address_in(headers, identity)),
        other_keys=tuple(others),
        content="unread" if values is None and _has_words(headers, body) else "read",
    )


def _has_words(headers: Mapping[str, str], body: bytes | None) -> bool:
    """Whether a body that is no JSON may still be one to the model's server: all but none and a whole upload."""
    if body is None or headers.get(_CUT_SHORT) == "true":
        return True
    return bool(body) and not headers.get("content-type", "").lower().startswith(_NO_WORDS)


def written(value: object) -> str:
    """Give an id as readers write it; nothing for what is no text."""
    return (canonical_id(value) or "") if isinstance(value, str) else ""


def address_in(headers: Mapping[str, str], identity: Identity) -> str:
    """Give the client's address; entries of a chain that a client can have written do not count."""
    chain = headers.get("x-forwarded-for", "")
    return last_client(chain, identity.forwarded_hops) if chain else last_client(headers.get("x-real-ip", ""))


def last_client(chain: str, forwarded_hops: int = 0) -> str:
    """Give the client of a forwarded chain; nothing where there is none."""
    return (_client_address(chain, forwarded_hops) or "") if chain else ""


def header_text(raw: bytes) -> str:
    """Give a header as text: UTF-8 as logs are, else byte by byte."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decoded(body: bytes) -> object:
    """Give the JSON value of a body; nothing for one that is none."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _bare_key(value: str) -> str:
    """A key without its scheme, which is written in any case."""
    scheme, _, rest = value.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()
