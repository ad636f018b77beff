"""One value of a row as its declared type, or a fault that says why not and never echoes the value.

In: what JSON or CSV gave. Out: a value for Arrow. `convert` is the only door for row formats; Parquet comes here only
with the values that Arrow could not cast.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stillwatch.tables import EXCHANGES, Column, ColumnType, Table

EARLIEST, LATEST = 946_684_800, 4_102_444_800  # 2000 to 2100, seconds: outside it a time is a mistake
_DEEPEST = 64  # levels of nesting kept in a JSON value; more is an attack on whoever walks it
EPOCH_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)  # per second: s, ms, us, ns
_MICROSECONDS = 1_000_000
_SECONDS_A_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RowFault(Exception):  # noqa: N818 - a fault of the input, not of the program
    """A row cannot be read; the text is its reason."""


def convert(row: Mapping[str, Any], columns: Sequence[Column]) -> tuple[Any, ...]:
    """Give a row's values for Arrow in the order of the columns, None where it has none.

    Raises:  RowFault: a required value is missing, or a value is not of its type.
    """
    found: list[Any] = []
    for column in columns:
        value = row.get(column.name)
        if value is None and not column.required:
            found.append(None)
        elif type(value) is str and column.type == "string" and value and value.isascii():
            found.append(value)  # the usual case, without a call: this runs for every value of every row
        else:
            found.append(converted(value, column))
    return tuple(found)


def converted(value: Any, column: Column) -> Any:
    """Give one value as its column wants it; empty strings are no values.

    Raises:  RowFault: see `convert`.
    """
    if value is None or value == "":
        if column.required:
            raise RowFault(f"required column {column.name} has no value")
        return None
    try:
        return _CONVERTERS[column.type](value)
    except UnicodeEncodeError as fault:
        what = (
            "bytes that are no UTF-8; write the file as UTF-8" if _is_byte(fault) else f"a str that is no {column.type}"
        )
        raise RowFault(f"column {column.name} holds {what}") from fault
    except (TypeError, ValueError, OverflowError, RecursionError) as fault:
        raise RowFault(f"column {column.name} holds a {type(value).__name__} that is no {column.type}") from fault


def _is_byte(fault: UnicodeEncodeError) -> bool:
    """Whether what stands there is a byte as `surrogateescape` holds it, and not half a character that JSON told of."""
    return "\udc80" <= fault.object[fault.start] <= "\udcff"


def lacking_columns(have: Sequence[str], table: Table) -> str | None:
    """Say which required columns a file lacks, or which declared ones it has twice; None if all is well."""
    lacking = [column.name for column in table.columns if column.required and column.name not in have]
    if lacking:
        hint = "; --map says which is which" if table is EXCHANGES else ""
        return f"has no column {', '.join(lacking)}; it has: {', '.join(have)[:300]}{hint}"
    double = [name for name, count in Counter(have).items() if count > 1 and name in table.names]
    return f"has more than one column {', '.join(double)}" if double else None


def text(value: Any) -> str:
    """A string as it is; numbers and JSON values in their canonical form."""
    if isinstance(value, dict | list):
        value = canonical_json(value)
    if isinstance(value, str):
        if not value.isascii():
            value.encode()  # lone surrogates are no text
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal strings."""
    if _depth(value) > _DEEPEST:
        raise ValueError("nested too deeply")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer:
        depth += 1
        if depth > _DEEPEST:
            return depth
        layer = [
            child
            for parent in layer
            for child in (parent.values() if isinstance(parent, dict) else parent if isinstance(parent, list) else ())
            if isinstance(child, dict | list)
        ]
    return depth


def whole(value: Any) -> int:
    """An integer; 3.0 and "3" are 3, 3.5 and true are faults."""
    if isinstance(value, bool):
        raise TypeError
    number = float(value) if isinstance(value, float) else int(value) if isinstance(value, int) else _parsed(value)
    if number != int(number) or abs(number) >= 2**63:
        raise ValueError
    return int(number)


def _parsed(value: Any) -> float | int:
    if not isinstance(value, str):
        raise TypeError
    stripped = value.strip()
    return int(stripped) if stripped.lstrip("+-").isdigit() else float(stripped)


def moment(value: Any) -> int:
    """Microseconds since 1970 of an ISO 8601 time (UTC unless it says otherwise) or of an epoch number.

    Numbers are seconds, milli-, micro- or nanoseconds, whichever falls between the years 2000 and 2100.
    """
    if isinstance(value, datetime):
        return _of_datetime(value)
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        if value[4:5] == "-":  # the usual case; no number has its fifth character there and is believed
            return _of_datetime(datetime.fromisoformat(value.strip().removesuffix(" UTC")))
        try:
            value = float(value) if "." in value or not value.strip().isdigit() else int(value)
        except ValueError:
            return _of_datetime(datetime.fromisoformat(value.strip().removesuffix(" UTC")))
    return epoch(value)


def epoch(value: float) -> int:
    """Microseconds since 1970 of an epoch number of unknown unit."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError
    for unit in EPOCH_UNITS:
        if EARLIEST * unit <= value < LATEST * unit:
            return value * _MICROSECONDS // unit if isinstance(value, int) else round(value / unit * _MICROSECONDS)
    raise ValueError


def _of_datetime(value: datetime) -> int:
    since = (value.replace(tzinfo=UTC) if value.tzinfo is None else value) - _EPOCH
    seconds = since.days * _SECONDS_A_DAY + since.seconds
    if not EARLIEST <= seconds < LATEST:
        raise ValueError
    return seconds * _MICROSECONDS + since.microseconds


def names(value: Any) -> list[str]:
    """A list of strings: a list, a JSON list, or names between commas."""
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
    if not isinstance(value, list):
        raise TypeError
    return [name for one in value if one is not None and (name := text(one).strip())]


def number(value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool):
        raise TypeError
    found = float(value)
    if not math.isfinite(found):
        raise ValueError
    return found


def _bounded(bits: int) -> Callable[[Any], int]:
    def converter(value: Any) -> int:
        found = whole(value)
        if abs(found) >= 2 ** (bits - 1):
            raise ValueError
        return found

    return converter


_CONVERTERS: Mapping[ColumnType, Callable[[Any], Any]] = {
    "string": text,
    "int8": _bounded(8),
    "int16": _bounded(16),
    "int32": _bounded(32),
    "int64": whole,
    "float32": number,
    "float64": number,
    "timestamp": moment,
    "strings": names,
}
