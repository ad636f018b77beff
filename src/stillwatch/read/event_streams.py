"""Streamed replies put together: server-sent events, or the list of their chunks, as one response.

In: what was logged as the response. Out: the response as it would have come in one piece. A stream that broke off
gives what had come. Sources: API references of chat completions, responses, messages, generateContent, ConverseStream.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

_MOST_CHUNKS = 200_000


def is_stream(value: Any) -> bool:
    """Tell server-sent events, or a list of chunks."""
    if isinstance(value, str):
        return value.lstrip()[:6].startswith(("data:", "event:", "id:", ":"))
    return isinstance(value, list) and bool(value) and all(isinstance(chunk, dict) for chunk in value)


def reassembled(value: Any) -> dict[str, Any]:
    r"""Put a stream together.

    >>> reassembled('data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]')["choices"][0]["message"]
    {'content': 'a'}
    """
    chunks = _events(value) if isinstance(value, str) else [chunk for chunk in value if isinstance(chunk, dict)]
    chunks = chunks[:_MOST_CHUNKS]
    for belongs, together in _KINDS:
        if any(belongs(chunk) for chunk in chunks):
            return together(chunks)
    return dict(chunks[-1]) if chunks else {}


def _events(text: str) -> list[dict[str, Any]]:
    """The JSON objects behind `data:`; an event that was cut is left out."""
    found = []
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        try:
            event = msgspec.json.decode(line[5:].strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Mapping[str, Any]:
    return _object(value[0]) if isinstance(value, list) and value else {}


def _joined(parts: Sequence[Any]) -> str | None:
    return "".join(part for part in parts if isinstance(part, str)) or None


def _last(chunks: Sequence[Mapping[str, Any]], *path: str) -> Any:
    """The last value that any chunk has at a path."""
    found = None
    for chunk in chunks:
        value: Any = chunk
        for step in path:
            value = _object(value).get(step)
        found = found if value in (None, "") else value
    return found


def _completion(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    choices = [_first(chunk.get("choices")) for chunk in chunks]
    words = [_object(choice.get("delta")).get("content") or choice.get("text") for choice in choices]
    return {
        "id": _last(chunks, "id"),
        "model": _last(chunks, "model"),
        "choices": [{"message": {"content": _joined(words)}, "finish_reason": _last(choices, "finish_reason")}],
        "usage": _last(chunks, "usage"),
    }


def _message(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    started = _object(_last(chunks, "message"))
    words = [_object(chunk.get("delta")).get("text") for chunk in chunks]
    return {
        **started,
        "type": "message",
        "content": [{"type": "text", "text": _joined(words)}],
        "stop_reason": _last(chunks, "delta", "stop_reason"),
        "usage": {**_object(started.get("usage")), **_object(_last(chunks, "usage"))},
    }


def _response(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    whole = dict(_object(_last(chunks, "response")))
    if not whole.get("output"):
        words = [chunk.get("delta") for chunk in chunks if chunk.get("type") == "response.output_text.delta"]
        whole["output"] = [{"type": "message", "content": [{"type": "output_text", "text": _joined(words)}]}]
    return {"object": "response", **whole}


def _candidates(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    parts: list[Any] = []
    for chunk in chunks:
        said = _object(_first(chunk.get("candidates")).get("content")).get("parts")
        parts += said if isinstance(said, list) else []
    words = [_object(part).get("text") for part in parts if not _object(part).get("thought")]
    reason = _last([_first(chunk.get("candidates")) for chunk in chunks], "finishReason")
    content = {"parts": [{"text": _joined(words)}]}
    return {**chunks[-1], "candidates": [{"content": content, "finishReason": reason}]}


def _conversation(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    words = [_object(_object(chunk.get("contentBlockDelta")).get("delta")).get("text") for chunk in chunks]
    return {
        "output": {"message": {"content": [{"text": _joined(words)}]}},
        "stopReason": _last(chunks, "messageStop", "stopReason"),
        "usage": _last(chunks, "metadata", "usage"),
    }


_Chunk = Mapping[str, Any]
_KINDS: tuple[tuple[Callable[[_Chunk], bool], Callable[[Sequence[_Chunk]], dict[str, Any]]], ...] = (
    (lambda chunk: "choices" in chunk, _completion),
    (lambda chunk: str(chunk.get("type")).startswith("response."), _response),
    (lambda chunk: chunk.get("type") in ("message_start", "content_block_delta"), _message),
    (lambda chunk: "candidates" in chunk, _candidates),
    (lambda chunk: "contentBlockDelta" in chunk or "messageStop" in chunk, _conversation),
)
