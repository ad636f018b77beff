"""OpenAI chat-completions request and response, in an envelope with time and account.

In: an opened pair {ts, account_id, ..., request, response}. Out: columns of `tables.EXCHANGES`; what stands in the
envelope is kept where the pair says nothing. Source: OpenAI API reference, chat completions.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools


def columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Of several choices the first counts."""
    request, response = pair["request"], pair["response"]
    choice = first_choice(response)
    return {
        **names(pair),
        **of_messages(decoded(request.get("messages"))),
        **of_tools(request.get("tools")),
        **of_parameters(request),
        **usage(mapping(response.get("usage"))),
        "end_user_id": first_of(pair, ("end_user_id",)) or first_of(request, ("safety_identifier", "user")),
        "finish_reason": choice.get("finish_reason"),
        "reply_text": content_text(mapping(choice.get("message")).get("content")),
    }


def names(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Name the exchange, by the envelope or else the response, and the model, by the request or else those."""
    request, response = pair["request"], pair["response"]
    return {
        "exchange_id": first_of(pair, ("exchange_id", "request_id", "id")) or response.get("id"),
        "model": first_of(request, ("model",)) or first_of(pair, ("model",)) or response.get("model"),
    }


def first_choice(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a completion, or an empty one."""
    choices = response.get("choices")
    return mapping(choices[0]) if isinstance(choices, list) and choices else {}


def usage(used: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts, in this dialect's words or in plain ones."""
    prompt = mapping(first_of(used, ("prompt_tokens_details", "input_tokens_details")))
    completion = mapping(first_of(used, ("completion_tokens_details", "output_tokens_details")))
    return {
        "input_tokens": first_of(used, ("prompt_tokens", "input_tokens")),
        "output_tokens": first_of(used, ("completion_tokens", "output_tokens")),
        "cached_tokens": prompt.get("cached_tokens"),
        "reasoning_tokens": completion.get("reasoning_tokens"),
    }
