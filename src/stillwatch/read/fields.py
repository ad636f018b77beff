"""Fields inside documents: paths with dots, through objects, JSON in strings and lists of key and value.

In: a document and a path. Out: what stands there, or None. A key that itself holds dots is found, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.read.pairs import decoded
from stillwatch.read.values import RowFault

_STEPS = 16  # parts of a path; a longer one is a mistake
_NOTHING = (None, "")


def field_at(document: Any, path: str) -> Any:
    """Give what stands at a path: `a.b` is b of a, or the key "a.b"; `*` is any key, the first that leads somewhere.

    >>> field_at({"a": {"b": 1}}, "a.b"), field_at({"c.d": 2}, "c.d"), field_at({"a": {"x": {"b": 3}}}, "a.*.b")
    (1, 2, 3)
    """
    return next(_found(document, path.split(".", _STEPS)), None)


def first_at(document: Any, paths: Sequence[str]) -> Any:
    """Give the first of several paths that holds something."""
    return next((value for path in paths if (value := field_at(document, path)) not in _NOTHING), None)


def _found(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        if value not in _NOTHING:
            yield value
        return
    inside = _inside(value)
    if steps[0] == "*":
        for child in inside.values():
            yield from _found(child, steps[1:])
        return
    for length in range(len(steps), 0, -1):
        key = ".".join(steps[:length])
        if key in inside:
            yield from _found(inside[key], steps[length:])


def _inside(value: Any) -> Mapping[str, Any]:
    """The object that a value is, or is a string of, or lists as {key, value}; list entries are called 0, 1, ..."""
    try:
        value = decoded(value)
    except RowFault:
        return {}
    if isinstance(value, dict):
        if set(value) == {"key", "value"} and isinstance(value["key"], list) and isinstance(value["value"], list):
            return dict(zip(map(str, value["key"]), value["value"], strict=False))
        return value
    if not isinstance(value, list):
        return {}
    if value and all(isinstance(pair, dict) and {"key", "value"} <= pair.keys() for pair in value):
        return {str(pair["key"]): pair["value"] for pair in value}
    return {str(at): entry for at, entry in enumerate(value[:64])}
