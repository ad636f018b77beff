"""LiteLLM's Generic Guardrail API: POST /beta/litellm_basic_guardrail_api.

In: its body (texts, structured_messages, request_data, request_headers). Out: action NONE or BLOCKED with the words
for the customer. Source: litellm-docs, adding_provider/generic_guardrail_api, read at 1.106 and 1.109. Header values
other than user-agent and content types arrive as "[present]" unless the operator lists them in `extra_headers`.
"""

import json
from collections.abc import Mapping
from typing import Any

from stillwatch.gateway.asked import Asked, Identity, of_messages
from stillwatch.gateway.doors.reply import Called, Reply, answer_headers, customer_body, customer_words, json_reply
from stillwatch.gateway.gate import Gate

PATH = "/beta/litellm_basic_guardrail_api"
IN_PROCESS = "/litellm"
_HIDDEN = "[present]"


def reply(gate: Gate, called: Called, identity: Identity) -> Reply:
    """Answer one check; a reply of the model is let through unseen."""
    try:
        values = json.loads(called.body)
    except (ValueError, RecursionError):
        return json_reply({"detail": "the body is not JSON"}, 422)
    if not isinstance(values, dict):
        return json_reply({"detail": "the body is not an object"}, 422)
    if values.get("input_type") == "response":
        return json_reply({"action": "NONE"})
    answer = gate.answer(_asked(values, identity))
    if answer.passes:
        return json_reply({"action": "NONE"})
    return json_reply({"action": "BLOCKED", "blocked_reason": customer_words(answer)})


def in_process(gate: Gate, called: Called) -> Reply:
    """Answer our own guardrail in the proxy's process (`stillwatch_litellm`), which knows the client's address."""
    try:
        values = json.loads(called.body)
        words = {name: str(values.get(name) or "") for name in ("account", "key", "organisation", "client")}
        chain = str(values.get("address") or "").rsplit(",", 1)[-1].strip()
        chat = values.get("chat")
    except (ValueError, RecursionError, AttributeError):
        return json_reply({"detail": "the body is not a JSON object"}, 422)
    request = of_messages(chat if isinstance(chat, dict) else {}, words.pop("client"), chain)
    answer = gate.answer(Asked(**words, route=IN_PROCESS, request=request))
    told = {
        "passes": answer.passes,
        "action": answer.action,
        "status": answer.status,
        "headers": answer_headers(answer),
    }
    return json_reply(told if answer.passes else {**told, "body": json.loads(customer_body(answer))})


def _asked(values: Mapping[str, Any], identity: Identity) -> Asked:
    who = values.get("request_data")
    who = who if isinstance(who, dict) else {}
    given = values.get("request_headers")
    headers = {
        str(name).lower(): value
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, str) and value != _HIDDEN
    }
    messages = values.get("structured_messages")
    texts = [text for text in values.get("texts") or () if isinstance(text, str)]
    chat = {"messages": messages} if messages else {"prompt": texts[-1] if texts else ""}
    chain = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    address = chain[-1 - min(identity.forwarded_hops, len(chain) - 1)] if chain else ""
    key = str(who.get("user_api_key_hash") or "")
    return Asked(
        account=str(who.get("user_api_key_user_id") or key),
        key=key,
        organisation=str(who.get("user_api_key_org_id") or who.get("user_api_key_team_id") or ""),
        route=PATH,
        request=of_messages({**chat, "tools": values.get("tools")}, headers.get("user-agent", ""), address),
    )
