"""OpenAI Responses request and response.

In: an opened pair. Out: columns of `tables.EXCHANGES`. What a `previous_response_id` continues stands in another
exchange; the turn counts only what this request holds. Source: OpenAI API reference, responses.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import names, usage
from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools


def matches(pair: Mapping[str, Any]) -> bool:
    """Tell a pair of this dialect by its input without messages, or by what the response calls itself."""
    request, response = pair["request"], pair["response"]
    return ("input" in request and "messages" not in request) or response.get("object") == "response"


def columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Tool calls and their results are no turns."""
    request, response = pair["request"], pair["response"]
    messages = of_messages(_as_messages(decoded(request.get("input"))))
    return {
        **names(pair),
        **messages,
        "system_text": content_text(request.get("instructions")) or messages.get("system_text"),
        **of_tools(request.get("tools")),
        **of_parameters(_renamed(request)),
        **usage(mapping(response.get("usage"))),
        "end_user_id": first_of(pair, ("end_user_id",)) or first_of(request, ("safety_identifier", "user")),
        "session_id": first_of(pair, ("session_id",)) or _conversation(request),
        "finish_reason": mapping(response.get("incomplete_details")).get("reason") or response.get("status"),
        "reply_text": _reply(response),
    }


def _as_messages(said: Any) -> Any:
    if not isinstance(said, list):
        return said
    return [turn for turn in said if isinstance(turn, dict) and turn.get("type", "message") == "message"]


def _renamed(request: Mapping[str, Any]) -> dict[str, Any]:
    effort = mapping(request.get("reasoning")).get("effort")
    wanted = {"max_tokens": request.get("max_output_tokens"), "reasoning_effort": effort}
    wanted["response_format"] = mapping(request.get("text")).get("format")
    return {**request, **{name: value for name, value in wanted.items() if value is not None}}


def _conversation(request: Mapping[str, Any]) -> Any:
    conversation = request.get("conversation")
    return conversation.get("id") if isinstance(conversation, dict) else conversation


def _reply(response: Mapping[str, Any]) -> str | None:
    output = response.get("output")
    if not isinstance(output, list):
        return content_text(response.get("output_text"))
    said = [content_text(part.get("content")) for part in output if isinstance(part, dict)]
    return "\n".join(words for words in said if words) or None
