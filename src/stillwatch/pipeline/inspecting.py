"""Look at the beginning of a log: how it is understood, and what it lacks.

In: paths. Out: a `report.Inspection`. Nothing is written.
"""

import itertools
from collections.abc import Mapping

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.pipeline.intake import Source, exchanges_of
from stillwatch.read import Tally, find_accounts, read_accounts
from stillwatch.report.inspection import Inspection, Missing
from stillwatch.settings import Settings
from stillwatch.tables import ACCOUNTS, EXCHANGES
from stillwatch.together.likeness import ALL

_INSTEAD: Mapping[str, frozenset[str]] = {  # columns that turn a test on where the one it is known by is missing
    "user_agent": frozenset({"tls_fingerprint", "header_order"}),
    "tools": frozenset({"tools_hash"}),
}
_ROWS = 10
_LOOKED = 20_000  # exchanges
_FROM_CONTENT = "Switch the logging of content on, or sketch at the edge with `stillwatch sketch`."
_FROM_ACCOUNTS = "Give it with --accounts or --identity."
_FROM_CALLER = "Let the gateway log it, name its field with --map, or give it with --identity."
_OWN = {"canonical"}  # what no other format claims
_HINTS: Mapping[str, str] = {
    "prompt_text": _FROM_CONTENT,
    "system_text": _FROM_CONTENT,
    "turn": _FROM_CONTENT,
    "asn": "Look it up from the address, and give it with --identity or in a column.",
}


def inspect_log(source: Source, settings: Settings) -> Inspection:
    """Look at the first exchanges of a log.

    Raises:  InputError: nothing can be read.
    """
    tally = Tally()
    batches = []
    for batch in exchanges_of(source, settings, tally):
        batches.append(batch)
        if sum(one.num_rows for one in batches) >= _LOOKED:
            break
    if not batches:
        first = next(iter(tally.quarantined), None)
        why = f"row {first.row}: {first.reason}" if first else "the files hold no rows"
        unknown = "; no format is known by its fields: --map says which is which" if set(tally.formats) == _OWN else ""
        raise InputError(f"{', '.join(map(str, source.paths))}: no exchange could be read; {why}{unknown}")
    fractions = _fractions(batches)
    known = {name for name, fraction in fractions.items() if fraction} | _account_columns(source, settings)
    known |= {column for column, others in _INSTEAD.items() if known & others}
    return Inspection(
        files=tuple(tally.files),
        formats=dict(tally.formats),
        rows_read=sum(batch.num_rows for batch in batches),
        rows_quarantined=tally.rows_quarantined,
        quarantined=tuple(tally.quarantined[:_ROWS]),
        rows=tuple(_shown(batches)),
        column_fraction=fractions,
        tests_on=tuple(test.name for test in ALL if test.needs in known),
        missing=_missing(known),
        notes=tally.notes(),
    )


def _fractions(batches: list[pa.RecordBatch]) -> dict[str, float]:
    rows = sum(batch.num_rows for batch in batches)
    return {
        name: sum(batch.num_rows - batch[name].null_count for batch in batches) / max(rows, 1)
        for name in EXCHANGES.names
    }


def _account_columns(source: Source, settings: Settings) -> set[str]:
    """Columns of the accounts beside the log, and of the identity file, that hold something."""
    found: set[str] = set()
    path = source.accounts or find_accounts(source.paths)
    for file in (path, source.identity):
        if file is not None:
            rows = read_accounts(file, settings, Tally())
            found |= {name for name in ACCOUNTS.names if rows[name].null_count < len(rows)}
    return found


def _shown(batches: list[pa.RecordBatch]) -> list[dict[str, str]]:
    rows = itertools.chain.from_iterable(batch.slice(0, _ROWS).to_pylist() for batch in batches)
    return [
        {name: str(value) for name, value in row.items() if value is not None} for row in itertools.islice(rows, _ROWS)
    ]


def _missing(known: set[str]) -> tuple[Missing, ...]:
    wanted: dict[str, list[str]] = {}
    for test in ALL:
        if test.needs not in known:
            wanted.setdefault(test.needs, []).append(test.name)
    return tuple(
        Missing(column, tuple(tests), _HINTS.get(column, _FROM_ACCOUNTS if column in ACCOUNTS.names else _FROM_CALLER))
        for column, tests in wanted.items()
    )
