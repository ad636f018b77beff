"""Windows of a stream against reference traffic: what `stillwatch window` runs.

In: a log and its reference, and how to cut windows. Out: `stream.WindowReport`. Texts are read once; what
stays of them are features and an excerpt. Cutting by hours leaves out hours too thin to say anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import __version__, windows
from stillwatch.bits import e_bh
from stillwatch.errors import InputError, UsageError
from stillwatch.pipeline.intake import Source, exchanges_of
from stillwatch.read import Tally
from stillwatch.settings import Settings
from stillwatch.sketch import word_lists
from stillwatch.stream import Carrier, WindowFinding, WindowReport
from stillwatch.types import AccountId, ExchangeId

Rows = npt.NDArray[np.int64]

FEWEST = 50  # exchanges a window
MOST_REFERENCE = 20_000  # exchanges that a window is compared with, evenly spread over the reference
MOST_WINDOW = 5_000  # exchanges of a window that are compared, evenly spread over it
CHECKED = 60  # windows of the reference that say how benign windows vary
CARRIERS = 50  # exchanges listed a flagged window
_EXCERPT_CHARACTERS = 200
_COLUMNS = ("exchange_id", "account_id", "ts", "prompt_text")


@dataclass(frozen=True, slots=True)
class Cut:
    """How a stream is cut: by so many exchanges, or, where that is None, by a span of event time.

    per_account: exchanges of one account that are compared in a window, the first ones; None for all. A customer's
    exchanges resemble each other, so windows of all exchanges vary more than chance: fewer an account, less of that.
    """

    exchanges: int | None
    span: timedelta = timedelta(hours=1)
    per_account: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Stream:
    """Exchanges in order of time: rows of `features`, and what is told about them."""

    told: pa.Table
    seconds: Rows
    accounts: Rows
    first_row: int

    def rows(self, places: Rows) -> Rows:
        return places + self.first_row


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """Places of a stream: all of a window, and those that are compared."""

    whole: Rows
    compared: Rows


def window_report(source: Source, cut: Cut, settings: Settings) -> WindowReport:
    """Compare every window of a log with the reference, both read with the same map and identities.

    Exchanges of the log that are in the reference, too, are left out of it: a window compared with itself never
    differs. A reference of less than two windows gives no bits that hold: they are None.

    Raises:  InputError: nothing can be read, fewer than `FEWEST` prompts are there, or no window compares so many.
    """
    if source.reference is None:
        raise UsageError("windows are compared with a reference: name it with --reference")
    judged = _enough(_read(source, settings), str(source))
    whole = _read(replace(source, paths=(source.reference,)), settings)
    known = whole.filter(pc.invert(pc.is_in(whole["exchange_id"], judged["exchange_id"].combine_chunks())))
    shared = len(whole) - len(known)
    which = f"{source.reference}, without {shared:,} exchanges of the log itself" if shared else str(source.reference)
    known = _enough(known, which)
    features = _features([known["prompt_text"], judged["prompt_text"]])
    before, now = _stream(known, 0), _stream(judged, len(known))
    own, cuts = _windows(before, cut), _windows(now, cut)
    usual = before.rows(_spread(np.concatenate([window.compared for window in own]), MOST_REFERENCE))
    kept = [window for window in cuts if len(window.compared) >= FEWEST]
    if not kept:
        raise InputError(f"no window of {source} compares {FEWEST} exchanges; cut larger ones")
    trusted = _trusted(features, usual, before, [w.compared for w in own if len(w.compared) >= FEWEST])
    found = [windows.compare(features, usual, _at_most(now.rows(w.compared), len(usual))) for w in kept]
    bits = [trusted.bits(difference.bits) for difference in found]
    flagged = e_bh([-np.inf if b is None else b for b in bits], settings.false_discovery_fraction)
    judgements = zip(kept, found, bits, flagged, strict=True)
    return WindowReport(
        version=__version__,
        reference_exchanges=len(known),
        shared_exchanges=shared,
        reference_windows=trusted.windows,
        exact=trusted.exact,
        exceedance=trusted.exceedance,
        left_out=len(cuts) - len(kept),
        windows=tuple(_finding(now, window, d, b, flag=bool(f)) for window, d, b, f in judgements),
    )


def _read(source: Source, settings: Settings) -> pa.Table:
    """Read the exchanges that have a prompt, in order of time, each id once."""
    parts = [pa.table({name: b[name] for name in _COLUMNS}) for b in exchanges_of(source, settings, Tally())]
    if not parts:
        raise InputError(f"{source}: no exchange could be read")
    whole = pa.concat_tables(parts)
    whole = whole.filter(pc.greater(pc.fill_null(pc.utf8_length(whole["prompt_text"]), 0), 0))
    whole = whole.sort_by([("ts", "ascending"), ("exchange_id", "ascending")])
    ids = whole["exchange_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    return whole.take(np.sort(np.unique(ids, return_index=True)[1]))


def _enough(read: pa.Table, which: str) -> pa.Table:
    if len(read) < FEWEST:
        raise InputError(f"{which}: {len(read)} exchanges have a prompt; windows need {FEWEST}")
    return read


def _features(texts: list[pa.ChunkedArray]) -> windows.Features:
    whole = pa.chunked_array([chunk for text in texts for chunk in text.chunks], pa.string())
    listed = word_lists(whole)
    characters = pc.utf8_length(whole).to_numpy().astype(np.float64)
    return windows.coded(listed.starts, listed.words, listed.edge_starts, listed.edges, listed.shapes, characters)


def _stream(read: pa.Table, first_row: int) -> _Stream:
    excerpt = pc.utf8_slice_codeunits(read["prompt_text"], 0, _EXCERPT_CHARACTERS)
    seconds = read["ts"].cast(pa.int64()).to_numpy() // 1_000_000
    accounts = read["account_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return _Stream(read.drop_columns("prompt_text").append_column("excerpt", excerpt), seconds, accounts, first_row)


def _cut(stream: _Stream, cut: Cut) -> Iterator[Rows]:
    """Cut a stream into windows; a remainder of less than half a window of exchanges joins the last one."""
    places = np.arange(len(stream.seconds))
    if cut.exchanges is None:
        number = stream.seconds // int(cut.span.total_seconds())
        yield from np.split(places, np.flatnonzero(np.diff(number)) + 1)
    else:
        ends = np.arange(cut.exchanges, len(places), cut.exchanges)
        yield from np.split(places, [end for end in ends if len(places) - end >= cut.exchanges / 2])


def _windows(stream: _Stream, cut: Cut) -> list[_Window]:
    """Cut a stream, and leave out of each window what one account has too many of."""
    return [_Window(places, _thinned(stream, places, cut.per_account)) for places in _cut(stream, cut)]


def _thinned(stream: _Stream, places: Rows, most: int | None) -> Rows:
    if most is None:
        return places
    order = np.argsort(stream.accounts[places], kind="stable")
    _, first, counts = np.unique(stream.accounts[places][order], return_index=True, return_counts=True)
    rank = np.arange(len(places)) - np.repeat(first, counts)
    return np.sort(places[order[rank < most]])


def _spread(places: Rows, most: int) -> Rows:
    """Give at most so many places, evenly spread."""
    return places if len(places) <= most else places[np.linspace(0, len(places) - 1, most).astype(np.int64)]


def _at_most(rows: Rows, reference: int) -> Rows:
    return _spread(rows, min(MOST_WINDOW, reference))


def _trusted(features: windows.Features, usual: Rows, before: _Stream, own: list[Rows]) -> windows.Trust:
    """Compare windows of the reference with the rest of it."""
    bits = []
    for k in _spread(np.arange(len(own)), CHECKED):
        window = before.rows(own[k])
        rest = usual[~np.isin(usual, window)]
        if len(rest) >= FEWEST:
            bits.append(windows.compare(features, rest, _at_most(window, len(rest))).bits)
    return windows.trust(np.array(bits, np.float64))


def _finding(
    stream: _Stream, window: _Window, found: windows.Difference, bits: float | None, *, flag: bool
) -> WindowFinding:
    places, compared = window.whole, _spread(window.compared, len(found.carried_bits))
    carriers = found.carriers()
    told = stream.told.take(compared[carriers[:CARRIERS]]).to_pylist() if flag else []
    return WindowFinding(
        first_seen=datetime.fromtimestamp(int(stream.seconds[places[0]]), UTC),
        last_seen=datetime.fromtimestamp(int(stream.seconds[places[-1]]), UTC),
        exchanges=len(places),
        compared=len(compared),
        accounts=pc.count_distinct(stream.told["account_id"].take(places)).as_py(),
        bits=bits,
        raw_bits=found.bits,
        flagged=flag,
        claims=found.claims if flag else (),
        carriers=tuple(
            Carrier(
                ExchangeId(row["exchange_id"]),
                AccountId(row["account_id"]),
                float(found.carried_bits[place]),
                row["excerpt"],
            )
            for row, place in zip(told, carriers, strict=False)
        ),
        carrying=len(carriers) if flag else 0,
    )
