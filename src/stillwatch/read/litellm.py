"""LiteLLM StandardLoggingPayload, one JSON object a line.

In: a payload. Out: columns of `tables.EXCHANGES`. Identity: the account is the key's user, else the key's hash; the
organisation is the key's organisation, else its team. Source: litellm/types/utils.py, StandardLoggingPayload, 1.109.
The address may be a forwarded chain that the client wrote: only its last entry was seen by the gateway.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import usage
from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools


def matches(row: Mapping[str, Any]) -> bool:
    """Tell a payload by the fields that no other format has."""
    return "startTime" in row and ("litellm_call_id" in row or "call_type" in row or "model_group" in row)


def columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a payload's columns."""
    metadata, parameters = mapping(decoded(row.get("metadata"))), mapping(decoded(row.get("model_parameters")))
    response = mapping(decoded(row.get("response")))
    choices = response.get("choices")
    choice = mapping(choices[0]) if isinstance(choices, list) and choices else {}
    tokens = usage(mapping(response.get("usage")) or mapping(metadata.get("usage_object")))
    begin, end = row.get("startTime"), row.get("endTime")
    seconds = row.get("response_time")
    if seconds is None and isinstance(begin, float) and isinstance(end, float):
        seconds = end - begin
    return {
        "exchange_id": first_of(row, ("id", "litellm_call_id")),
        "ts": begin,
        "account_id": first_of(metadata, ("user_api_key_user_id", "user_api_key_hash")),
        "key_id": metadata.get("user_api_key_hash"),
        "org_id": first_of(metadata, ("user_api_key_org_id", "user_api_key_team_id")),
        "end_user_id": row.get("end_user") or metadata.get("user_api_key_end_user_id"),
        "session_id": row.get("session_id") or row.get("trace_id"),
        "model": first_of(row, ("model_group", "model")),
        "ip": _last_hop(first_of(row, ("requester_ip_address",)) or metadata.get("requester_ip_address")),
        "user_agent": row.get("user_agent") or metadata.get("user_agent"),
        **_messages(decoded(row.get("messages"))),
        **of_tools(parameters.get("tools")),
        **of_parameters(parameters),
        **tokens,
        "input_tokens": first_of(row, ("prompt_tokens",)) or tokens["input_tokens"],
        "output_tokens": first_of(row, ("completion_tokens",)) or tokens["output_tokens"],
        "latency_ms": seconds * 1000 if isinstance(seconds, int | float) else None,
        "status": _status(row),
        "finish_reason": choice.get("finish_reason"),
        "reply_text": content_text(mapping(choice.get("message")).get("content")),
    }


def _messages(messages: Any) -> dict[str, Any]:
    """Messages may be a list, one string, or {} where the proxy was told not to keep them."""
    if isinstance(messages, str):
        return {"prompt_text": messages}
    return of_messages(messages) if isinstance(messages, list) else {}


def _last_hop(address: Any) -> str | None:
    return address.rsplit(",", 1)[-1].strip() or None if isinstance(address, str) else None


def _status(row: Mapping[str, Any]) -> Any:
    if row.get("status") == "success":
        return 200
    code = mapping(row.get("error_information")).get("error_code")
    return code if isinstance(code, str | int) and str(code).isdigit() else 500
