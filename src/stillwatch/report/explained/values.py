"""What an explanation is made of: one answer, sections of plain sentences, and waterfalls whose bits add up.

In: nothing. Out: frozen values that the terminal and JSON lay out with the same content.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from stillwatch.report.clean import storable

Subject = Literal["campaign", "account", "exchange"]
Fact: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a waterfall, or one test inside a step.

    bits: what it adds to the sum of its section, None where it adds nothing; sentence: what was seen; null: what it was
    compared with; innocent: the nearest innocent explanation; parts: tests that this step averages.
    """

    test: str
    bits: float | None
    sentence: str
    null: str = ""
    innocent: str = ""
    exchange_ids: tuple[str, ...] = ()
    parts: tuple["Line", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences, then lines. total_bits: the sum of the lines, None where they are no sum."""

    heading: str
    text: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    total_bits: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer about one subject in one sentence, facts for programs, and why."""

    subject: Subject
    subject_id: str
    answer: str
    facts: Mapping[str, Fact]
    sections: tuple[Section, ...]


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Give the explanation as plain JSON values, the same content as on a terminal."""
    values: dict[str, Any] = _plain(asdict(explanation))
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return round(value, 3)
    return storable(value) if isinstance(value, str) else value
