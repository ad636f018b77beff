"""A request and its response, in whichever dialect: told apart here, once, for every format that carries pairs.

In: an opened pair. Out: columns of `tables.EXCHANGES`.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.read import anthropic_messages, converse, gemini, openai_chat, openai_responses, pairs
from stillwatch.read.format import SHAPE
from stillwatch.read.values import RowFault

_TOLD = (gemini, openai_responses, converse, anthropic_messages)


def pair_columns(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of an opened pair; chat completions are what no other dialect claims."""
    dialect = next((one for one in _TOLD if one.matches(pair)), openai_chat)
    return {name: value for name, value in dialect.columns(pair).items() if value is not None}


def request_columns(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of a request that has no answer yet; none of one that cannot be read."""
    try:
        return pair_columns({"request": request, "response": {}})
    except (RowFault, *SHAPE):
        return {}


def matches(row: Mapping[str, Any]) -> bool:
    """Tell a pair in an envelope."""
    return "request" in row and "prompt_text" not in row and not isinstance(row["request"], int | float)


def columns(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the columns of a pair in its envelope; where the pair says something else than the envelope, it counts."""
    pair = pairs.opened(row)
    return row if pair is None else {**pair, **pair_columns(pair)}
