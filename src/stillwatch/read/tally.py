"""What was read: counted as it streams by.

In: batches and faults, as readers meet them. Out: the numbers of the coverage report.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from stillwatch.types import Quarantined

_NAMED_FAULTS = 1_000  # quarantined rows that are named; more are counted
_NAMED_COLUMNS = 100


@dataclass(slots=True)
class Tally:
    """Counters of one input; they only grow."""

    files: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_quarantined: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)
    extra_columns: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    formats: dict[str, int] = field(default_factory=dict)

    def read(self, batch: pa.RecordBatch) -> None:
        """Count a batch of good rows and the values in its columns."""
        self.rows_read += batch.num_rows
        for name in batch.schema.names:
            self.values[name] = self.values.get(name, 0) + batch.num_rows - batch[name].null_count

    def saw_extra(self, names: Iterable[str]) -> None:
        """Remember the names, not the values, of columns that are not declared; a hundred at most."""
        for name in names:
            if len(self.extra_columns) >= _NAMED_COLUMNS:
                return
            self.extra_columns.add(name[:60].encode("utf-8", "replace").decode())

    def left_out(self, folders: Iterable[str]) -> None:
        """Note folders that hold what looks like logs and was written by Stillwatch itself."""
        for folder in folders:
            if (remark := f"{folder}: left out, since Stillwatch itself wrote it") not in self.remarks:
                self.remarks.append(remark)

    def saw(self, format_name: str, documents: int) -> None:
        """Count documents of a format."""
        self.formats[format_name] = self.formats.get(format_name, 0) + documents

    def quarantine(self, file: str, row: int, reason: str) -> None:
        """Count a row that could not be read."""
        self.rows_quarantined += 1
        if len(self.quarantined) < _NAMED_FAULTS:
            self.quarantined.append(Quarantined(file, row, reason))

    def add(self, other: "Tally") -> None:
        """Count what another tally has counted, as if both had been one."""
        self.files += other.files
        self.digests += other.digests
        self.rows_read += other.rows_read
        self.rows_quarantined += other.rows_quarantined
        self.quarantined += other.quarantined[: _NAMED_FAULTS - len(self.quarantined)]
        for name, count in other.values.items():
            self.values[name] = self.values.get(name, 0) + count
        for name, count in other.formats.items():
            self.formats[name] = self.formats.get(name, 0) + count
        self.saw_extra(sorted(other.extra_columns))
        self.remarks += other.remarks

    def called(self, path: str, name: str) -> "Tally":
        """Give these counts with another name for a file, as when a copy was read."""
        faults = [replace(one, file=name) if one.file == path else one for one in self.quarantined]
        return replace(self, files=[name if file == path else file for file in self.files], quarantined=faults)

    def as_json(self) -> Mapping[str, Any]:
        """Give the counts as JSON values."""
        return asdict(self) | {"extra_columns": sorted(self.extra_columns)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Tally":
        """Read what `as_json` gave."""
        faults = [Quarantined(**fault) for fault in values["quarantined"]]
        return cls(**{**values, "quarantined": faults, "extra_columns": set(values["extra_columns"])})

    def column_fraction(self) -> Mapping[str, float]:
        """Share of rows with a value, by column; readers give empty strings as no value."""
        return {name: count / self.rows_read if self.rows_read else 0.0 for name, count in sorted(self.values.items())}

    def fingerprint(self) -> str:
        """Hash of all input files' bytes, in whatever order they came."""
        return hashlib.sha256("".join(sorted(self.digests)).encode()).hexdigest()

    def notes(self) -> tuple[str, ...]:
        """Say what a reader should know beside the numbers."""
        extra = ", ".join(sorted(self.extra_columns)[:20])
        return (*self.remarks, *([f"columns read but not used: {extra}"] if extra else []))
