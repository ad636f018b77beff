"""Anthropic messages request and response, in an envelope with time and account.

In: an opened pair {ts, account_id, ..., request, response}. Out: columns of `tables.EXCHANGES`; what stands in the
envelope is kept where the pair says nothing. Source: Anthropic API reference, messages.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import names
from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools


def matches(pair: Mapping[str, Any]) -> bool:
    """Tell a pair of this dialect by its system field, its response type or its stop reason."""
    response = pair["response"]
    return "system" in pair["request"] or response.get("type") == "message" or "stop_reason" in response


def columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Input tokens count what was read from and written to the cache, too."""
    request, response = pair["request"], pair["response"]
    used = mapping(response.get("usage"))
    counts = [used.get(f"{name}input_tokens") for name in ("", "cache_read_", "cache_creation_")]
    messages = of_messages(decoded(request.get("messages")))
    return {
        **names(pair),
        **messages,
        **of_tools(request.get("tools")),
        **of_parameters(request),
        "system_text": content_text(request.get("system")) or messages.get("system_text"),
        "end_user_id": first_of(pair, ("end_user_id",)) or mapping(request.get("metadata")).get("user_id"),
        "input_tokens": sum(n for n in counts if isinstance(n, int)) if isinstance(counts[0], int) else None,
        "output_tokens": used.get("output_tokens"),
        "cached_tokens": used.get("cache_read_input_tokens"),
        "finish_reason": response.get("stop_reason"),
        "reply_text": content_text(response.get("content")),
    }
