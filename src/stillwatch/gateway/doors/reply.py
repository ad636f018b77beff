"""What every door takes and gives, and the words a customer reads.

In: `Answer`. Out: headers and a JSON body with reason code and appeal reference, never bits or what gave it away.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwatch.gateway.gate import Answer

_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Called:
    """One request to a door; header names in lower case; no body where it was not waited for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a door answers."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_reply(values: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Give values as JSON."""
    return Reply(status, {**_JSON, **(headers or {})}, json.dumps(values).encode())


def answer_headers(answer: Answer) -> dict[str, str]:
    """Give what an upstream may act on, such as withholding reasoning."""
    headers = {"x-stillwatch-action": answer.action}
    if answer.order is not None and not answer.passes:
        headers["x-stillwatch-reference"] = answer.order.decision_id
        headers["x-stillwatch-reason"] = answer.order.reason_code
    if answer.retry_after_seconds:
        headers["retry-after"] = str(answer.retry_after_seconds)
    return headers


def customer_body(answer: Answer) -> bytes:
    """Give what the customer reads when a request is stopped, in the shape of a model provider's error."""
    order = answer.order
    error = {
        "type": "stillwatch_" + answer.action,
        "code": order.reason_code if order else "SW-000",
        "message": customer_words(answer),
        "appeal_reference": order.decision_id if order else None,
    }
    return json.dumps({"error": error}).encode()


def customer_words(answer: Answer) -> str:
    """Give the sentence for the customer, with reason code and appeal reference."""
    if answer.order is None:
        return "The request could not be checked. Please try again."
    order = answer.order
    words = order.message or _WORDS.get(answer.action, "The request was not let through.")
    return f"{words} Reason {order.reason_code}. To appeal, give the reference {order.decision_id}."


_WORDS = {
    "challenge": "Please verify who runs this account before you go on.",
    "verify": "Please verify who runs this account before you go on.",
    "throttle": "This account has a limit of requests an hour for now.",
    "cap": "This account has a limit of requests a day for now.",
    "block": "This account is closed to the API for now.",
}
