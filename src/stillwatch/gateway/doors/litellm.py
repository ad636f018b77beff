"""LiteLLM's Generic Guardrail API: POST /beta/litellm_basic_guardrail_api.

In: its body (texts, structured_messages, request_data, request_headers). Out: action NONE or BLOCKED with the words
for the customer. Source: litellm-docs, adding_provider/generic_guardrail_api, read at 1.106 and 1.109. Header values
other than user-agent and content types arrive as "[present]" unless the operator lists them in `extra_headers`.
"""

import json
from collections.abc import Mapping
from typing import Any

from stillwatch.gateway.asked import Asked, Identity, address_in, decoded, last_client, written
from stillwatch.gateway.doors.reply import Called, Reply, answer_headers, customer_body, customer_words, json_reply
from stillwatch.gateway.gate import Gate
from stillwatch.pipeline.linking import client_of, request_of

PATH = "/beta/litellm_basic_guardrail_api"
IN_PROCESS = "/litellm"
_HIDDEN = "[present]"


def reply(gate: Gate, called: Called, identity: Identity) -> Reply:
    """Answer one check; a reply of the model is let through unseen."""
    values = decoded(called.body or b"")
    if not isinstance(values, dict):
        return json_reply({"detail": "the body is not a JSON object"}, 422)
    if values.get("input_type") == "response":
        return json_reply({"action": "NONE"})
    answer = gate.answer(_asked(values, identity))
    if answer.passes:
        return json_reply({"action": "NONE"})
    return json_reply({"action": "BLOCKED", "blocked_reason": customer_words(answer)})


def in_process(gate: Gate, called: Called) -> Reply:
    """Answer our own guardrail in the proxy's process (`stillwatch_litellm`), which knows the client's address."""
    values = decoded(called.body or b"")
    if not isinstance(values, dict):
        return json_reply({"detail": "the body is not a JSON object"}, 422)
    client, chain = values.get("client"), values.get("address")
    address = last_client(chain) if isinstance(chain, str) else ""
    request = request_of(_chat(values.get("chat")), client if isinstance(client, str) else "", address)
    account, key, organisation = (written(values.get(name)) for name in ("account", "key", "organisation"))
    answer = gate.answer(Asked(account, key, organisation, route=IN_PROCESS, request=request))
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
    given = values.get("texts")
    texts = [text for text in given if isinstance(text, str)] if isinstance(given, list) else []
    chat = {"messages": values.get("structured_messages") or (texts[-1] if texts else ""), "tools": values.get("tools")}
    client = client_of(*(headers.get(name, "") for name in identity.client))
    key = written(who.get("user_api_key_hash"))
    return Asked(
        account=written(who.get("user_api_key_user_id")) or key,
        key=key,
        organisation=written(who.get("user_api_key_org_id")) or written(who.get("user_api_key_team_id")),
        route=PATH,
        request=request_of(chat, client, address_in(headers, identity)),
    )


def _chat(values: object) -> object:
    """A request as its dialect has it; a completion's prompt counts as its only message."""
    if isinstance(values, dict) and "prompt" in values and "messages" not in values:
        return {**values, "messages": values["prompt"]}
    return values
