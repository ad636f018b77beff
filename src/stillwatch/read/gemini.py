"""generateContent request and response, as Vertex logs them.

In: an opened pair. Out: columns of `tables.EXCHANGES`. Source: Vertex AI API reference, generateContent.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read.openai_chat import names
from stillwatch.read.pairs import content_text, first_of, mapping, of_messages, of_parameters, of_tools


def matches(pair: Mapping[str, Any]) -> bool:
    """Tell a pair of this dialect by its contents."""
    return "contents" in pair["request"] or "candidates" in pair["response"]


def columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pair's columns. Of several candidates the first counts; thoughts are no reply."""
    request, response = pair["request"], pair["response"]
    candidates = response.get("candidates")
    first = mapping(candidates[0]) if isinstance(candidates, list) and candidates else {}
    used = mapping(first_of(response, ("usageMetadata", "usage_metadata")))
    system = mapping(first_of(request, ("systemInstruction", "system_instruction")))
    return {
        **names(pair),
        "model": first_of(request, ("model",)) or first_of(pair, ("model",)) or response.get("modelVersion"),
        **of_messages(_as_messages(request.get("contents"))),
        "system_text": _spoken(system.get("parts")),
        **of_tools(_declared(request.get("tools"))),
        **of_parameters(_renamed(mapping(first_of(request, ("generationConfig", "generation_config"))))),
        "input_tokens": used.get("promptTokenCount"),
        "output_tokens": used.get("candidatesTokenCount"),
        "reasoning_tokens": used.get("thoughtsTokenCount"),
        "cached_tokens": used.get("cachedContentTokenCount"),
        "finish_reason": first.get("finishReason"),
        "reply_text": _spoken(mapping(first.get("content")).get("parts")),
    }


def _as_messages(contents: Any) -> Any:
    if isinstance(contents, dict):
        contents = [contents]
    if not isinstance(contents, list):
        return contents
    return [
        {"role": turn.get("role") or "user", "content": _spoken(turn.get("parts"))}
        for turn in contents
        if isinstance(turn, dict)
    ]


def _spoken(parts: Any) -> str | None:
    parts = [parts] if isinstance(parts, dict) else parts
    if not isinstance(parts, list):
        return None
    return content_text([part for part in parts if not (isinstance(part, dict) and part.get("thought"))])


def _declared(tools: Any) -> list[Any]:
    """The functions of all tools, one list."""
    found: list[Any] = []
    for tool in tools if isinstance(tools, list) else ():
        listed = first_of(mapping(tool), ("functionDeclarations", "function_declarations"))
        found += listed if isinstance(listed, list) else [{"name": name} for name in mapping(tool)]
    return found


def _renamed(config: Mapping[str, Any]) -> dict[str, Any]:
    pairs = {
        "temperature": "temperature",
        "top_p": "topP",
        "top_k": "topK",
        "max_tokens": "maxOutputTokens",
        "n": "candidateCount",
        "seed": "seed",
        "thinking": "thinkingConfig",
        "response_format": "responseSchema",
    }
    return {ours: config[theirs] for ours, theirs in pairs.items() if config.get(theirs) is not None}
