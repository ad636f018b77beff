"""Which exchanges show a piece of evidence: examples that an analyst can open.

In: `sketched`, the campaigns' members. Out: exchange ids for each test. They are picked from a sample of each
campaign's exchanges, the same in every run: those whose hashed id ends in enough zeros.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.engine import Engine
from stillwatch.hidden.domains import is_disposable
from stillwatch.pipeline.behaviour import Behaviour
from stillwatch.tables import REPLY_EDGES
from stillwatch.taking import SCAFFOLD_COLUMNS
from stillwatch.together import FoundCampaign
from stillwatch.types import CampaignId, Evidence, ExchangeId

_SAMPLED = 2_000  # exchanges of a campaign, at least, if it has so many; at most four times as many
_SHOWN = 5
_POINTLESS = frozenset({"choice_of_group"})  # bookkeeping: no exchange shows it
_COLUMNS = (
    "exchange_key",
    "exchange_id",
    "account_key",
    "second",
    "model",
    "network",
    "asn",
    "country",
    "client",
    "parameters",
    "tool_schema",
    "output_tokens",
    "target",
    "elicits_reasoning",
    "judges",
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sample:
    """Exchanges of one campaign in order of their hashed id, its accounts beside them, row by row, its scaffolds."""

    rows: pa.Table
    accounts: pa.Table
    scaffolds: tuple[int, ...]


def samples(
    engine: Engine, sketched: ir.Table, known: Behaviour, named: Mapping[CampaignId, FoundCampaign]
) -> dict[CampaignId, Sample]:
    """Draw a sample of every campaign's exchanges in one pass."""
    parts, masks = [], []
    for name, campaign in named.items():
        keys = known.profiles.keys[campaign.rows]
        folds = max(int(known.profiles.exchanges[campaign.rows].sum()) // _SAMPLED, 1).bit_length() - 1
        masks.append(2**folds - 1)
        parts.append(
            pa.table({"campaign_id": [name] * len(keys), "account_key": keys, "mask": [masks[-1]] * len(keys)})
        )
    drawn = engine.adopt(pa.concat_tables(parts), "sampled_members")
    some = sketched.filter((sketched.exchange_key & min(masks)) == 0)  # nearly all rows need not be joined
    rows = some.select(*_COLUMNS, *SCAFFOLD_COLUMNS).inner_join(drawn, "account_key")
    found = engine.run(rows.filter((rows.exchange_key & rows.mask) == 0).drop("mask")).sort_by("exchange_key")
    return {name: _sample(found, known, name, campaign) for name, campaign in named.items()}


def _sample(found: pa.Table, known: Behaviour, name: CampaignId, campaign: FoundCampaign) -> Sample:
    rows = found.filter(pc.equal(found["campaign_id"], name))
    return Sample(
        rows, known.table.take(pa.array(known.profiles.rows_of(rows["account_key"].to_numpy()))), campaign.scaffolds
    )


def pointed(evidence: Sequence[Evidence], sample: Sample) -> tuple[Evidence, ...]:
    """Give each piece of evidence the exchanges that show it; one that has some keeps them."""
    return tuple(one if one.exchange_ids else replace(one, exchange_ids=showing(one.test, sample)) for one in evidence)


def showing(test: str, sample: Sample) -> tuple[ExchangeId, ...]:
    """Pick exchanges that show what a test found, of as many accounts as possible; none if the sample has none."""
    if test in _POINTLESS:
        return ()
    mask = _SHOWS.get(test, _any)(sample)
    order = np.flatnonzero(mask)
    if test in _IN_TIME:
        order = order[np.argsort(sample.rows["second"].to_numpy()[order], kind="stable")]
    if test in _ONE_ACCOUNT:
        chosen = order[:_SHOWN]
    else:
        _, first = np.unique(sample.rows["account_key"].to_numpy()[order], return_index=True)
        rest = np.setdiff1d(np.arange(len(order)), first)
        chosen = order[np.concatenate([np.sort(first), rest])[:_SHOWN]]
    return tuple(ExchangeId(name) for name in sample.rows["exchange_id"].take(pa.array(chosen)).to_pylist())


def _any(sample: Sample) -> Mask:
    return np.ones(len(sample.rows), bool)


def _commonest(values: pa.ChunkedArray | pa.Array) -> Mask:
    """Rows with the commonest value; ties go to the smaller one."""
    known = values.filter(pc.is_valid(values))
    counts = pa.table({"value": known}).group_by("value").aggregate([("value", "count")])
    if len(counts) == 0:
        return np.zeros(len(values), bool)
    ordered = counts.sort_by([("value_count", "descending"), ("value", "ascending")])
    return np.asarray(pc.fill_null(pc.equal(values, ordered["value"][0]), fill_value=False))


def _of_exchange(column: str) -> Callable[[Sample], Mask]:
    return lambda sample: _commonest(sample.rows[column])


def _of_account(column: str) -> Callable[[Sample], Mask]:
    return lambda sample: _commonest(sample.accounts[column])


def _binned(column: str, edges: Sequence[int]) -> Callable[[Sample], Mask]:
    def shows(sample: Sample) -> Mask:
        values = sample.rows[column]
        bins = np.searchsorted(edges, pc.fill_null(values, 0).to_numpy(), side="right")
        return _commonest(pa.array(bins, mask=pc.is_null(values).to_numpy()))

    return shows


def _of_clock(unit_seconds: int, units: int) -> Callable[[Sample], Mask]:
    return lambda sample: _commonest(pa.array(sample.rows["second"].to_numpy() // unit_seconds % units))


def _sign_up(sample: Sample) -> Mask:
    return _commonest(pc.strftime(sample.accounts["created_at"], "%Y-%m-%d"))


def _one_account(sample: Sample) -> Mask:
    """Exchanges of the account with the most of them, in which the pauses can be seen."""
    return _commonest(sample.rows["account_key"])


def _carrying(sample: Sample) -> Mask:
    """Exchanges that carry a scaffold of the campaign."""
    marks = np.array(sample.scaffolds, np.int64)
    carried = [np.isin(sample.rows[column].to_numpy(), marks) for column in SCAFFOLD_COLUMNS]
    return np.asarray(np.any(carried, axis=0))


def _carrying_or_any(sample: Sample) -> Mask:
    carrying = _carrying(sample)
    return carrying if carrying.any() else _any(sample)


def _asking(sample: Sample) -> Mask:
    """Exchanges that ask for reasoning or grading, or, where none does, for the commonest capability."""
    asking: Mask = np.asarray(pc.or_(sample.rows["elicits_reasoning"], sample.rows["judges"]))
    return asking if asking.any() else _commonest(sample.rows["target"])


def _asking_and_carrying(sample: Sample) -> Mask:
    both = _asking(sample) & _carrying(sample)
    return both if both.any() else _carrying_or_any(sample)


def _disposable(sample: Sample) -> Mask:
    domains = sample.accounts["email_domain"].to_pylist()
    return np.array([bool(domain) and is_disposable(domain) for domain in domains], bool)


def _elsewhere(sample: Sample) -> Mask:
    """Exchanges from another country than the account declared and than its phone's."""
    here = sample.rows["country"]
    stated = [pc.utf8_upper(sample.accounts[name]) for name in ("declared_country", "phone_country")]
    known = pc.or_(*(pc.is_valid(one) for one in stated))
    same = pc.or_(*(pc.fill_null(pc.equal(here, one), fill_value=False) for one in stated))
    return np.asarray(pc.and_(pc.and_(pc.is_valid(here), known), pc.invert(same)))


def _of_newest(sample: Sample) -> Mask:
    """Exchanges with the model that appeared last in the campaign."""
    models, seconds = sample.rows["model"], sample.rows["second"]
    begun = pa.table({"model": models, "second": seconds}).group_by("model").aggregate([("second", "min")])
    newest = begun.sort_by([("second_min", "descending"), ("model", "ascending")])["model"][0] if len(begun) else ""
    return np.asarray(pc.fill_null(pc.equal(models, newest), fill_value=False))


def _graded(sample: Sample) -> Mask:
    """Exchanges with an answer to grade."""
    return np.asarray(sample.rows["judges"].to_numpy(), bool)


_IN_TIME = frozenset({"gap", "probing before scaling"})
_ONE_ACCOUNT = frozenset({"gap"})
_SHOWS: Mapping[str, Callable[[Sample], Mask]] = {
    "hour": _of_clock(3_600, 24),
    "gap": _one_account,
    "target": _of_exchange("target"),
    "reply": _binned("output_tokens", REPLY_EDGES),
    "client": _of_exchange("client"),
    "parameters": _of_exchange("parameters"),
    "tool_schema": _of_exchange("tool_schema"),
    "model": _of_exchange("model"),
    "system_prompt": _of_exchange("system_hash"),
    "scaffold": _carrying,
    "email_domain": _of_account("email_domain"),
    "email_shape": _of_account("email_shape"),
    "sign_up": _sign_up,
    "payment": _of_account("payment_fingerprint"),
    "asn": _of_exchange("asn"),
    "network": _of_exchange("network"),
    "harvest content": _asking,
    "harvest structure": _carrying_or_any,
    "harvest rank": _asking_and_carrying,
    "release pivot": _of_newest,
    "improving student": _graded,
    "declared relation": _of_account("org_id"),
    "disposable e-mail": _disposable,
    "patterned e-mail": _of_account("email_shape"),
    "country mismatch": _elsewhere,
}
