"""Anthropic messages request and response, in an envelope with time and account.

In: a JSON object {ts, account_id, ..., request, response}. Out: columns of `tables.EXCHANGES`. Source: Anthropic API
reference, messages.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import envelope
from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools


def matches(row: Mapping[str, Any]) -> bool:
    """Tell a pair of this dialect by its system field, its response type or its stop reason."""
    if "request" not in row:
        return False
    request, response = mapping(decoded(row.get("request"))), mapping(decoded(row.get("response")))
    return "system" in request or response.get("type") == "message" or "stop_reason" in response


def columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Input tokens count what was read from and written to the cache, too."""
    request, response = mapping(decoded(row.get("request"))), mapping(decoded(row.get("response")))
    used = mapping(response.get("usage"))
    read, written = used.get("cache_read_input_tokens") or 0, used.get("cache_creation_input_tokens") or 0
    fresh = used.get("input_tokens")
    messages = of_messages(decoded(request.get("messages")))
    user = mapping(request.get("metadata")).get("user_id")
    return {
        **envelope(row, request, response),
        **messages,
        **of_tools(request.get("tools")),
        **of_parameters(request),
        "system_text": content_text(request.get("system")) or messages["system_text"],
        "end_user_id": first_of(row, ("end_user_id",)) or user,
        "input_tokens": fresh + read + written if isinstance(fresh, int) else None,
        "output_tokens": used.get("output_tokens"),
        "cached_tokens": used.get("cache_read_input_tokens"),
        "finish_reason": response.get("stop_reason"),
        "reply_text": content_text(response.get("content")),
    }
