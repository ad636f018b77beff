"""OpenAI chat-completions request and response, in an envelope with time and account.

In: a JSON object {ts, account_id, ..., request, response}. Out: columns of `tables.EXCHANGES`. Source: OpenAI API
reference, chat completions.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools

_ENVELOPE = (
    "ts", "account_id", "key_id", "org_id", "end_user_id", "session_id", "pathway", "ip", "asn", "country",
    "user_agent", "tls_fingerprint", "header_order", "status", "latency_ms",
)  # fmt: skip


def matches(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is a request/response pair of this dialect (the default one for pairs)."""
    return "request" in row


def columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns."""
    request, response = mapping(decoded(row.get("request"))), mapping(decoded(row.get("response")))
    choice = _first(response.get("choices"))
    return {
        **envelope(row, request, response),
        **of_messages(decoded(request.get("messages"))),
        **of_tools(request.get("tools")),
        **of_parameters(request),
        **usage(mapping(response.get("usage"))),
        "end_user_id": first_of(row, ("end_user_id",)) or first_of(request, ("safety_identifier", "user")),
        "finish_reason": choice.get("finish_reason"),
        "reply_text": content_text(mapping(choice.get("message")).get("content")),
    }


def envelope(row: Mapping[str, Any], request: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that stand around a pair; the exchange is named by the envelope, else by the response."""
    known: dict[str, Any] = {name: row.get(name) for name in _ENVELOPE}
    known["exchange_id"] = first_of(row, ("exchange_id", "request_id", "id")) or response.get("id")
    known["model"] = first_of(request, ("model",)) or first_of(row, ("model",)) or response.get("model")
    return known


def usage(used: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts of the chat and of the responses dialect."""
    prompt = mapping(first_of(used, ("prompt_tokens_details", "input_tokens_details")))
    completion = mapping(first_of(used, ("completion_tokens_details", "output_tokens_details")))
    return {
        "input_tokens": first_of(used, ("prompt_tokens", "input_tokens")),
        "output_tokens": first_of(used, ("completion_tokens", "output_tokens")),
        "cached_tokens": prompt.get("cached_tokens"),
        "reasoning_tokens": completion.get("reasoning_tokens"),
    }


def _first(choices: Any) -> Mapping[str, Any]:
    return mapping(choices[0]) if isinstance(choices, list) and choices else {}
