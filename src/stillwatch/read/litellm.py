"""LiteLLM StandardLoggingPayload, one JSON object a line, and rows of its table SpendLogs.

In: a payload. Out: columns of `tables.EXCHANGES`. Identity: the account is the key's user, else the key's hash; the
organisation is the key's organisation, else its team. Source: litellm/types/utils.py, StandardLoggingPayload, 1.109.
The address may be a forwarded chain; `ids.client_address` knows which entry to believe.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import first_choice, usage
from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools
from stillwatch.read.values import RowFault

_REDACTED = "redacted-by-litellm"  # stands for every text where turn_off_message_logging is on


def matches(row: Mapping[str, Any]) -> bool:
    """Tell a payload by the fields that no other format has."""
    return "startTime" in row and ("litellm_call_id" in row or "call_type" in row or "model_group" in row)


def columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a payload's columns."""
    metadata, parameters = (
        mapping(_json(row.get("metadata"))),
        mapping(_json(first_of(row, ("model_parameters", "proxy_server_request")))),
    )
    answer = _json(row.get("response"))
    response = mapping(answer)
    choice = first_choice(response)
    tokens = usage(mapping(response.get("usage")) or mapping(metadata.get("usage_object")))
    messages = of_messages(_said(row, parameters))
    texts = {
        "prompt_text": messages.get("prompt_text"),
        "system_text": messages.get("system_text") or content_text(parameters.get("system")),
        "reply_text": answer
        if isinstance(answer, str)
        else content_text(first_of(mapping(choice.get("message")) or response, ("content", "text"))),
    }
    return {
        **_identity(row, metadata),
        **_outcome(row),
        "turn": messages.get("turn"),
        **{name: None if words == _REDACTED else words for name, words in texts.items()},
        **of_tools(parameters.get("tools")),
        **of_parameters(parameters),
        **tokens,
        "input_tokens": first_of(row, ("prompt_tokens",)) or tokens["input_tokens"],
        "output_tokens": first_of(row, ("completion_tokens",)) or tokens["output_tokens"],
        "finish_reason": choice.get("finish_reason") or response.get("stop_reason"),
    }


def _said(row: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """The conversation: a payload has it in `messages`; the table has {} there, and it in the body of the request."""
    return _json(row.get("messages")) or first_of(parameters, ("messages", "input"))


def _identity(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Who asked: the proxy writes it into metadata, its table into columns."""
    key = first_of(metadata, ("user_api_key_hash", "user_api_key")) or first_of(row, ("api_key",))
    address = first_of(row, ("requester_ip_address",)) or metadata.get("requester_ip_address")
    return {
        "exchange_id": first_of(row, ("id", "request_id", "litellm_call_id")),
        "account_id": first_of(metadata, ("user_api_key_user_id",)) or first_of(row, ("user",)) or key,
        "key_id": key,
        "org_id": first_of(metadata, ("user_api_key_org_id", "user_api_key_team_id"))
        or first_of(row, ("organization_id", "team_id")),
        "end_user_id": first_of(row, ("end_user",)) or metadata.get("user_api_key_end_user_id"),
        "session_id": first_of(row, ("session_id", "trace_id")),
        "model": first_of(row, ("model_group", "model")),
        "ip": address if isinstance(address, str) else None,
        "user_agent": first_of(row, ("user_agent",)) or metadata.get("user_agent"),
    }


def _outcome(row: Mapping[str, Any]) -> dict[str, Any]:
    """When, how long and with which status."""
    begin, end, seconds = row.get("startTime"), row.get("endTime"), row.get("response_time")
    if seconds is None and isinstance(begin, float) and isinstance(end, float):
        seconds = end - begin
    status = {"success": 200, "failure": 500}.get(str(row.get("status")))
    code = mapping(row.get("error_information")).get("error_code")
    if status == 500 and isinstance(code, str | int) and str(code).isdigit():
        status = int(code)
    latency_ms = seconds * 1000 if isinstance(seconds, int | float) else row.get("request_duration_ms")
    return {"ts": begin, "latency_ms": latency_ms, "status": status}


def _json(value: Any) -> Any:
    """JSON logged as a string, or the string itself: prompts may begin with a bracket."""
    try:
        return decoded(value)
    except RowFault:
        return value
