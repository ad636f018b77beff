"""One call of a model by its attributes, in the three dialects: semantic conventions, OpenLLMetry, OpenInference.

In: the attributes of a span or log record. Out: columns of `tables.EXCHANGES`, or None for what is no call of a model.
The conventions have no attribute for who asked: user.id, enduser.id and the like are read where someone set them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from stillwatch.read.pairs import content_text, decoded, first_of, mapping, of_messages, of_parameters, of_tools
from stillwatch.read.values import RowFault

_OPERATIONS = frozenset({"chat", "text_completion", "generate_content", "completion"})
_MOST_MESSAGES = 4_096
_ACCOUNT = ("user.id", "enduser.id", "traceloop.association.properties.user_id", "langfuse.user.id", "account.id")
_KEY = ("gen_ai.api_key.id", "api_key.id", "key.id", "traceloop.association.properties.key_id")
_ORGANISATION = ("organization.id", "org.id", "tenant.id", "traceloop.association.properties.org_id")
_SESSION = ("gen_ai.conversation.id", "session.id", "traceloop.association.properties.thread_id")
_ADDRESS = ("client.address", "http.client_ip", "net.sock.peer.addr", "network.peer.address", "peer.address")
_AGENT = ("user_agent.original", "http.user_agent", "http.request.header.user-agent", "user_agent")
_PARAMETERS = {
    "temperature": ("gen_ai.request.temperature", "llm.temperature"),
    "top_p": ("gen_ai.request.top_p", "llm.top_p"),
    "top_k": ("gen_ai.request.top_k", "llm.top_k"),
    "max_tokens": ("gen_ai.request.max_tokens", "llm.request.max_tokens"),
    "n": ("gen_ai.request.choice.count",),
    "seed": ("gen_ai.request.seed",),
    "stream": ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"),
}
_STATUS = {
    "BadRequestError": 400, "AuthenticationError": 401, "PermissionDeniedError": 403, "NotFoundError": 404,
    "ConflictError": 409, "UnprocessableEntityError": 422, "RateLimitError": 429,
}  # fmt: skip
"""What the SDKs of OpenAI and Anthropic call a refusal."""


@dataclass(frozen=True, slots=True)
class Call:
    """A span or record. times: nanoseconds since 1970; status: what the span's own status says, if anything.

    event: what a record is called; empty for a span.
    """

    own: Mapping[str, Any]
    shared: Mapping[str, Any]
    name: str | None
    begin_nanoseconds: int | None
    end_nanoseconds: int | None
    status: int | None
    event: str = ""


def call_columns(call: Call) -> dict[str, Any] | None:
    """Give the columns of a call; None where no model was asked for words."""
    own = stated(call.own)
    model = _model(own)
    if model is None or not _is_inference(own):
        return None
    return {
        **_texts(call.own),
        **_parameters(own),
        **_counts(own),
        **_identity({**stated(call.shared), **own}),
        "exchange_id": call.name or first_of(own, ("gen_ai.response.id", "gen_ai.request.id")),
        "ts": call.begin_nanoseconds,
        "model": model,
        "latency_ms": _latency_ms(call),
        "status": first_of(own, ("http.response.status_code", "http.status_code")) or _refusal(own) or call.status,
        "finish_reason": _first(own.get("gen_ai.response.finish_reasons"))
        or first_of(own, ("llm.finish_reason", "llm.response.finish_reason")),
    }


def stated(own: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that say something: a proxy writes a dash where it knows nothing."""
    return {name: value for name, value in own.items() if value != "-"}


def _model(own: Mapping[str, Any]) -> Any:
    """The model that was asked for: OpenInference has it among the parameters, and names the one that answered."""
    asked = first_of(own, ("gen_ai.request.model", "llm.request.model")) or _invocation(own).get("model")
    return asked or first_of(own, ("llm.model_name", "gen_ai.response.model"))


def _invocation(own: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(_opened(own.get("llm.invocation_parameters")))


def _refusal(own: Mapping[str, Any]) -> int | None:
    """The status that an error's name stands for, or that it is."""
    name = str(first_of(own, ("error.type", "exception.type")) or "").rpartition(".")[2]
    return int(name) if len(name) == 3 and name.isascii() and name.isdigit() else _STATUS.get(name)


def _latency_ms(call: Call) -> float | None:
    if call.begin_nanoseconds is None or call.end_nanoseconds is None:
        return None
    return (call.end_nanoseconds - call.begin_nanoseconds) / 1_000_000


def _is_inference(own: Mapping[str, Any]) -> bool:
    operation = first_of(own, ("gen_ai.operation.name", "llm.request.type"))
    kind = own.get("openinference.span.kind")
    if kind is not None:
        return str(kind).upper() == "LLM"
    return operation is None or operation in _OPERATIONS


def _identity(known: Mapping[str, Any]) -> dict[str, Any]:
    key = first_of(known, _KEY)
    return {
        "account_id": first_of(known, _ACCOUNT) or key,
        "key_id": key,
        "org_id": first_of(known, _ORGANISATION),
        "session_id": first_of(known, _SESSION),
        "ip": first_of(known, _ADDRESS),
        "user_agent": _first(first_of(known, _AGENT)),
    }


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None if isinstance(value, list) else value


def _texts(own: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, by whichever dialect said it."""
    asked = _messages(own.get("gen_ai.input.messages")) or _numbered(own, "gen_ai.prompt.", "")
    asked = asked or _numbered(own, "llm.input_messages.", "message.") or _plain(own.get("input.value"))
    said = _messages(own.get("gen_ai.output.messages")) or _numbered(own, "gen_ai.completion.", "")
    said = said or _numbered(own, "llm.output_messages.", "message.") or _plain(own.get("output.value"))
    told = of_messages(asked or None)
    system = _spoken(_opened(own.get("gen_ai.system_instructions")))
    return {
        **told,
        "system_text": system or told.get("system_text"),
        "reply_text": "\n".join(text for one in said if (text := content_text(one["content"]))) or None,
        **of_tools(_opened(first_of(own, ("gen_ai.tool.definitions", "llm.tools"))) or _numbered_tools(own)),
    }


def _opened(value: Any) -> Any:
    try:
        return decoded(value)
    except RowFault:
        return value


def _messages(value: Any) -> list[dict[str, Any]]:
    """Messages of the conventions: {role, parts: [{type: text, content}]}, as JSON or structured; cut JSON is none."""
    listed = _opened(value)
    if not isinstance(listed, list):
        return []
    return [{"role": one.get("role"), "content": _content(one)} for one in listed if isinstance(one, dict)]


def _content(message: Mapping[str, Any]) -> Any:
    return _spoken(message["parts"]) if "parts" in message else _opened_blocks(message.get("content"))


def _spoken(parts: Any) -> str | None:
    """The text of parts {type: text, content}, or of one string."""
    if isinstance(parts, str):
        return parts
    found = [
        part.get("content", part.get("text"))
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and part.get("type", "text") == "text"
    ]
    words = [text for text in found if isinstance(text, str)]
    return "\n".join(words) if words else None


def _numbered(own: Mapping[str, Any], before: str, after: str) -> list[dict[str, Any]]:
    """Messages spread over attributes: before + N + . + after + role or content (OpenLLMetry, OpenInference)."""
    found = []
    for number in range(_MOST_MESSAGES):
        stem = f"{before}{number}.{after}"
        role, content = own.get(f"{stem}role"), own.get(f"{stem}content")
        if content is None:
            content = _contents(own, f"{stem}contents.")
        if role is None and content is None:
            break
        found.append({"role": role, "content": _opened_blocks(content)})
    return found


def _numbered_tools(own: Mapping[str, Any]) -> list[Any]:
    """Tools spread over attributes: whole schemas (OpenInference), or parts of each (OpenLLMetry, earlier)."""
    schemas = (f"llm.tools.{number}.tool.json_schema" for number in range(_MOST_MESSAGES))
    stems = (f"llm.request.functions.{number}." for number in range(_MOST_MESSAGES))
    whole = [_opened(own[name]) for name in takewhile(own.__contains__, schemas)]
    return whole or [
        {part: own[stem + part] for part in ("name", "description", "parameters") if stem + part in own}
        for stem in takewhile(lambda stem: f"{stem}name" in own, stems)
    ]


def _contents(own: Mapping[str, Any], stem: str) -> str | None:
    texts: list[str] = []
    for number in range(_MOST_MESSAGES):
        kind = own.get(f"{stem}{number}.message_content.type")
        text = own.get(f"{stem}{number}.message_content.text")
        if kind is None and text is None:
            break
        texts += [text] if isinstance(text, str) else []
    return "\n".join(texts) if texts else None


def _opened_blocks(content: Any) -> Any:
    """Content that an emitter wrote as JSON blocks; other text that begins with a bracket stays text."""
    opened = _opened(content)
    blocks = (
        isinstance(opened, list) and bool(opened) and all(isinstance(one, dict) and "type" in one for one in opened)
    )
    return opened if blocks else content


def _plain(value: Any) -> list[dict[str, Any]]:
    """The whole input or output as one value: a string, or a request with messages."""
    opened = _opened(value)
    if isinstance(opened, dict) and isinstance(opened.get("messages"), list):
        return _messages(opened["messages"])
    return [{"role": "user", "content": value}] if isinstance(value, str) and value else []


def _parameters(own: Mapping[str, Any]) -> dict[str, Any]:
    given = _invocation(own)
    told = {
        ours: value for ours, theirs in _PARAMETERS.items() if (value := first_of(own, theirs)) not in (None, False)
    }
    return of_parameters({**given, **told})


def _counts(own: Mapping[str, Any]) -> dict[str, Any]:
    def count(*names: str) -> Any:
        return first_of(own, names)

    return {
        "input_tokens": count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
        "output_tokens": count(
            "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"
        ),
        "cached_tokens": count(
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "llm.token_count.prompt_details.cache_read",
        ),
        "reasoning_tokens": count(
            "gen_ai.usage.reasoning.output_tokens", "llm.token_count.completion_details.reasoning"
        ),
    }
