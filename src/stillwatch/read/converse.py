"""Bedrock's Converse request and response.

In: an opened pair. Out: columns of `tables.EXCHANGES`. Source: Amazon Bedrock API reference, Converse.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import names
from stillwatch.read.pairs import content_text, mapping, of_messages, of_parameters, of_tools


def matches(pair: Mapping[str, Any]) -> bool:
    """Tell a pair of this dialect by its inferenceConfig, toolConfig or stopReason."""
    request, response = pair["request"], pair["response"]
    shaped = "inferenceConfig" in request or "toolConfig" in request or "stopReason" in response
    return shaped or "message" in mapping(response.get("output"))


def columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Input tokens count what was read from and written to the cache, too."""
    request, response = pair["request"], pair["response"]
    used = mapping(response.get("usage"))
    counts = [used.get(name) for name in ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")]
    messages = of_messages(request.get("messages"))
    listed = mapping(request.get("toolConfig")).get("tools")
    specifications = [mapping(tool).get("toolSpec") for tool in listed] if isinstance(listed, list) else []
    return {
        **names(pair),
        **messages,
        "system_text": content_text(request.get("system")) or messages.get("system_text"),
        **of_tools([one for one in specifications if one]),
        **of_parameters(_renamed(mapping(request.get("inferenceConfig")))),
        "input_tokens": sum(n for n in counts if isinstance(n, int)) if isinstance(counts[0], int) else None,
        "output_tokens": used.get("outputTokens"),
        "cached_tokens": used.get("cacheReadInputTokens"),
        "finish_reason": response.get("stopReason"),
        "reply_text": content_text(mapping(mapping(response.get("output")).get("message")).get("content")),
    }


def _renamed(config: Mapping[str, Any]) -> dict[str, Any]:
    pairs = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens"}
    return {ours: config[theirs] for ours, theirs in pairs.items() if config.get(theirs) is not None}
