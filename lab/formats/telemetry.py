"""A canonical row as an OTLP span in each dialect of GenAI attributes; the samples are made by the real SDK's exporter.

In: a canonical row. Out: attributes, or OTLP/JSON documents.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from formats import bodies
from formats.bodies import Row


def _identity(row: Row) -> dict[str, Any]:
    known = {"user.id": row["account_id"], "session.id": row["session_id"], "client.address": row["ip"]}
    known |= {"user_agent.original": row["user_agent"], "organization.id": row["org_id"], "api_key.id": row["key_id"]}
    return {name: value for name, value in known.items() if value is not None}


def standard(row: Row) -> dict[str, Any]:
    asked = [{"role": t["role"], "parts": [{"type": "text", "content": t["content"]}]} for t in bodies.turns(row)]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": row["reply_text"] or ""}]}]
    wanted = {f"gen_ai.request.{k}": v for k, v in bodies.parameters(row).items() if isinstance(v, int | float)}
    system = [{"type": "text", "content": row["system_text"]}] if row["system_text"] else None
    tools = [{"type": "function", "name": name} for name in row["tools"] or ()]
    return {
        **_identity(row),
        **wanted,
        **({"gen_ai.system_instructions": json.dumps(system)} if system else {}),
        **({"gen_ai.tool.definitions": json.dumps(tools)} if tools else {}),
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": row["model"],
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
        "gen_ai.usage.input_tokens": row["input_tokens"],
        "gen_ai.usage.output_tokens": row["output_tokens"],
        "gen_ai.response.finish_reasons": [row["finish_reason"] or "error"],
    }


def openllmetry(row: Row) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for at, message in enumerate(bodies.messages(row)):
        asked |= {f"gen_ai.prompt.{at}.role": message["role"], f"gen_ai.prompt.{at}.content": message["content"]}
    wanted = {f"gen_ai.request.{k}": v for k, v in bodies.parameters(row).items() if isinstance(v, int | float)}
    wanted |= {f"llm.request.functions.{at}.name": name for at, name in enumerate(row["tools"] or ())}
    known = _identity(row)
    known["traceloop.association.properties.user_id"] = known.pop("user.id")
    return {
        **known,
        **asked,
        **wanted,
        "llm.request.type": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": row["model"],
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": row["reply_text"] or "",
        "gen_ai.usage.prompt_tokens": row["input_tokens"],
        "gen_ai.usage.completion_tokens": row["output_tokens"],
    }


def openinference(row: Row) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for at, message in enumerate(bodies.messages(row)):
        stem = f"llm.input_messages.{at}.message"
        asked |= {f"{stem}.role": message["role"], f"{stem}.content": message["content"]}
    for at, name in enumerate(row["tools"] or ()):
        asked[f"llm.tools.{at}.tool.json_schema"] = json.dumps({"type": "function", "function": {"name": name}})
    return {
        **_identity(row),
        **asked,
        "openinference.span.kind": "LLM",
        "llm.model_name": row["model"],
        "llm.invocation_parameters": row["params"] or "{}",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": row["reply_text"] or "",
        "llm.token_count.prompt": row["input_tokens"],
        "llm.token_count.completion": row["output_tokens"],
    }


DIALECTS: Mapping[str, Callable[[Row], dict[str, Any]]] = {
    "otlp_standard": standard,
    "otlp_openllmetry": openllmetry,
    "otlp_openinference": openinference,
}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue"}
    kind = kinds.get(type(value), "stringValue")
    return {kind: str(value) if kind == "intValue" else value}


def document(row: Row, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """One request with one span, as OTLP/JSON writes it."""
    begin = int(row["ts"].timestamp() * 1_000_000) * 1_000
    span = {
        "traceId": row["exchange_id"].rjust(32, "0"),
        "spanId": row["exchange_id"][-16:].rjust(16, "0"),
        "name": f"chat {row['model']}",
        "kind": 3,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + int((row["latency_ms"] or 0) * 1_000_000)),
        "attributes": [{"key": key, "value": _value(value)} for key, value in attributes.items()],
        "status": {} if row["status"] == 200 else {"code": 2},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "gateway"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "llm"}, "spans": [span]}]}]}
