"""An exchange as the request and response of each provider's API.

In: a canonical row. Out: JSON objects. Earlier turns are filler: only their number is known.
"""

import json
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def parameters(row: Row) -> dict[str, Any]:
    return dict(json.loads(row["params"])) if row["params"] else {}


def messages(row: Row) -> list[dict[str, Any]]:
    system = [{"role": "system", "content": row["system_text"]}] if row["system_text"] else []
    return [*system, *turns(row)]


def turns(row: Row) -> list[dict[str, Any]]:
    earlier: list[dict[str, Any]] = []
    for number in range(row["turn"] or 0):
        earlier += [{"role": "user", "content": f"({number})"}, {"role": "assistant", "content": "..."}]
    return [*earlier, {"role": "user", "content": row["prompt_text"]}]


def openai_request(row: Row) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in row["tools"] or ()]
    return {
        "model": row["model"],
        "messages": messages(row),
        **parameters(row),
        **({"tools": tools} if tools else {}),
    }


def openai_response(row: Row) -> dict[str, Any]:
    message = {"role": "assistant", "content": row["reply_text"]}
    return {
        "id": f"chatcmpl-{row['exchange_id']}",
        "object": "chat.completion",
        "created": int(row["ts"].timestamp()),
        "model": row["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": row["finish_reason"]}],
        "usage": {
            "prompt_tokens": row["input_tokens"],
            "completion_tokens": row["output_tokens"],
            "completion_tokens_details": {"reasoning_tokens": row["reasoning_tokens"]},
            "prompt_tokens_details": {"cached_tokens": row["cached_tokens"]},
        },
    }


def openai_stream(row: Row) -> str:
    whole = openai_response(row)
    words = (row["reply_text"] or "").split(" ")
    pieces = [word if at == 0 else f" {word}" for at, word in enumerate(words)]
    chunks = [{"id": whole["id"], "model": row["model"], "choices": [{"delta": {"content": one}}]} for one in pieces]
    chunks.append({"choices": [{"delta": {}, "finish_reason": row["finish_reason"]}], "usage": whole["usage"]})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def responses_request(row: Row) -> dict[str, Any]:
    said = [{"type": "message", "role": t["role"], "content": t["content"]} for t in turns(row)]
    wanted = parameters(row)
    request: dict[str, Any] = {"model": row["model"], "input": said, "instructions": row["system_text"]}
    request |= {name: value for name, value in wanted.items() if name in ("temperature", "top_p", "stream")}
    if "max_tokens" in wanted:
        request["max_output_tokens"] = wanted["max_tokens"]
    if row["tools"]:
        request["tools"] = [{"type": "function", "name": name} for name in row["tools"]]
    return request


def responses_response(row: Row) -> dict[str, Any]:
    content = [{"type": "output_text", "text": row["reply_text"]}]
    return {
        "id": f"resp_{row['exchange_id']}",
        "object": "response",
        "created_at": int(row["ts"].timestamp()),
        "status": "completed",
        "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": content}],
        "usage": {
            "input_tokens": row["input_tokens"],
            "output_tokens": row["output_tokens"],
            "output_tokens_details": {"reasoning_tokens": row["reasoning_tokens"]},
        },
    }


def anthropic_request(row: Row) -> dict[str, Any]:
    wanted = parameters(row)
    request = {"model": row["model"], "max_tokens": wanted.pop("max_tokens", 1024), **wanted, "messages": turns(row)}
    if row["system_text"]:
        request["system"] = [{"type": "text", "text": row["system_text"]}]
    if row["tools"]:
        request["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in row["tools"]]
    return request


def anthropic_response(row: Row) -> dict[str, Any]:
    thinking = {"type": "thinking", "thinking": "...", "signature": "sig"}
    return {
        "id": f"msg_{row['exchange_id']}",
        "type": "message",
        "model": row["model"],
        "content": [thinking, {"type": "text", "text": row["reply_text"]}],
        "stop_reason": row["finish_reason"],
        "usage": {"input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"]},
    }


def converse_request(row: Row) -> dict[str, Any]:
    wanted = parameters(row)
    names = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens"}
    request: dict[str, Any] = {
        "messages": [{"role": t["role"], "content": [{"text": t["content"]}]} for t in turns(row)],
        "inferenceConfig": {theirs: wanted[ours] for ours, theirs in names.items() if ours in wanted},
    }
    if row["system_text"]:
        request["system"] = [{"text": row["system_text"]}]
    if row["tools"]:
        request["toolConfig"] = {"tools": [{"toolSpec": {"name": name}} for name in row["tools"]]}
    return request


def converse_response(row: Row) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": row["reply_text"]}]}},
        "stopReason": row["finish_reason"],
        "usage": {"inputTokens": row["input_tokens"], "outputTokens": row["output_tokens"]},
    }


def gemini_request(row: Row) -> dict[str, Any]:
    roles = {"user": "user", "assistant": "model"}
    wanted = parameters(row)
    names = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxOutputTokens", "seed": "seed"}
    request: dict[str, Any] = {
        "contents": [{"role": roles[t["role"]], "parts": [{"text": t["content"]}]} for t in turns(row)],
        "generationConfig": {theirs: wanted[ours] for ours, theirs in names.items() if ours in wanted},
    }
    if row["system_text"]:
        request["systemInstruction"] = {"parts": [{"text": row["system_text"]}]}
    if row["tools"]:
        request["tools"] = [{"functionDeclarations": [{"name": name} for name in row["tools"]]}]
    return request


def gemini_response(row: Row) -> dict[str, Any]:
    parts = [{"text": "...", "thought": True}, {"text": row["reply_text"] or ""}]
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": row["finish_reason"]}],
        "usageMetadata": {
            "promptTokenCount": row["input_tokens"],
            "candidatesTokenCount": row["output_tokens"],
            "thoughtsTokenCount": row["reasoning_tokens"],
        },
        "modelVersion": row["model"],
        "responseId": row["exchange_id"],
    }
