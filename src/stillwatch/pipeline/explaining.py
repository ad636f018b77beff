"""Explain one campaign, account or exchange from the folder of a scan; for an exchange, if need be, from its log.

In: an id, the folder, perhaps the log. Out: a `report.Explanation`.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputError, UsageError
from stillwatch.ids import canonical_id
from stillwatch.pipeline.intake import Source, exchanges_of
from stillwatch.pipeline.pieces import projection
from stillwatch.read import Tally
from stillwatch.report import explained
from stillwatch.report.explained import Explanation, Looked, Stored
from stillwatch.settings import Settings
from stillwatch.sketch import sketch
from stillwatch.types import TARGETS


def explain(subject_id: str, folder: Path, log: Source | None = None) -> Explanation:
    """Explain the campaign, else the account, else the exchange of an id; an account's may be as the log writes it.

    Raises:  UsageError: nothing has that id; InputError: the folder holds no result, or the log cannot be read.
    """
    stored = explained.open_folder(folder)
    found = _explained(stored, subject_id, None)
    if found is None and log:
        found = _explained(stored, subject_id, look_up(subject_id, log))
    if found is not None:
        return found
    if log:
        raise UsageError(f"{subject_id}: no campaign, account or exchange in {folder} or in the log has this id")
    raise UsageError(
        f"{subject_id}: no campaign, account or taken exchange in {folder} has this id; an exchange that was not taken "
        "is not listed there: name its log with --log"
    )


def _explained(stored: Stored, subject_id: str, looked: Looked | None) -> Explanation | None:
    """Explain from the folder; what another program or version changed in its files is named as the fault."""
    try:
        return (
            explained.explain_campaign(stored, subject_id)
            or explained.explain_account(stored, canonical_id(subject_id) or subject_id)
            or explained.explain_exchange(stored, subject_id, looked)
        )
    except (LookupError, TypeError, ValueError, AttributeError) as fault:
        folder = stored.folder
        raise InputError(
            f"{folder}: not as this version of stillwatch scan writes it ({type(fault).__name__}); scan again with "
            f"--out {folder}"
        ) from fault


def look_up(exchange_id: str, log: Source) -> Looked | None:
    """Find one exchange in its log and sketch it; None if no row has that id."""
    for batch in exchanges_of(log, Settings(), Tally()):
        rows = batch.filter(pc.equal(batch["exchange_id"], exchange_id))
        if rows.num_rows:
            return _looked(rows.slice(0, 1))
    return None


def _looked(row: pa.RecordBatch) -> Looked:
    seen = sketch(row, projection()).to_pylist()[0]
    target = str(TARGETS[seen["target"]]) if seen["target"] >= 0 else None
    return Looked(seen["account_id"], seen["model"], seen["status"], target, round(seen["target_fraction"], 3))
