"""The linking part on real accounts of other platforms: sellers of stars, and coordinated tweets. A trait is a trait.

Usage: real_groups.py. Writes lab/results/real_groups.md and prints it. Nothing is tuned: Stillwatch runs with its
shipped settings and nulls, the baselines with the thresholds below, and labels are read after all have answered.
An exchange is a star or a tweet; the shared object is its scaffold and its task. No text, client, address or sign-up.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from real_groups_page import page
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from stillwatch import together
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline.behaviour import behaviour
from stillwatch.pipeline.intake import Intake
from stillwatch.profile import FACET_BINS
from stillwatch.read import Tally
from stillwatch.schemas import arrow_schema
from stillwatch.settings import Settings
from stillwatch.sketch.texts import hash64
from stillwatch.tables import ACCOUNTS, SKETCHED, TRAITS
from stillwatch.together import Accounts, Nulls
from stillwatch.together.score import score
from stillwatch.types import TraitKind

SHARED = Path(os.environ.get("STILLWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared/data"))
OUT = Path(__file__).parent / "results/real_groups.md"
SMALLEST = Settings().minimum_accounts
SHARED_ACTIONS = 2  # one object in common is no co-sharing: most accounts here act once
COSINE = 0.8
JACCARD = 0.5
BIN_SECONDS = 3_600
DEALS = 3  # copies of a log whose accounts are dealt out at random

Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Log:
    """Who acted on what and when, as codes of one length; seconds since 1970."""

    name: str
    accounts: Whole
    objects: Whole
    seconds: Whole


@dataclass(frozen=True, slots=True)
class Outcome:
    """Group number of every account, -1 for none."""

    labels: Whole

    @property
    def groups(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def found(self) -> Mask:
        return self.labels >= 0


def stars() -> Log:
    """Stars of the market; a repository that was renamed is listed twice with the same account and second: once."""
    rows = pq.read_table(SHARED / "starscout_fake_users_events.parquet")
    once = rows.group_by(["name", "starred_at"]).aggregate([("github", "min")])
    moments = pc.strptime(once["starred_at"], format="%Y-%m-%dT%H:%M:%SZ", unit="s").cast(pa.int64())
    return Log("sold stars", codes(once["name"]), codes(once["github_min"]), moments.to_numpy())


def tweets() -> Log:
    rows = pq.read_table(SHARED / "coortweet_russian_coord_tweets.parquet")
    seconds = rows["timestamp_share"].to_numpy().astype(np.int64)
    return Log("coordinated tweets", codes(rows["account_id"]), codes(rows["object_id"]), seconds)


def codes(values: pa.ChunkedArray) -> Whole:
    return np.unique(values.to_numpy().astype(str), return_inverse=True)[1].astype(np.int64)


def dealt(log: Log, seed: int) -> Log:
    """The same actions dealt to accounts at random: everybody keeps a volume, every object its times; no operators."""
    return Log(log.name, np.random.default_rng(seed).permutation(log.accounts), log.objects, log.seconds)


def sketched(log: Log) -> pa.Table:
    """The log as the product's own table: the object is the task and one scaffold; what is not known is missing."""
    size = len(log.accounts)
    ids = pa.array([f"a{account:06}" for account in log.accounts])
    numbers = pa.array([f"e{row:06}" for row in range(size)])
    objects = pa.array(hash64(pa.array([f"o{value}" for value in log.objects])))
    nothing, given = (
        pa.array(np.zeros(size, np.int64)),
        {
            "exchange_key": pa.array(hash64(numbers)),
            "account_key": pa.array(hash64(ids)),
            "exchange_id": numbers,
            "account_id": ids,
            "second": pa.array(log.seconds),
            "task_hash": objects,
            "any_hash_0": objects,
        },
    )
    schema = arrow_schema(SKETCHED)
    zero = {field.name for field in schema if field.name.endswith("_hash") or field.name.startswith("any_hash")}
    columns = [given.get(field.name, nothing if field.name in zero else pa.nulls(size, field.type)) for field in schema]
    return pa.table([column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def stillwatch(log: Log) -> Outcome:
    settings = Settings()
    with DuckDBEngine(settings) as engine:
        table = engine.adopt(sketched(log), "actions")
        intake = Intake(table, arrow_schema(ACCOUNTS).empty_table(), Tally(), Tally(), 0)
        known = behaviour(engine, intake, settings)
    found = together.find(known.accounts, together.load(), settings)
    labels = np.full(int(log.accounts.max()) + 1, -1)
    numbers = np.array([int(name.as_py()[1:]) for name in known.profiles.ids])
    for group, campaign in enumerate(found.campaigns):
        labels[numbers[campaign.rows]] = group
    return Outcome(labels)


def cosharing(log: Log) -> Outcome:
    """Pacheco et al. 2021: cosine of TF-IDF vectors over shared objects, thresholded; components are the groups."""
    shares = incidence(log.accounts, log.objects)
    holders = np.maximum(np.asarray(shares.sum(axis=0)).ravel(), 1)
    weighted = shares @ sp.diags_array(np.log(shares.shape[0] / holders))
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    unit = sp.csr_array(sp.diags_array(1 / np.maximum(length, 1e-12)) @ weighted)
    several = (shares @ shares.T >= SHARED_ACTIONS).astype(float)
    return components(sp.csr_array(several.multiply(unit @ unit.T) >= COSINE))


def synchrotrap(log: Log) -> Outcome:
    """Cao et al. 2014: Jaccard of (object, hour) actions, thresholded; components are the groups."""
    width = int(log.seconds.max()) // BIN_SECONDS + 1
    shares = incidence(log.accounts, log.objects * width + log.seconds // BIN_SECONDS)
    common = sp.coo_array(shares @ shares.T)
    own = np.asarray(shares.sum(axis=1)).ravel()
    jaccard = common.data / (own[common.row] + own[common.col] - common.data)
    kept = (common.data >= SHARED_ACTIONS) & (jaccard >= JACCARD)
    return components(sp.coo_array((common.data[kept], (common.row[kept], common.col[kept])), shape=common.shape))


def incidence(accounts: Whole, actions: Whole) -> sp.csr_array:
    """Which account did which action, 0/1."""
    places = np.unique(actions, return_inverse=True)[1]
    matrix = sp.csr_array((np.ones(len(accounts)), (accounts, places)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def components(edges: sp.csr_array | sp.coo_array) -> Outcome:
    """Connected accounts, groups below the smallest size left out; largest first."""
    _, part = connected_components(edges, directed=False)
    size = np.bincount(part)
    order = np.argsort(-size, kind="stable")
    number = np.full(len(size), -1)
    kept = order[size[order] >= SMALLEST]
    number[kept] = np.arange(len(kept))
    return Outcome(number[part])


METHODS: dict[str, Callable[[Log], Outcome]] = {
    "Stillwatch, together": stillwatch,
    "co-sharing, TF-IDF cosine": cosharing,
    "SynchroTrap-like, one-hour bins": synchrotrap,
}


def linking_rows(log: Log) -> list[str]:
    outcomes = {name: method(log) for name, method in METHODS.items()}
    acted = np.bincount(log.accounts)
    several = acted >= SHARED_ACTIONS
    ours = outcomes["Stillwatch, together"].found
    lines = []
    for name, outcome in outcomes.items():
        chance = [METHODS[name](dealt(log, seed)).found.sum() for seed in range(1, DEALS + 1)]
        largest = int(np.bincount(outcome.labels[outcome.found]).max()) if outcome.groups else 0
        lines.append(
            f"| {name} | {outcome.groups} | {largest:,} | {outcome.found.sum():,} | {100 * outcome.found.mean():.1f} % "
            f"| {100 * outcome.found[several].mean():.1f} % | {(outcome.found & ours).sum():,} "
            f"| {', '.join(f'{count:,}' for count in chance)} |"
        )
    return lines


def actors(rows: pa.Table) -> Accounts:
    """Counts of what accounts did: the set of kinds of event is a trait, their mix a facet. No time, no object."""
    counts = np.column_stack([rows[n].to_numpy() for n in rows.column_names if n.endswith("Event")]).astype(np.float32)
    total, keys = np.maximum(counts.sum(axis=1), 1).astype(np.int64), np.arange(len(rows))
    sets = pa.array(["".join("x" if seen else "." for seen in row) for row in counts > 0])
    kinds = pa.array([str(TraitKind.TOOL_SCHEMA)] * len(rows))
    traits = pa.table([kinds, sets, pa.array(keys), pa.array(total)], schema=arrow_schema(TRAITS))
    facets = {name: np.zeros((len(rows), bins), np.float32) for name, bins in FACET_BINS.items()}
    still = np.zeros(len(rows), np.int64)
    return together.accounts_of(total, (still, still), facets | {"target": counts}, [traits], keys)


def most_bits(accounts: Accounts, nulls: Nulls) -> Floats:
    """The bits of the most suspect group that each account is in; accounts in no group get the least."""
    groups = together.form_groups(accounts, Settings())
    total = score(accounts, groups, nulls, Settings().false_discovery_fraction).total
    best = np.full(len(accounts.exchanges), total.min(initial=0.0))
    places = sp.coo_array(groups.members)
    np.maximum.at(best, places.col, total[places.row])
    return best


def area(values: Floats, guilty: Mask) -> float:
    """AUROC, ties halved."""
    low = guilty.sum() * (guilty.sum() + 1) / 2
    return float((rankdata(values)[guilty].sum() - low) / (guilty.sum() * (~guilty).sum()))


def actor_rows() -> list[str]:
    """Half of the sampled accounts teach the second nulls; all rows judge the other half and the sellers."""
    rows = pq.read_table(SHARED / "starscout_actor_events.parquet").sort_by("actor")
    guilty = np.asarray(rows["label"].to_numpy() == "fake")
    taught = ~guilty & (np.cumsum(~guilty) % 2 == 0)
    judged, guilty = rows.filter(pa.array(~taught)), guilty[~taught]
    accounts, reference = actors(judged), actors(rows.filter(pa.array(taught)))
    lines = []
    learnt = together.learn([reference], Settings(), "half of the sampled accounts")
    for name, nulls in (("shipped nulls", together.load()), ("nulls of sampled accounts", learnt)):
        found = together.find(accounts, nulls, Settings())
        members = np.zeros(len(guilty), bool)
        for campaign in found.campaigns:
            members[campaign.rows] = True
        lines.append(actor_row(f"Stillwatch, {name}", members, guilty, area(most_bits(accounts, nulls), guilty)))
    stars_only = judged["WatchEvent"].to_numpy() / accounts.exchanges
    for name, values, limit in (
        ("one event in all", -np.log(accounts.exchanges), 0.0),
        ("nothing but stars", stars_only, 1.0),
    ):
        lines.append(actor_row(f"per account: {name}", values >= limit, guilty, area(values, guilty)))
    return lines


def actor_row(name: str, members: Mask, guilty: Mask, auc: float) -> str:
    precision = f"{(members & guilty).sum() / members.sum():.3f}" if members.any() else "-"
    accused = (members & ~guilty).sum()
    return f"| {name} | {members.sum():,} | {precision} | {members[guilty].mean():.3f} | {accused:,} | {auc:.3f} |"


def main() -> None:
    text = page([(log.name, linking_rows(log)) for log in (stars(), tweets())], actor_rows())
    print(text)
    OUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
