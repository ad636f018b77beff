"""A column map: which field of a row is which column. Presets are maps that come with the package; users bring theirs.

In: a TOML file. Out: a `Format`. See docs/reference/formats.md, column maps.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.read.dialects import pair_columns
from stillwatch.read.fields import field_at, first_at
from stillwatch.read.format import Document, Format, one
from stillwatch.read.pairs import content_text, decoded, mapping, of_messages, of_parameters, of_tools, opened_response
from stillwatch.read.values import RowFault, text
from stillwatch.tables import EXCHANGES

_PARTS = frozenset({"title", "fields", "any_fields", "columns", "pair", "chat"})
_OPTIONS = frozenset({"from", "chain", "times", "values", "otherwise", "absent"})


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a column's value stands and what is done to it. chain: fields joined by commas, a chain of addresses."""

    paths: tuple[str, ...]
    chain: tuple[str, ...] = ()
    times: float | None = None
    values: Mapping[str, Any] | None = None
    otherwise: Any = None
    absent: Any = None

    def of(self, row: Document) -> Any:
        """Give the column's value in a row."""
        if self.chain:
            return ", ".join(text(part) for path in self.chain if (part := field_at(row, path)) is not None) or None
        value = first_at(row, self.paths)
        if value is None:
            return self.absent
        if self.values is not None:
            return self.values.get(text(value), self.otherwise)
        return float(value) * self.times if self.times is not None else value


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A read map. fields: a row has all of them; any_fields: and one of these."""

    name: str
    title: str
    fields: tuple[str, ...]
    any_fields: tuple[str, ...]
    columns: Mapping[str, _Column]
    pair: Mapping[str, tuple[str, ...]]
    chat: Mapping[str, tuple[str, ...]]

    def matches(self, row: Document) -> bool:
        """Tell a row by the fields it has."""
        return all(_has(row, path) for path in self.fields) and (
            not self.any_fields or any(_has(row, path) for path in self.any_fields)
        )

    def of(self, row: Document) -> dict[str, Any]:
        """Give a row's columns: what the map names counts over what the request and response say."""
        found = {**self._paired(row), **self._spoken(row)}
        for name, column in self.columns.items():
            value = column.of(row)
            if value is not None:
                found[name] = value
        if found.get("account_id") is None:
            found["account_id"] = found.get("key_id")
        return found

    def _paired(self, row: Document) -> dict[str, Any]:
        if not self.pair:
            return {}
        request = _opened(first_at(row, self.pair.get("request", ())))
        response = opened_response(first_at(row, self.pair.get("response", ())))
        if not isinstance(request, dict):
            return {} if not response else pair_columns({"request": {}, "response": response})
        return pair_columns({"request": request, "response": response})

    def _spoken(self, row: Document) -> dict[str, Any]:
        if not self.chat:
            return {}
        asked = _opened(first_at(row, self.chat.get("messages", ())))
        answered = _opened(first_at(row, self.chat.get("reply", ())))
        if isinstance(asked, dict) and "messages" in asked:
            said = pair_columns({"request": asked, "response": mapping(answered)})
        else:
            said = of_messages([asked] if isinstance(asked, dict) else asked)
        wanted = mapping(_opened(first_at(row, self.chat.get("parameters", ()))))
        tools = _opened(first_at(row, self.chat.get("tools", ())))
        said |= {**of_parameters(wanted), **of_tools(tools), "reply_text": said.get("reply_text") or _reply(answered)}
        return {name: value for name, value in said.items() if value is not None}


def _has(row: Document, path: str) -> bool:
    return path in row or field_at(row, path) is not None


def _opened(value: Any) -> Any:
    try:
        return decoded(value)
    except RowFault:
        return value


def _reply(answered: Any) -> str | None:
    if isinstance(answered, dict):
        return content_text(answered.get("content", answered.get("text")))
    if isinstance(answered, list) and answered and isinstance(answered[-1], dict) and "content" in answered[-1]:
        return content_text(answered[-1]["content"])
    return content_text(answered)


def read_map(path: Path) -> Format:
    """Read a user's map.

    Raises:  InputError: it cannot be read, or names no such column or option.
    """
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise InputError(f"{path}: cannot be read as a column map ({fault})") from fault
    found = _parsed(str(path), path.stem, declared)
    return Format(found.name, found.title, found.matches, one(found.of))


def presets() -> tuple[Format, ...]:
    """Give the maps that come with the package, by name."""
    folder = files("stillwatch.read").joinpath("presets")
    listed = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    found = []
    for file in listed:
        read = _parsed(file.name, file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8")))
        found.append(Format(read.name, read.title, read.matches, one(read.of)))
    return tuple(found)


def _parsed(where: str, name: str, declared: Mapping[str, Any]) -> ColumnMap:
    unknown = declared.keys() - _PARTS or set(declared.get("columns", {})) - set(EXCHANGES.names)
    if unknown:
        raise InputError(f"{where}: no part or column of a map is called {', '.join(sorted(unknown))}")
    return ColumnMap(
        name,
        str(declared.get("title", name)),
        _paths(where, declared.get("fields", ())),
        _paths(where, declared.get("any_fields", ())),
        {column: _column(f"{where}: {column}", source) for column, source in declared.get("columns", {}).items()},
        {part: _paths(where, source) for part, source in declared.get("pair", {}).items()},
        {part: _paths(where, source) for part, source in declared.get("chat", {}).items()},
    )


def _paths(where: str, declared: Any) -> tuple[str, ...]:
    listed: Sequence[Any] = [declared] if isinstance(declared, str) else declared
    if not isinstance(listed, list | tuple) or not all(isinstance(path, str) for path in listed):
        raise InputError(f"{where}: a field is a path such as 'request.id', or a list of paths")
    return tuple(listed)


def _column(where: str, declared: Any) -> _Column:
    if not isinstance(declared, dict):
        return _Column(_paths(where, declared))
    if unknown := declared.keys() - _OPTIONS:
        raise InputError(f"{where}: no option is called {', '.join(sorted(unknown))}")
    rest = {name: declared[name] for name in ("times", "values", "otherwise", "absent") if name in declared}
    return _Column(_paths(where, declared.get("from", ())), _paths(where, declared.get("chain", ())), **rest)
