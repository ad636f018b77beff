"""Every format that is told by a document, in the order in which they are asked.

In: nothing. Out: `FORMATS`, `format_of`. Canonical rows are none of them: they are what nobody else claims.
"""

from functools import cache

from stillwatch.read import azure_apim, dialects, litellm, openai_batch, otlp
from stillwatch.read.column_map import presets
from stillwatch.read.format import Document, Format, one
from stillwatch.tables import EXCHANGES

_REQUIRED = tuple(column.name for column in EXCHANGES.columns if column.required)


def is_canonical(row: Document) -> bool:
    """Tell a row that has every required column and no request to open."""
    return all(name in row for name in _REQUIRED) and "request" not in row


CANONICAL = Format("canonical", "rows with Stillwatch's own columns", is_canonical, one(lambda row: row))
PAIRS = Format("pairs", "request and response in an envelope", dialects.matches, one(dialects.columns))
_LITELLM = Format("litellm", "LiteLLM payloads and SpendLogs", litellm.matches, one(litellm.columns))


@cache
def formats() -> tuple[Format, ...]:
    """Give every format but the canonical one."""
    return (otlp.FORMAT, _LITELLM, openai_batch.FORMAT, azure_apim.FORMAT, *presets(), PAIRS)


def format_of(row: Document) -> Format:
    """Give the format of a document; a row that no format claims is taken for a canonical one."""
    if is_canonical(row):
        return CANONICAL
    return next((one for one in formats() if one.matches(row)), CANONICAL)
