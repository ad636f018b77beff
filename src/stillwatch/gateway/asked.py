"""What a door knows of one request, whatever door it came through.

In: headers and bodies. Out: `Asked`. Identities come from headers that the gateway sets, by names the operator gives;
a client can write any header, so the gateway must remove them from what it receives. Keys are hashed at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from stillwatch.pipeline.linking import Request, network
from stillwatch.types import Scope

_NO_CONTENT = Request()
_ACCOUNT, _KEY, _ORGANISATION = Scope.ACCOUNT.value, Scope.KEY.value, Scope.ORGANISATION.value
_ADDRESS, _NETWORK, _CLIENT = Scope.ADDRESS.value, Scope.NETWORK.value, Scope.CLIENT.value
_NAMED_PARAMETERS = ("temperature", "top_p", "max_tokens", "n", "seed", "reasoning_effort", "stream", "response_format")


@dataclass(frozen=True, slots=True)
class Identity:
    """Headers that say who asks. forwarded_hops: proxies of the operator behind the one that writes the last entry of
    X-Forwarded-For; entries before those were written by the client.
    """

    account: str = "x-account-id"
    organisation: str = "x-organisation-id"
    forwarded_hops: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Empty is unknown. route: its path, for the mode on failure; traceparent: W3C trace context."""

    account: str = ""
    key: str = ""
    organisation: str = ""
    route: str = "/"
    traceparent: str = ""
    request: Request = _NO_CONTENT

    def targets(self) -> list[tuple[str, str]]:
        """Give the scopes and values that a look-up needs, scaffolds aside."""
        address = self.request.address
        pairs = (
            (_ACCOUNT, self.account),
            (_KEY, self.key),
            (_ORGANISATION, self.organisation),
            (_ADDRESS, address),
            (_NETWORK, (network(address) if address else None) or ""),
            (_CLIENT, self.request.client),
        )
        return [pair for pair in pairs if pair[1]]


def of_headers(headers: Mapping[str, str], body: bytes, route: str, identity: Identity) -> Asked:
    """Give what headers (lower case) and a chat completion's body say."""
    bearer = headers.get("authorization", "").removeprefix("Bearer ").strip() or headers.get("x-api-key", "")
    key = sha256(bearer.encode()).hexdigest() if bearer else ""
    return Asked(
        account=headers.get(identity.account, "") or key,
        key=key,
        organisation=headers.get(identity.organisation, ""),
        route=route,
        traceparent=headers.get("traceparent", ""),
        request=of_chat(body, headers.get("user-agent", ""), _address(headers, identity)),
    )


def of_chat(body: bytes, client: str, address: str) -> Request:
    """Give what the body of a chat completion or a message shows; a body that is none shows nothing."""
    try:
        values = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        values = {}
    return of_messages(values if isinstance(values, dict) else {}, client, address)


def of_messages(values: Mapping[str, Any], client: str, address: str) -> Request:
    """Give what a decoded chat request shows."""
    found = values.get("messages")
    messages = [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []
    system = [_text(m.get("content")) for m in messages if m.get("role") in ("system", "developer")]
    prompts = [_text(m.get("content")) for m in messages if m.get("role") == "user"]
    tools = values.get("tools") if isinstance(values.get("tools"), list) else []
    parameters = {name: values[name] for name in _NAMED_PARAMETERS if values.get(name) is not None}
    return Request(
        prompt=prompts[-1] if prompts else _text(values.get("prompt")),
        system="\n".join(system) or _text(values.get("system")),
        client=client,
        parameters=json.dumps(parameters) if parameters else "",
        tools=tuple(name for tool in tools or () if (name := _tool(tool))),
        address=address,
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str))


def _tool(tool: Any) -> str:
    if not isinstance(tool, dict):
        return ""
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else tool.get("name")
    return name if isinstance(name, str) else ""


def _address(headers: Mapping[str, str], identity: Identity) -> str:
    chain = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    if not chain:
        return headers.get("x-real-ip", "")
    return chain[-1 - min(identity.forwarded_hops, len(chain) - 1)]
