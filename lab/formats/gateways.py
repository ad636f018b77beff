"""A canonical row as the record that each gateway or provider would log: its own fields, and no more than it can know.

In: a canonical row. Out: the records of one exchange, most often one. Identity stands where the format has room for it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from formats import bodies
from formats.bodies import Row

Records = list[dict[str, Any]]


def _iso(row: Row) -> str:
    return str(row["ts"].isoformat(timespec="microseconds").replace("+00:00", "Z"))


def _ends(row: Row) -> str:
    return str((row["ts"] + timedelta(milliseconds=row["latency_ms"] or 0)).isoformat())


def _envelope(row: Row) -> dict[str, Any]:
    names = ("account_id", "key_id", "org_id", "session_id", "ip", "user_agent", "status", "latency_ms")
    return {"ts": _iso(row), "request_id": row["exchange_id"], **{name: row[name] for name in names}}


def _metadata(row: Row) -> dict[str, Any]:
    return {"user_id": row["account_id"], "key_id": row["key_id"], "org_id": row["org_id"]}


def openai_chat(row: Row) -> Records:
    return [{**_envelope(row), "request": bodies.openai_request(row), "response": bodies.openai_response(row)}]


def openai_stream(row: Row) -> Records:
    return [{**_envelope(row), "request": bodies.openai_request(row), "response": bodies.openai_stream(row)}]


def openai_responses(row: Row) -> Records:
    return [{**_envelope(row), "request": bodies.responses_request(row), "response": bodies.responses_response(row)}]


def anthropic_messages(row: Row) -> Records:
    return [{**_envelope(row), "request": bodies.anthropic_request(row), "response": bodies.anthropic_response(row)}]


def openai_batch(row: Row) -> Records:
    name = f"job-{row['exchange_id']}"
    answer = {"status_code": row["status"], "request_id": row["exchange_id"], "body": bodies.openai_response(row)}
    who = {"account_id": row["account_id"], "key_id": row["key_id"], "org_id": row["org_id"]}
    asked = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": bodies.openai_request(row)}
    return [asked, {"id": f"batch_req_{name}", "custom_id": name, "response": answer, "error": None, **who}]


def litellm_spend_logs(row: Row) -> Records:
    metadata = {"user_api_key": row["key_id"], "user_api_key_user_id": row["account_id"]}
    metadata |= {"user_api_key_org_id": row["org_id"], "user_agent": row["user_agent"]}
    answer = bodies.openai_response(row)
    return [
        {
            "request_id": row["exchange_id"],
            "call_type": "acompletion",
            "api_key": row["key_id"],
            "spend": 0.001,
            "total_tokens": row["input_tokens"] + row["output_tokens"],
            "prompt_tokens": row["input_tokens"],
            "completion_tokens": row["output_tokens"],
            "startTime": row["ts"].replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds"),
            "endTime": _ends(row),
            "request_duration_ms": int(row["latency_ms"] or 0),
            "model": row["model"],
            "model_group": row["model"],
            "user": row["account_id"],
            "metadata": json.dumps(metadata),
            "organization_id": row["org_id"],
            "end_user": row["end_user_id"] or "",
            "requester_ip_address": row["ip"],
            "messages": "{}",
            "response": json.dumps(answer),
            "session_id": row["session_id"],
            "status": "success" if row["status"] == 200 else "failure",
            "proxy_server_request": json.dumps(bodies.openai_request(row)),
        }
    ]


def bedrock(row: Row) -> Records:
    return [
        {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": _iso(row),
            "accountId": "123456789012",
            "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/gateway/session"},
            "region": "us-east-1",
            "requestId": row["exchange_id"],
            "operation": "Converse",
            "modelId": row["model"],
            "input": {
                "inputContentType": "application/json",
                "inputBodyJson": bodies.converse_request(row),
                "inputTokenCount": row["input_tokens"],
            },
            "output": {
                "outputContentType": "application/json",
                "outputBodyJson": bodies.converse_response(row),
                "outputTokenCount": row["output_tokens"],
            },
            "requestMetadata": {**_metadata(row), "ip": row["ip"], "user_agent": row["user_agent"]},
            **({} if row["status"] == 200 else {"errorCode": "ThrottlingException"}),
        }
    ]


def azure_apim(row: Row) -> Records:
    """Messages of more than 32 KB are cut; here everything beyond 200 characters is, so that samples show it."""
    text = json.dumps(bodies.messages(row))
    pieces = [text[at : at + 200] for at in range(0, len(text), 200)][:100]
    pieces[-1] += text[200 * len(pieces) :]
    shared = {"TimeGenerated": _iso(row), "CorrelationId": row["exchange_id"], "Region": "West Europe"}
    words: Records = [
        {**shared, "Type": "ApiManagementGatewayLlmLog", "SequenceNumber": at, "RequestMessages": piece}
        for at, piece in enumerate(pieces)
    ]
    words[0] |= {
        "ModelName": row["model"],
        "DeploymentName": row["model"],
        "PromptTokens": row["input_tokens"],
        "CompletionTokens": row["output_tokens"],
        "IsStreamCompletion": False,
        "ResponseMessages": json.dumps([{"role": "assistant", "content": row["reply_text"]}]),
    }
    caller = {
        **shared,
        "Type": "ApiManagementGatewayLogs",
        "ApiId": "llm",
        "ApimSubscriptionId": row["account_id"],
        "CallerIpAddress": row["ip"],
        "ResponseCode": row["status"],
        "TotalTime": row["latency_ms"],
        "RequestHeaders": json.dumps({"User-Agent": row["user_agent"]}),
    }
    return [*reversed(words), caller]


def vertex(row: Row) -> Records:
    labels = {"account_id": row["account_id"], "key_id": row["key_id"], "org_id": row["org_id"]}
    return [
        {
            "endpoint": "projects/p/locations/l/publishers/google/models/m",
            "logging_time": row["ts"].isoformat(sep=" ").replace("+00:00", " UTC"),
            "request_id": row["exchange_id"],
            "model": row["model"],
            "full_request": {**bodies.gemini_request(row), "labels": labels},
            "full_response": json.dumps(bodies.gemini_response(row)),
            "metadata": {"status_code": row["status"]},
        }
    ]


def cloudflare(row: Row) -> Records:
    metadata = {"user_id": row["account_id"], "key_id": row["key_id"], "org_id": row["org_id"]}
    metadata |= {"ip": row["ip"], "user_agent": row["user_agent"]}
    return [
        {
            "id": row["exchange_id"],
            "created_at": _iso(row),
            "provider": "openai",
            "model": row["model"],
            "path": "chat/completions",
            "status_code": row["status"],
            "success": row["status"] == 200,
            "cached": False,
            "tokens_in": row["input_tokens"],
            "tokens_out": row["output_tokens"],
            "duration": row["latency_ms"],
            "cost": 0.001,
            "metadata": json.dumps(metadata),
            "step": 0,
            "request": json.dumps(bodies.openai_request(row)),
            "response": json.dumps(bodies.openai_response(row)),
        }
    ]


def portkey(row: Row) -> Records:
    known = {"_user": row["account_id"], "org_id": row["org_id"] or "", "ip": row["ip"] or ""}
    known |= {"user_agent": row["user_agent"] or "", "session_id": row["session_id"] or ""}
    return [
        {
            "id": row["exchange_id"],
            "created_at": _iso(row),
            "request": {"body": bodies.openai_request(row)},
            "response": {"body": bodies.openai_response(row)},
            "ai_org": "openai",
            "ai_model": row["model"],
            "req_units": row["input_tokens"],
            "res_units": row["output_tokens"],
            "response_status_code": row["status"],
            "response_time": row["latency_ms"],
            "virtual_key": row["key_id"],
            "metadata": {"key": list(known), "value": list(known.values())},
        }
    ]


def kong(row: Row) -> Records:
    usage = {"prompt_tokens": row["input_tokens"], "completion_tokens": row["output_tokens"], "cost": 0.001}
    return [
        {
            "client_ip": row["ip"],
            "started_at": int(row["ts"].timestamp() * 1000),
            "request": {"id": row["exchange_id"], "method": "POST", "headers": {"user-agent": row["user_agent"]}},
            "response": {"status": row["status"]},
            "latencies": {"request": row["latency_ms"]},
            "consumer": {"id": row["account_id"], "username": f"user-{row['account_id']}"},
            "authenticated_entity": {"id": row["key_id"]},
            "ai": {
                "proxy": {
                    "payload": {
                        "request": json.dumps(bodies.openai_request(row)),
                        "response": json.dumps(bodies.openai_response(row)),
                    },
                    "usage": usage,
                    "meta": {"request_model": row["model"], "provider_name": "openai"},
                }
            },
        }
    ]


def envoy_ai_gateway(row: Row) -> Records:
    return [
        {
            "start_time": _iso(row),
            "x-request-id": row["exchange_id"],
            "method": "POST",
            "response_code": row["status"],
            "duration": row["latency_ms"],
            "downstream_remote_address": f"{row['ip']}:40312" if row["ip"] and "." in row["ip"] else row["ip"],
            "user-agent": row["user_agent"],
            "gen_ai.request.model": row["model"],
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": row["input_tokens"],
            "gen_ai.usage.output_tokens": row["output_tokens"],
            "gen_ai.usage.total_tokens": row["input_tokens"] + row["output_tokens"],
            "x-user-id": row["account_id"],
            "x-api-key-id": row["key_id"],
            "x-org-id": row["org_id"],
            "tls_ja4_fingerprint": row["tls_fingerprint"],
        }
    ]


def langfuse(row: Row) -> Records:
    used = {"input": row["input_tokens"], "output": row["output_tokens"], "reasoning": row["reasoning_tokens"]}
    return [
        {
            "id": row["exchange_id"],
            "trace_id": f"t-{row['exchange_id']}",
            "type": "GENERATION",
            "start_time": row["ts"].replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"),
            "input": json.dumps(bodies.messages(row)),
            "output": json.dumps({"role": "assistant", "content": row["reply_text"]}),
            "provided_model_name": row["model"],
            "model_parameters": row["params"] or "{}",
            "usage_details": json.dumps(used),
            "user_id": row["account_id"],
            "session_id": row["session_id"],
            "metadata": json.dumps({**_metadata(row), "ip": row["ip"], "user_agent": row["user_agent"]}),
            "latency": (row["latency_ms"] or 0) / 1000,
            "level": "DEFAULT" if row["status"] == 200 else "ERROR",
        }
    ]


def helicone(row: Row) -> Records:
    return [
        {
            "request_id": row["exchange_id"],
            "request_created_at": _iso(row),
            "user_id": row["account_id"],
            "organization_id": "our-own",
            "proxy_key_id": row["key_id"],
            "provider": "OPENAI",
            "model": row["model"],
            "prompt_tokens": row["input_tokens"],
            "completion_tokens": row["output_tokens"],
            "latency": row["latency_ms"],
            "country_code": row["country"],
            "status": row["status"],
            "properties": {"org_id": row["org_id"], "ip": row["ip"], "user_agent": row["user_agent"]},
            "request_body": json.dumps(bodies.openai_request(row)),
            "response_body": json.dumps(bodies.openai_response(row)),
        }
    ]


WRITERS: Mapping[str, Callable[[Row], Records]] = {
    "pairs_openai_chat": openai_chat,
    "pairs_openai_chat_stream": openai_stream,
    "pairs_openai_responses": openai_responses,
    "pairs_anthropic_messages": anthropic_messages,
    "openai_batch": openai_batch,
    "litellm_spend_logs": litellm_spend_logs,
    "bedrock": bedrock,
    "azure_apim": azure_apim,
    "vertex": vertex,
    "cloudflare": cloudflare,
    "portkey": portkey,
    "kong": kong,
    "envoy_ai_gateway": envoy_ai_gateway,
    "langfuse": langfuse,
    "helicone": helicone,
}
