"""What a chat request says, whatever the dialect: last user turn, system prompt, tools, parameters.

In: a request/response pair in its envelope. Out: columns of `tables.EXCHANGES`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stillwatch.read.event_streams import is_stream, reassembled
from stillwatch.read.values import RowFault, canonical_json

ENVELOPE = frozenset({"request", "response", "request_id", "id"})  # read, beside the canonical columns
_PARAMETERS = (
    "temperature", "top_p", "top_k", "max_tokens", "n", "seed", "reasoning_effort", "thinking", "stream",
    "response_format",
)  # fmt: skip
_SYSTEM_ROLES = ("system", "developer")


def opened(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a pair with request and response as objects; None for a row that is no pair.

    A response that broke off is an empty one: the request was made all the same.

    Raises:  RowFault: the request cannot be read.
    """
    if "request" not in row or "prompt_text" in row:
        return None
    request = decoded(row["request"])
    if not isinstance(request, dict):
        if "model" in row:
            return None
        raise RowFault("the request is no JSON object")
    return {**row, "request": request, "response": opened_response(row.get("response"))}


def opened_response(value: Any) -> Mapping[str, Any]:
    """A response as an object: streams are put together, one that broke off is an empty one."""
    if isinstance(value, str) and is_stream(value):
        return reassembled(value)
    try:
        response = decoded(value)
    except RowFault:
        return {}
    return reassembled(response) if is_stream(response) else mapping(response)


def decoded(value: Any) -> Any:
    """A JSON value that may have been logged as a string of JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (ValueError, RecursionError) as fault:
            raise RowFault("an embedded JSON string cannot be read") from fault
    return value


def content_text(content: Any) -> str | None:
    """The text of a message's content: a string, or the text parts of a list, one a line."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part if isinstance(part, str) else _part_text(part) for part in content]
    found = [part for part in parts if part is not None]
    return "\n".join(found) if found else None


def _part_text(part: Any) -> str | None:
    if isinstance(part, dict) and part.get("type", "text") in ("text", "input_text", "output_text"):
        words = part.get("text")
        return words if isinstance(words, str) else None
    return None


def of_messages(messages: Any) -> dict[str, Any]:
    """Columns of a conversation: prompt_text (last user turn with words), turn (user turns before), system_text.

    One string is one turn; nothing at all, as where content is not logged, gives no columns.
    """
    if messages is None or messages == {}:
        return {}
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list):
        raise RowFault("messages are no list")
    said = [(m.get("role"), content_text(m.get("content"))) for m in messages if isinstance(m, dict)]
    turns = [words for role, words in said if role == "user" and words is not None]
    system = [words for role, words in said if role in _SYSTEM_ROLES and words is not None]
    return {
        "prompt_text": turns[-1] if turns else None,
        "turn": len(turns) - 1 if turns else None,
        "system_text": "\n".join(system) or None,
    }


def of_tools(tools: Any) -> dict[str, Any]:
    """Columns of tool definitions: their names, and a hash of the whole schema."""
    if not isinstance(tools, list) or not tools:
        return {}
    return {
        "tools": [name for tool in tools if (name := _tool_name(tool))],
        "tools_hash": hashlib.sha256(canonical_json(tools).encode("utf-8", "surrogatepass")).hexdigest()[:16],
    }


def _tool_name(tool: Any) -> str | None:
    if not isinstance(tool, dict):
        return None
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else tool.get("name") or tool.get("type")
    return name if isinstance(name, str) else None


def of_parameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request's parameters as canonical JSON; max_completion_tokens counts as max_tokens."""
    known = {name: request[name] for name in _PARAMETERS if request.get(name) is not None}
    if request.get("max_completion_tokens") is not None:
        known["max_tokens"] = request["max_completion_tokens"]
    return {"params": canonical_json(known)} if known else {}


def first_of(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of several fields that holds something."""
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
