"""From a scan's report to decisions in the ledger, and what they would have done to past traffic.

In: the folder of a scan, a policy, a ledger. Out: plans, acts; exchanges of past traffic with the price of each.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch import decide, known, ledger
from stillwatch.decide import Policy, linked, load_policy
from stillwatch.errors import InputError, UsageError
from stillwatch.known import KnownCampaign
from stillwatch.leaked import price_of
from stillwatch.ledger import follow_up_of, follow_up_text
from stillwatch.pipeline.intake import Source, exchanges_of
from stillwatch.pipeline.met import Met
from stillwatch.pipeline.strays import DAY_SECONDS, Believed, believed_of
from stillwatch.read import Tally
from stillwatch.settings import Settings
from stillwatch.types import Accused, ActId, CampaignId, Exemption, Mark, Plan, Scope, TraitKind, Verdict

__all__ = [
    "CLIENT_COLUMNS",
    "PAST_COLUMNS",
    "Books",
    "Report",
    "follow_up_of",
    "follow_up_text",
    "linked",
    "load_policy",
    "past_exchanges",
    "read_report",
]

_SCOPE_OF = {
    TraitKind.SCAFFOLD: Scope.SCAFFOLD,
    TraitKind.ADDRESS: Scope.ADDRESS,
    TraitKind.NETWORK: Scope.NETWORK,
    TraitKind.CLIENT: Scope.CLIENT,
}
_YOUNG = timedelta(hours=48)  # an account that a scan has seen for less may yet turn out to continue a campaign
CLIENT_COLUMNS = ("user_agent", "tls_fingerprint", "header_order")
_WORDS = ("prompt_text", "system_text", "tools", "tools_hash", "params")
PAST_COLUMNS = ("account_id", "key_id", "org_id", "ip", *CLIENT_COLUMNS, *_WORDS, "ts")


@dataclass(frozen=True, slots=True)
class Report:
    """What acting needs of a scan. bits_held: the run's check of its own bits; settled: accounts that were there two
    days before its end, so that none of them is a fresh one.
    """

    accused: tuple[Accused, ...]
    bits_held: bool
    known: tuple[KnownCampaign, ...]
    settled: frozenset[str]


def read_report(folder: Path) -> Report:
    """Read the folder of a scan.

    Raises:  InputError: it is not as a scan writes it.
    """
    campaigns_known = known.read_known([folder])
    try:
        overview = json.loads((folder / "campaigns.json").read_text("utf-8"))
        members = pq.read_table(folder / "members.parquet", columns=["campaign_id", "account_id", "bits"]).to_pylist()
        columns = ["account_id", "first_seen", "last_seen"]
        settled = _settled(pq.read_table(folder / "accounts_tested.parquet", columns=columns))
        marks = {campaign.campaign_id: tuple(_marks(campaign)) for campaign in campaigns_known}
        accused = tuple(_accused(values, members, marks) for values in overview["campaigns"])
        held = overview["calibration"]["ok"] is True
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as fault:
        raise InputError(f"{folder}: not as stillwatch scan writes it ({type(fault).__name__})") from fault
    return Report(accused, held, campaigns_known, settled)


class Books:
    """The ledger, as the command line and the gateway use it.

    Raises:  UsageError: it cannot be opened.
    """

    def __init__(self, place: str) -> None:
        self._ledger = ledger.open_ledger(place)

    def __enter__(self) -> Self:
        """Use the ledger."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._ledger.close()

    def propose(self, report: Report, policy: Policy, by: str, now: datetime) -> tuple[ActId, Plan]:
        """Keep what the policy wants done about a report's campaigns, as an act that is not yet done."""
        plan = decide.propose(
            report.accused,
            policy,
            now,
            bits_held="held" if report.bits_held else "not_held",
            exempt={(e.scope, e.value) for e in self.standing(now).exemptions},
            touched=ledger.touched(self._ledger),
            innocents=ledger.innocents(self._ledger),
        )
        return ledger.propose(self._ledger, plan, by, now), plan

    def proposed(self, act_id: ActId) -> Plan:
        """Give the plan of an act."""
        return ledger.proposed(self._ledger, act_id)

    def approve(self, act_id: ActId, by: str, now: datetime) -> int:
        """Apply an act with a named person's approval; give how many decisions it brought.

        Raises:  UsageError: nobody is named, the bits did not hold, or the act cannot be applied.
        """
        try:
            return ledger.approve(self._ledger, act_id, by, now, lambda plan: decide.approved(plan, by, now))
        except ValueError as fault:
            raise UsageError(f"{act_id}: {fault}; `stillwatch act apply` applies it simulated") from fault

    def apply(self, act_id: ActId, by: str, now: datetime) -> int:
        """Apply an act simulated."""
        return ledger.apply(self._ledger, act_id, by, now)

    def undo(self, act_id: ActId, by: str, now: datetime) -> int:
        """Take an act back."""
        return ledger.undo(self._ledger, act_id, by, now)

    def allow(self, exemption: Exemption) -> None:
        """Exempt a value from every decision."""
        ledger.allow(self._ledger, exemption)

    def withdraw_allowance(self, scope: Scope, value: str, by: str, now: datetime) -> bool:
        """Take an allowance back."""
        return ledger.withdraw_allowance(self._ledger, scope, value, by, now)

    def link(
        self, seen: Mapping[tuple[ActId, CampaignId], Sequence[tuple[str, float, datetime]]], now: datetime
    ) -> int:
        """Write down the fresh accounts, with their bits and when, that were seen to continue campaigns; give how many.

        The decision about each has the id that its customer was given.
        """
        follow_ups = {(act_id, f.campaign_id): f for act_id, f in self.standing(now).follow_ups}
        count = 0
        for place, accounts in seen.items():
            if place in follow_ups:
                made = [linked(account, bits, follow_ups[place], at) for account, bits, at in accounts]
                count += ledger.link(self._ledger, place[0], made, now)
        return count

    def standing(self, now: datetime) -> ledger.Standing:
        """Give what holds now."""
        return ledger.standing(self._ledger, now)

    def version(self) -> int:
        """The number of the last log entry."""
        return ledger.last_number(self._ledger)

    def log(self) -> list[ledger.LogEntry]:
        """Give every log entry."""
        return ledger.entries(self._ledger)

    def faults(self, last_hash: str | None) -> list[str]:
        """Say what is wrong with the log."""
        return ledger.verify(self._ledger, last_hash)

    def appeal(self, reference: str, words: str, now: datetime) -> ledger.Appeal:
        """Open an appeal."""
        return ledger.appeal(self._ledger, reference, words, now)

    def appeals(self) -> list[ledger.Appeal]:
        """Give every appeal."""
        return ledger.appeals(self._ledger)

    def settle(self, appeal_id: str, outcome: Literal["upheld", "overturned"], by: str, now: datetime) -> ledger.Appeal:
        """Close an appeal."""
        return ledger.settle(self._ledger, appeal_id, outcome, by, now)

    def innocents(self) -> list[str]:
        """Accounts whose appeals were overturned."""
        return ledger.innocents(self._ledger)


def past_exchanges(
    source: Source, days: int | None, settings: Settings, columns: Sequence[str] = PAST_COLUMNS
) -> Iterator[tuple[dict[str, Any], float | None]]:
    """Give the exchanges of the last days of a log, each with its list price in US dollars or None where unknown.

    The last day is the log's own: days are counted back from its last exchange whose date is believed, and those whose
    date is not are left out, as a scan does. Of rows that repeat an exchange's id the first counts.
    """
    dates = _dates(source, settings)
    since = dates.after if days is None else max(dates.after, dates.last - days * DAY_SECONDS)
    met = Met()
    for batch in exchanges_of(source, settings, Tally()):
        rows = met.first(_within(batch, since, dates.before))
        prices = _prices(rows, settings)
        yield from zip(rows.select(list(columns)).to_pylist(), prices, strict=True)


def _within(batch: pa.RecordBatch, since: int, before: int) -> pa.RecordBatch:
    """The rows of later seconds than one and of earlier ones than another."""
    second = pc.divide(batch["ts"].cast(pa.int64()), 1_000_000)
    return batch.filter(pc.and_(pc.greater(second, since), pc.less(second, before)))


def _dates(source: Source, settings: Settings) -> Believed:
    """Which dates of a log are believed, whatever a wrong clock has dated."""
    batches = exchanges_of(source, settings, Tally())
    seconds = [batch["ts"].cast(pa.int64()).to_numpy() // 1_000_000 for batch in batches if len(batch)]
    if not seconds:
        raise InputError(f"{source}: no exchange could be read")
    every = np.sort(np.concatenate(seconds))
    _, first, count = np.unique(every // DAY_SECONDS, return_index=True, return_counts=True)
    return believed_of(count, every[first], every[first + count - 1])


def _prices(rows: pa.RecordBatch, settings: Settings) -> Iterator[float | None]:
    found = {model: price_of(model, settings.prices) for model in pc.unique(rows["model"]).to_pylist()}
    columns = (rows[name].to_pylist() for name in ("model", "input_tokens", "output_tokens"))
    for model, asked, answered in zip(*columns, strict=True):
        price = found[model]
        if price is None or asked is None or answered is None:
            yield None
        else:
            yield (asked * price.input_usd + answered * price.output_usd) / 1e6


def _settled(tested: pa.Table) -> frozenset[str]:
    if not len(tested):
        return frozenset()
    since = pc.subtract(pc.max(tested["last_seen"]), pa.scalar(_YOUNG))
    return frozenset(tested.filter(pc.less_equal(tested["first_seen"], since))["account_id"].to_pylist())


def _accused(
    values: dict[str, Any], members: list[dict[str, Any]], marks: Mapping[CampaignId, tuple[Mark, ...]]
) -> Accused:
    campaign_id = CampaignId(values["campaign_id"])
    return Accused(
        campaign_id=campaign_id,
        verdict=Verdict(values["verdict"]),
        together_bits=values["together_bits"] or 0.0,
        members=tuple((m["account_id"], m["bits"]) for m in members if m["campaign_id"] == campaign_id),
        marks=marks.get(campaign_id, ()),
    )


def _marks(campaign: KnownCampaign) -> Iterator[Mark]:
    for kind in campaign.kinds:
        if kind.kind in _SCOPE_OF:
            scope = _SCOPE_OF[kind.kind]
            yield from (Mark(scope, v.value, v.lift_bits, v.members, v.strangers) for v in kind.values)
