"""Canonical rows out of lines of JSON, decoded straight into declared types: the fast way for the usual line.

In: one line. Out: its values in the order of the columns, exactly as `values.convert` gives them, or None for any
line that is not plainly canonical; `documents` then decodes it the careful way, which finds its format or its fault.
"""

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from stillwatch.read.values import canonical_json, moment, names
from stillwatch.tables import EXCHANGES, Column, ColumnType

_NO_ROW = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
_MOST_EXTRA, _LONGEST_EXTRA = 100, 200  # columns that are not declared, and characters of their names
_LARGEST = sys.float_info.max
_TYPES: dict[ColumnType, Any] = {
    "string": str,
    "int32": Annotated[int, msgspec.Meta(gt=-(2**31), lt=2**31)],
    "int64": Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)],
    "float64": Annotated[float, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)],
    "strings": list[str] | str,
    "timestamp": str | int | float,
}
_JSON = "params"  # the one text that may stand there as an object
_SHORT_BYTES = 1_000


class TypedLines:
    """Decodes lines of `tables.EXCHANGES`. A column that is not declared stops it, until it is told of that column."""

    def __init__(self) -> None:
        self._extra: dict[str, None] = {}
        self._decode = _decoder(())

    def row(self, line: bytes) -> tuple[Any, ...] | None:
        """Give a line's values in the order of the columns, None in place of what is missing; or None."""
        try:
            found = self._decode(line)
            found.ts = moment(found.ts)
            if found.tools is not None:
                found.tools = names(found.tools) if found.tools != "" else None
            if found.params is not None:
                found.params = parameters(bytes(found.params))
        except _NO_ROW:
            return None
        return _VALUES(found)

    def expect(self, extra: Iterable[str]) -> None:
        """Learn names of columns that are not declared, some of them; "request" stays the mark of another format."""
        known = len(self._extra)
        for name in extra:
            if len(self._extra) < _MOST_EXTRA and len(name) <= _LONGEST_EXTRA and name != "request":
                self._extra[name] = None
        if len(self._extra) > known:
            self._decode = _decoder(tuple(self._extra))


def _decoder(extra: tuple[str, ...]) -> Callable[[bytes], Any]:
    """A strict decoder of rows that hold declared columns and these."""
    fields: list[Any] = [(column.name, _type(column)) for column in EXCHANGES.columns if column.required]
    fields += [(column.name, _type(column), None) for column in EXCHANGES.columns if not column.required]
    fields += [(f"extra_{at}", Any, None) for at in range(len(extra))]
    called = {f"extra_{at}": name for at, name in enumerate(extra)}
    row = msgspec.defstruct("Row", fields, rename=called, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(row).decode


def _type(column: Column) -> Any:
    if column.name == _JSON:
        return msgspec.Raw
    if column.required and column.type == "string":
        return Annotated[str, msgspec.Meta(min_length=1)]
    return _TYPES[column.type] if column.required else _TYPES[column.type] | None


def parameters(content: bytes) -> str | None:
    """Parameters, a string or an object of JSON, as `values.text` writes them; the short ones are remembered.

    Raises:  msgspec.MsgspecError, ValueError, RecursionError: it is neither.
    """
    return _parsed(content) if len(content) <= _SHORT_BYTES else _parsed.__wrapped__(content)


@lru_cache(maxsize=10_000)
def _parsed(content: bytes) -> str | None:
    value = msgspec.json.decode(content, type=str | dict[str, Any] | None)
    return canonical_json(value) if isinstance(value, dict) else value


_VALUES: Callable[[Any], tuple[Any, ...]] = attrgetter(*EXCHANGES.names)
