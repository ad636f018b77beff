# ruff: noqa: S608 - the queries are put together from constants of this file
"""How near simulated customers are to real ones, one marginal each: `python lab/fit_plots.py` (a minute).

In: `servegen_clients` and `benign_arena_hard` of the shared data folder, and one simulated benign log. Out: a table of
quantiles in `lab/results/fit.md` and one plot of two distributions per marginal, `docs/images/fit_*.svg`.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import stats

from stillwatch.simulate import load_pool, load_scenario, simulate

ROOT = Path(__file__).parents[1]
SEED = 20261124
SCALE = 0.5
BUSINESS = ("customer_bot", "rag", "agent", "pipeline", "nightly_batch")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
WINDOW_SECONDS = 6 * 3600
LEAST_GAPS = 8
HOURS_OF_WEEK = 168

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Marginal:
    """One property of real and of simulated customers. `logarithmic`: how its axis is drawn."""

    name: str
    title: str
    real: Floats
    simulated: Floats
    logarithmic: bool

    @property
    def distance(self) -> float:
        """Largest difference of the two cumulative distributions (Kolmogorov-Smirnov)."""
        return float(stats.ks_2samp(self.real, self.simulated).statistic)


def simulated_log(folder: Path) -> duckdb.DuckDBPyConnection:
    """Simulate a benign log and open it with its labels as table `log`."""
    simulate(load_scenario("benign").scaled(SCALE), folder / "log", SEED, load_pool())
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        f"create table log as select account_id, epoch(ts) as second, turn, length(prompt_text) as characters, kind "
        f"from '{folder}/log/exchanges/*.parquet' join '{folder}/log/labels/exchanges.parquet' using (exchange_id)"
    )
    return connection


def column(connection: duckdb.DuckDBPyConnection, query: str) -> Floats:
    """Run a query and give its first column."""
    values = next(iter(connection.execute(query).fetchnumpy().values()))
    return np.asarray(values, np.float64)


def volumes(log: duckdb.DuckDBPyConnection, clients: str) -> Marginal:
    """Exchanges per customer against the median customer's."""
    real = column(log, f"select sum(rate) from {clients} where category <> 'language' group by model, client")
    drawn = column(log, f"select count(*) from log where kind in {BUSINESS} group by account_id")
    title = "volume of a customer, against the median one"
    return Marginal("volume", title, real / np.median(real), drawn / np.median(drawn), logarithmic=True)


def gaps(log: duckdb.DuckDBPyConnection, clients: str, rng: np.random.Generator) -> Marginal:
    """Gaps between conversations against the mean of their six hours; real ones are drawn from the fitted laws."""
    rows = log.execute(
        f"select account_id, second from log where kind in {BUSINESS} and turn = 0 order by account_id, second"
    ).fetchnumpy()
    owner, second = np.asarray(rows["account_id"]), np.asarray(rows["second"], np.float64)
    window = (second // WINDOW_SECONDS).astype(np.int64)
    gap = np.diff(second)
    same = (owner[1:] == owner[:-1]) & (window[1:] == window[:-1])
    starts = np.r_[True, ~same]
    sizes = np.diff(np.r_[np.flatnonzero(starts), len(second)]) - 1
    runs = np.split(gap[same], np.cumsum(sizes)[:-1])
    drawn = [run / run.mean() for run in runs if len(run) >= LEAST_GAPS and run.mean() > 0]
    law = log.execute(
        f"select pattern, p1 from {clients} where category <> 'language' and p1 > 0 "
        f"using sample 20000 (reservoir, {SEED})"
    ).fetchall()
    real = [_gaps_of(law[int(rng.integers(len(law)))], len(run), rng) for run in drawn]
    return Marginal("gaps", "gap, against the mean gap", np.concatenate(real), np.concatenate(drawn), logarithmic=True)


def _gaps_of(law: tuple[str, float], count: int, rng: np.random.Generator) -> Floats:
    pattern, shape = law
    drawn: Floats = rng.weibull(shape, count) if pattern == "Weibull" else rng.standard_gamma(shape, count)
    even: Floats = np.maximum(drawn, 1e-12) / max(float(drawn.mean()), 1e-12)
    return even


def lengths(log: duckdb.DuckDBPyConnection, data: Path) -> Marginal:
    """Characters of a conversation's first prompt, against those of users of a chat arena."""
    texts = pq.read_table(data / "benign_arena_hard.parquet")["text"].to_pylist()
    real = np.array([len(text) for text in texts], np.float64)
    drawn = column(log, "select characters from log where kind = 'chat_person' and turn = 0 and characters > 0")
    return Marginal("length", "characters of a first prompt (chat)", real, drawn, logarithmic=True)


def hours(log: duckdb.DuckDBPyConnection, clients: str) -> Marginal:
    """Hour of the week, every customer counting the same; only language clients are known for whole weeks."""
    real = log.execute(
        f"select (t_sec // 3600) % {HOURS_OF_WEEK} as hour, sum(share) as weight from (select t_sec, "
        f"rate / sum(rate) over (partition by model, client) as share from {clients} where category = 'language') "
        f"group by hour order by hour"
    ).fetchnumpy()
    drawn = log.execute(
        f"select cast(second // 3600 as bigint) as hour, sum(share) as weight from (select "
        f"second - 1767571200 as second, 1.0 / count(*) over (partition by account_id) as share "
        f"from log where kind in {BUSINESS}) group by hour"
    ).fetchnumpy()
    title = "hour of the week (UTC, from Monday)"
    return Marginal("hours", title, _spread(real), _spread(drawn), logarithmic=False)


def _spread(weighted: dict[str, NDArray[np.float64]]) -> Floats:
    """Turn weights of hours into 50,000 samples of hours of the week."""
    hour = np.asarray(weighted["hour"], np.int64) % HOURS_OF_WEEK
    weight = np.bincount(hour, np.asarray(weighted["weight"], np.float64), HOURS_OF_WEEK)
    return np.repeat(np.arange(HOURS_OF_WEEK, dtype=np.float64), np.round(50_000 * weight / weight.sum()).astype(int))


def drawing(marginal: Marginal) -> str:
    """Both cumulative distributions as a self-contained SVG."""
    low, high = np.quantile(np.r_[marginal.real, marginal.simulated], (0.005, 0.995))
    low = max(low, high / 1e6) if marginal.logarithmic else low
    place = np.log if marginal.logarithmic else np.asarray
    marks = np.exp(np.linspace(np.log(low), np.log(high), 5)) if marginal.logarithmic else np.linspace(low, high, 5)

    def x(value: float) -> float:
        return 50 + 400 * float((place(value) - place(low)) / (place(high) - place(low)))

    lines = []
    for values, colour in ((marginal.real, "#1f5fa8"), (marginal.simulated, "#c2571a")):
        at = np.linspace(0.005, 0.995, 199)
        spots = zip(np.clip(np.quantile(values, at), low, high), at, strict=True)
        path = " ".join(f"{x(value):.1f},{240 - 210 * fraction:.1f}" for value, fraction in spots)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    lines += [f'<text x="{x(mark):.0f}" y="256" text-anchor="middle">{mark:.3g}</text>' for mark in marks]
    lines += [f'<text x="44" y="{244 - 210 * f:.0f}" text-anchor="end">{f:g}</text>' for f in (0, 0.25, 0.5, 0.75, 1)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 290" font-family="sans-serif" font-size="11" '
        'fill="#444"><rect width="480" height="290" fill="#fff"/><path d="M50 30V240H450" fill="none" stroke="#999"/>'
        f'<text x="50" y="18">share of all at or below, <tspan fill="#1f5fa8">real</tspan> and '
        f'<tspan fill="#c2571a">simulated</tspan>; largest difference {marginal.distance:.2f}</text>'
        f'<text x="250" y="278" text-anchor="middle">{escape(marginal.title)}</text>{"".join(lines)}</svg>\n'
    )


def table(marginals: list[Marginal]) -> Iterator[str]:
    """The page of results, line by line."""
    yield "# How near simulated customers are to real ones\n"
    yield f"`python lab/fit_plots.py SHARED_DATA`, seed {SEED}, scenario `benign` at scale {SCALE}. KS: largest"
    yield "difference of the two cumulative distributions, 0 equal, 1 apart. See docs/why/yardstick.md.\n"
    yield "| marginal | | n | " + " | ".join(f"{q:.0%}" for q in QUANTILES) + " | KS |"
    yield "|---|---|---|" + "---|" * (len(QUANTILES) + 1)
    for one in marginals:
        for label, values, distance in (("real", one.real, ""), ("simulated", one.simulated, f"{one.distance:.3f}")):
            cells = " | ".join(f"{value:.3g}" for value in np.quantile(values, QUANTILES))
            yield f"| {one.title if not distance else ''} | {label} | {len(values):,} | {cells} | {distance} |"


def main() -> None:
    """Write the table and the plots."""
    data = Path(os.environ.get("STILLWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared/data"))
    clients = f"'{data}/servegen_clients.parquet'"
    with tempfile.TemporaryDirectory() as folder:
        log = simulated_log(Path(folder))
        rng = np.random.default_rng(SEED)
        marginals = [volumes(log, clients), gaps(log, clients, rng), lengths(log, data), hours(log, clients)]
    page = "\n".join(table(marginals)) + "\n"
    (ROOT / "lab/results/fit.md").write_text(page, encoding="utf-8")
    for one in marginals:
        (ROOT / f"docs/images/fit_{one.name}.svg").write_text(drawing(one), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
